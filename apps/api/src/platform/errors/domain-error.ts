/** What went wrong, without any transport in it; error-table.ts says what each door answers. */
export type ErrorKind =
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'invalid'
  | 'unprocessable'
  | 'conflict'
  | 'precondition'
  | 'too-large'
  | 'limited'
  | 'resource-exceeded'
  | 'unavailable';

/** A field of the request that is wrong: an RFC 6901 pointer and why. */
export interface FieldError {
  pointer: string;
  code: string;
  message: string;
}

export interface DomainErrorOptions {
  /** Fields of the request that are wrong. */
  errors?: FieldError[];
  /** More members for programs: position of a query error, limit that was hit. Never a secret. */
  more?: Record<string, string | number | boolean>;
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** An expected failure. `code` is `area/reason`, stable and part of the API's contract. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly options: DomainErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
  }
}

/** Not there, or not for you: the two look the same to the caller; the audit log has the difference. */
export const notFound = (what: string, id: string): DomainError =>
  new DomainError('not-found', `${what}/not-found`, `There is no ${what} ${id}, or you may not see it.`);
