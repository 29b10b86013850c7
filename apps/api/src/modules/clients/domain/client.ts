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
}

/** With everything that its last Startup ticket said. */
export interface ClientDetail extends Client {
  identity: string;
  firstSeenAt: Date;
  agentStartAt: Date | null;
  bootAt: Date | null;
  capabilities: string[];
  clonedFrom: string | null;
  facts: unknown;
}

export interface ClientFilter {
  hostname?: string | undefined;
  label?: string | undefined;
  claim?: string | undefined;
}
