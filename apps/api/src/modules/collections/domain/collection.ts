import type { CollectionSpec } from '#wire';

/** A result collection in the bucket: what a verified ticket said of it. Sizes in bytes. */
export interface Collection {
  id: string;
  flowId: string;
  clientId: string;
  attempt: number;
  name: string;
  key: string;
  etag: string;
  storedBytes: bigint;
  storedSha256: string;
  contentBytes: bigint;
  contentSha256: string;
  /** The spec's tables: trusted, unlike the file's own. */
  schema: CollectionSpec;
  rowCounts: unknown;
  rows: bigint;
  droppedColumns: string[];
  nullCoerced: bigint;
  reportedAt: Date;
}
