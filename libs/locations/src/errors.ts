import { redact } from './redact.js';

/**
 * Every failure of this library that a caller may want to tell apart. Each message says what, where (never a secret)
 * and what to do. Anything else that is thrown is a fault in a program.
 */
export abstract class LocationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(redact(message), options);
    this.name = new.target.name;
  }
}

/** A setting (endpoint, bucket, keys, policy, key) that cannot work; nothing was sent. */
export class LocationConfigError extends LocationError {}

/** No usable answer from the store: connection refused or cut, a time limit, TLS. `code` is the cause's, e.g. ECONNREFUSED. */
export class StoreUnreachable extends LocationError {
  constructor(
    message: string,
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The store answered that these keys may not do this: wrong keys, wrong clock, missing permission. `code` is S3's. */
export class StoreRefused extends LocationError {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
  ) {
    super(message);
  }
}

/** The bucket does not exist at this endpoint. */
export class BucketMissing extends LocationError {}

/** The store failed (5xx after the tries that are safe) or gave an answer that S3 does not have here. */
export class StoreFailed extends LocationError {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    options?: ErrorOptions & {
      /** How long the store asked to wait, in milliseconds. */
      retryAfterMs?: number;
    },
  ) {
    super(message, options);
    if (options?.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }

  readonly retryAfterMs?: number;
}

/** `If-Match` or `If-None-Match` did not hold: somebody else wrote the object. Nothing was changed or read. */
export class PreconditionFailed extends LocationError {}

/** More bytes than the caller allows. `limit` is in bytes. */
export class TooLarge extends LocationError {
  constructor(
    message: string,
    readonly limit: number,
  ) {
    super(message);
  }
}

/** How an object differs from what the client's signed ticket said of it. */
export type EvidenceDifference = 'missing' | 'etag' | 'length' | 'sha256';

/** An object is no longer (or never was) what a ticket reported. */
export class EvidenceChanged extends LocationError {
  constructor(
    message: string,
    readonly difference: EvidenceDifference,
  ) {
    super(message);
  }
}

/** Agent side: no usable answer. `code` is the cause's (ENOTFOUND, TIMEOUT, ...) or one of this library's lower-case ones. */
export class NetworkError extends LocationError {
  constructor(
    message: string,
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A local folder could not be written now: full, gone, read-only. `code` is the system's, e.g. ENOSPC. */
export class LocalWriteFailed extends LocationError {
  constructor(
    message: string,
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A local file was changed by somebody while it was sent; nothing was stored. */
export class FileChanged extends LocationError {}

/**
 * Why an upload was refused. `expired`, `forbidden`: another grant may do; `quota`: this prefix is full;
 * `too-large`, `final`: the same upload can never succeed.
 */
export type UploadRefusal = 'expired' | 'forbidden' | 'too-large' | 'quota' | 'final';

/** The store refused an upload, by policy. `status` is 0 when it was refused here, before anything was sent. */
export class UploadRefused extends LocationError {
  constructor(
    message: string,
    readonly kind: UploadRefusal,
    readonly status: number,
    readonly code: string,
  ) {
    super(message);
  }
}

/** The store, or something in front of it, could not take the upload now. */
export class UploadRetry extends LocationError {
  constructor(
    message: string,
    readonly status: number,
    readonly retryAfterMs: number | undefined,
  ) {
    super(message);
  }
}
