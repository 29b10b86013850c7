/** Half-open range of 0-based offsets (UTF-16 units) into a query's text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The smallest span that covers both. */
export function spanOf(first: Span, last: Span): Span {
  return { start: first.start, end: last.end };
}
