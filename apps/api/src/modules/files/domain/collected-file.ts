/** An uploaded file in the bucket: what a verified ticket said of it. Sizes in bytes. */
export interface CollectedFile {
  id: string;
  flowId: string;
  clientId: string;
  attempt: number;
  /** As the agent shows it; hostile text. */
  path: string;
  /** Exactly as its machine has it. */
  pathBytes: Uint8Array;
  /** Of a file in parts: that of its `index.json`. */
  key: string;
  etag: string;
  storedBytes: bigint;
  storedSha256: string;
  contentBytes: bigint;
  contentSha256: string;
  /** null: one object. */
  parts: number | null;
  reportedAt: Date;
}

/** Where its content is read, on the host of the API. */
export const contentUrl = (id: string): string => `/api/v1/files/${id}/content`;
