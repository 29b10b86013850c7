import type { Span } from './span.js';

/** `parse`: before any source ran. `eval`: while the query was answered. */
export type EfilterErrorKind = 'parse' | 'eval';

/** The one error of this library: what went wrong and where, as half-open 0-based offsets into the query's text. */
export class EfilterError extends Error {
  override readonly name = 'EfilterError';
  readonly start: number;
  readonly end: number;

  /**
   * @param kind whether the text or its evaluation is at fault
   * @param message what is wrong, without the place
   * @param span the part of the query at fault
   * @param cause what a host function threw, if one did
   */
  constructor(
    readonly kind: EfilterErrorKind,
    message: string,
    span: Span,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.start = span.start;
    this.end = span.end;
  }
}

/** A parse error at `span`. */
export function parseError(message: string, span: Span): EfilterError {
  return new EfilterError('parse', message, span);
}

/** An evaluation error at `span`. */
export function evalError(message: string, span: Span, cause?: unknown): EfilterError {
  return new EfilterError('eval', message, span, cause);
}
