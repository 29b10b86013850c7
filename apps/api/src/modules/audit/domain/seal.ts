/** A part of the chain that lies sealed in the bucket. */
export interface Seal {
  firstSeq: number;
  lastSeq: number;
  /** Of the last link. */
  chainHash: string;
  key: string;
  sealedAt: Date;
}
