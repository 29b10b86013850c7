/** An endpoint as people see it. */
export interface Client {
  id: string;
  hostname: string;
  fqdn: string;
  system: string;
  osRelease: string;
  architecture: string;
  agentVersion: string;
  acceptance: string;
  registeredAt: Date;
  lastSeenAt: Date;
  labels: string[];
  /** What the agent says of itself: shown and searchable, never trusted. */
  claims: string[];
  quarantined: number;
  /** Milliseconds that the times in its tickets are ahead of the store's; null: none has been seen yet. */
  clockOffsetMs: number | null;
  /** By more than {@link MAX_CLOCK_OFFSET_MS}, ahead or behind. */
  clockSkewed: boolean;
  /** Its flows that ended as Crashed. */
  crashes: number;
  /** Its flows that were stopped by one of their quotas. */
  overQuota: number;
  /** Its flows that it began and had not ended when they expired. */
  overdue: number;
}

/** A clock that is more wrong than this is shown as skewed: the allowance that agents have on starts. */
export const MAX_CLOCK_OFFSET_MS = 10 * 60_000;

/** With everything that its last Startup ticket said. */
export interface ClientDetail extends Client {
  identity: string;
  firstSeenAt: Date;
  agentStartAt: Date | null;
  bootAt: Date | null;
  capabilities: string[];
  clonedFrom: string | null;
  facts: unknown;
  clockAt: Date | null;
  crashedAt: Date | null;
  overQuotaAt: Date | null;
  overdueAt: Date | null;
}

export interface ClientFilter {
  hostname?: string | undefined;
  label?: string | undefined;
  claim?: string | undefined;
}
