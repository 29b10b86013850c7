import Table from 'cli-table3';
import { printable } from './escape.js';

const PLAIN = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
} as const;
const GAP = 2;
/** Ids and times stay whole; where even that does not fit, the terminal wraps. */
const NARROWEST = 20;

/** A column of a table as text. */
export interface TextColumn {
  head: string;
  /** Numbers stand at the right. */
  right?: boolean | undefined;
}

/** How wide each column may be so that a line fits: the widest give way first, down to a width that can be read. */
export const fitWidths = (natural: readonly number[], available: number): number[] => {
  const room = available - GAP * Math.max(0, natural.length - 1);
  const under = (cap: number): number[] => natural.map((width) => Math.min(width, cap));
  let cap = Math.max(NARROWEST, ...natural);
  while (cap > NARROWEST && under(cap).reduce((a, b) => a + b, 0) > room) cap -= 1;
  return under(cap);
};

const cut = (text: string, width: number): string => {
  const chars = Array.from(text);
  return chars.length <= width ? text : `${chars.slice(0, Math.max(1, width - 1)).join('')}…`;
};

/**
 * Rows under their heads, without lines; control characters are escaped. On a terminal (`width`) long cells are cut with
 * an ellipsis, elsewhere nothing is.
 */
export const renderTable = (
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string => {
  const cells = [columns.map((c) => c.head), ...rows].map((row) => row.map(printable));
  const natural = columns.map((_, i) => Math.max(...cells.map((row) => Array.from(row[i] ?? '').length)));
  const widths = width === undefined ? natural : fitWidths(natural, width);
  const table = new Table({
    chars: PLAIN,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: columns.map((c) => (c.right === true ? 'right' : 'left')),
  });
  for (const row of cells) table.push(row.map((cell, i) => cut(cell, widths[i] ?? cell.length)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
};
