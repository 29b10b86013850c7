/** What lies in the bucket under a client's id, by the last whole look: anyone with a grant can write under any id. */
export interface ClientUsage {
  clientId: string;
  bytes: bigint;
  objects: bigint;
}

/** An object that nothing names and nothing can any more; removed when it has been listed for a week. */
export interface Orphan {
  key: string;
  bytes: bigint;
  /** Whose name is in its key; says nothing about who wrote it. */
  clientId: string | null;
  flowId: string | null;
  firstSeenAt: Date;
  seenAt: Date;
}
