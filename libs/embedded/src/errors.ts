/** What went wrong with an embedded child process; stable, for callers that treat one kind in a special way. */
export type EmbeddedErrorCode =
  | 'port-in-use'
  | 'dir-in-use'
  | 'not-ready'
  | 'cannot-start'
  | 'failed'
  | 'platform'
  | 'no-user'
  | 'data-version'
  | 'damaged-state';

/** A failure of the embedded parts. The message says what happened, where, and what to do; it carries no secret. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';

  readonly code: EmbeddedErrorCode;

  constructor(code: EmbeddedErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The `code` of a Node system error (`ENOENT`, `EADDRINUSE`, ...), undefined for every other value. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
