/** A flow on label queues. Counts are over the clients of the caller's scope; `partial` says that there may be more. */
export interface Hunt {
  id: string;
  type: string;
  description: string;
  creator: string;
  createdAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
  labels: string[];
  huntState: string;
  /** In a state that it never leaves. */
  terminal: boolean;
  entryState: string;
  externalRef: string | null;
  specDigest: string;
  sampleBelow: string | null;
  /** Why a job file of its labels could not be published, while that is so: clients have not seen the newest. */
  publishError: string | null;
}

export interface HuntStats {
  started: bigint;
  done: bigint;
  error: bigint;
  cancelled: bigint;
  crashed: bigint;
  rejected: bigint;
  skipped: bigint;
  rows: bigint;
  bytes: bigint;
  /** Registered clients of the target within reach, seen in the last 30 days. */
  expected: bigint;
}

/** A client's part in a hunt. */
export interface HuntClient {
  clientId: string;
  hostname: string;
  state: string;
  attempt: number;
  startedAt: Date | null;
  finishedAt: Date | null;
  rows: bigint;
  bytes: bigint;
  error: string | null;
  ticketKey: string;
}

/** Clients that had finished by a moment: the recruitment curve. */
export interface RecruitmentPoint {
  at: Date;
  /** Seconds since the hunt was created. */
  seconds: number;
  finished: bigint;
}
