import type { Diagnostic } from './checker.js';
import type { EfilterError } from './errors.js';
import type { Span } from './span.js';

/** A place in a text; both numbers count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const MAX_SHOWN = 160;

/** Line and column of an offset; offsets beyond the text mean its end. */
export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, Math.max(0, offset));
  const lines = before.split(/\r\n|[\n\r]/);
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/**
 * The error as a person reads it: kind, place, message, the line of the query and a caret below the part at fault.
 * Long lines are cut around that part.
 */
export function formatError(error: EfilterError, queryText: string): string {
  return pointedAt(error.kind === 'parse' ? 'Malformed query' : 'Query failed', error, queryText);
}

/** What `check` found in a query, in the same way. */
export function formatDiagnostic(found: Diagnostic, queryText: string): string {
  return pointedAt(found.severity === 'error' ? 'Error' : 'Warning', found, queryText);
}

function pointedAt(head: string, found: Span & { readonly message: string }, queryText: string): string {
  const { line, column } = placeOf(queryText, found.start);
  const full = queryText.split(/\r\n|[\n\r]/)[line - 1] ?? '';
  const from = column > MAX_SHOWN - 20 ? column - 1 - MAX_SHOWN / 2 : 0;
  const shown = printable(full.slice(from, from + MAX_SHOWN));
  const offset = column - 1 - from;
  const width = Math.max(1, Math.min(found.end - found.start, shown.length - offset));
  const gutter = `${String(line)} | `;
  return [
    `${head} at ${String(line)}:${String(column)}: ${found.message}`,
    gutter + shown,
    ' '.repeat(gutter.length + offset) + '^'.repeat(width),
  ].join('\n');
}

/** Control characters would move the caret or the reader's terminal: one blank each. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
