/** A flow on one client. */
export interface Flow {
  id: string;
  type: string;
  description: string;
  creator: string;
  createdAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
  clientId: string;
  entryState: string;
  externalRef: string | null;
  specDigest: string;
  /** Why its job file could not be published, while that is so: its client has not seen the newest. */
  publishError: string | null;
}

/** What a client said of a flow or hunt. */
export interface Run {
  flowId: string;
  clientId: string;
  attempt: number;
  state: string;
  startedAt: Date | null;
  finishedAt: Date | null;
  updatedAt: Date;
  ticketKey: string;
  error: string | null;
  backtrace: string | null;
  progress: unknown;
  resources: unknown;
  logs: unknown;
  rows: bigint;
  bytes: bigint;
}

/** A new flow or hunt, as its transaction writes it. */
export interface NewFlow {
  id: string;
  isHunt: boolean;
  type: string;
  description: string;
  creator: string;
  createdAt: Date;
  expiresAt: Date;
  clientId: string | null;
  labels: string[];
  huntState: string | null;
  request: unknown;
  reportSkips: boolean;
  externalRef: string | null;
  specDigest: string;
  specPayload: string;
  sampleBelow: string | null;
}

/** A change of a flow or hunt after its launch. */
export interface FlowChangeInput {
  flowId: string;
  change: string;
  by: string;
  at: Date;
  entryState: string;
  huntState: string | null;
  ended: boolean;
}
