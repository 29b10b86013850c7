import type { Readable } from 'node:stream';
import type { S3SignedUrl } from '#wire';

/** What a listing or an answer says of an object. */
export interface ObjectInfo {
  key: string;
  /** Stored bytes of the whole object, also when only a range of it was asked for. */
  size: number;
  /** Exactly as the store sends it, quotes included: what `ifMatch` and `ifNoneMatch` want. */
  etag: string;
  /** The store's time, whole seconds on most engines. */
  lastModified: Date;
}

/** How an object is written. */
export interface PutOptions {
  contentType?: string;
  cacheControl?: string;
  /** `*`: only if there is no object yet. */
  ifNoneMatch?: '*';
  /** Only if the object still has this ETag. */
  ifMatch?: string;
}

/** What a conditional read gave. `serverDate` is the store's clock at the answer. */
export type GetResult =
  { kind: 'found'; body: Buffer; info: ObjectInfo; serverDate: Date } | { kind: 'not-modified' } | { kind: 'missing' };

/** A stream that must be read to its end or destroyed. It fails with StoreUnreachable when it ends too early. */
export type GetStreamResult = { kind: 'found'; stream: Readable; info: ObjectInfo } | { kind: 'missing' };

/** One page of a listing, in UTF-8 byte order of the keys. */
export interface ListPage {
  objects: ObjectInfo[];
  /** With a delimiter: what the keys have in common up to and including it. */
  prefixes: string[];
  /** The token of the next page; absent on the last. */
  next?: string;
}

/**
 * A bucket, reached with the keys of a service. Besides what is named at each method, all may throw StoreUnreachable (no answer),
 * StoreRefused (these keys may not), BucketMissing and StoreFailed (5xx, or an answer S3 does not have).
 *
 * What can be repeated without harm is tried three times, with jitter, on cut connections, 429 and 5xx. A conditional write is tried
 * once: a repetition could take its own first success for somebody else's.
 */
export interface ObjectStore {
  /** Where the bucket is: endpoint and bucket, no trailing slash. */
  readonly bucketUrl: string;

  /** Writes an object. Throws PreconditionFailed. */
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<{ etag: string }>;

  /** Writes an object from a file, streamed; the store checks its SHA-256. At most 5 GiB. Throws PreconditionFailed. */
  putFile(key: string, path: string, options?: PutOptions): Promise<{ etag: string }>;

  /** Reads a whole object. Throws TooLarge (nothing is kept), PreconditionFailed ("evidence changed") with `ifMatch`. */
  get(key: string, options: { maxBytes: number; ifMatch?: string; ifNoneMatch?: string }): Promise<GetResult>;

  /** Reads an object, or the bytes `start` to `end` (both included) of it. Throws PreconditionFailed with `ifMatch`. */
  getStream(
    key: string,
    options?: { ifMatch?: string; range?: { start: number; end?: number } },
  ): Promise<GetStreamResult>;

  /** What is known of an object without reading it; undefined when there is none. */
  head(key: string): Promise<(ObjectInfo & { serverDate: Date }) | undefined>;

  /** One page: at most 1,000 (or `maxKeys`) objects and prefixes. */
  list(options: {
    prefix: string;
    delimiter?: string;
    startAfter?: string;
    token?: string;
    maxKeys?: number;
  }): Promise<ListPage>;

  /** Every object under a prefix, page after page. */
  listAll(prefix: string, options?: { startAfter?: string }): AsyncIterable<ObjectInfo>;

  /** Deletes any number of objects; one that is not there is no error. */
  delete(keys: string[]): Promise<void>;

  /** A URL by which anyone may read this one object until it expires (1 second to 7 days). */
  presignGet(key: string, options: { expiresInSeconds: number; ifMatchEtag?: never }): Promise<S3SignedUrl>;

  /**
   * Checks that the bucket can be reached and listed with these keys. `clockSkewMs`: our clock minus the store's, whose `Date` has
   * whole seconds, so that up to one second means nothing.
   */
  ping(): Promise<{ clockSkewMs: number }>;

  /** Closes the connections; what is under way fails. */
  close(): void;
}
