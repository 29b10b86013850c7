import type { Terminal } from '../terminal.js';
import type { Cell } from './cell.js';
import { csv } from './csv.js';
import { printable, safeJson } from './escape.js';
import { renderTable } from './table.js';

/** How results are written. */
export interface Format {
  json?: boolean | undefined;
  csv?: boolean | undefined;
}

/** A column of a list of `T`. */
export interface Column<T> {
  /** Head of the table; with `_` for blanks the head in CSV. */
  head: string;
  of: (row: T) => Cell;
  /** The value for people; CSV has it as it is. */
  human?: (value: Cell) => string;
  right?: boolean | undefined;
}

const shown = (value: Cell): string => (value === null || value === undefined ? '-' : String(value));

/** A list as table, `--csv` or `--json`; `raw` is what JSON has, the rows unless given. */
export const printList = <T>(
  terminal: Terminal,
  format: Format,
  columns: readonly Column<T>[],
  rows: readonly T[],
  raw: unknown = rows,
): void => {
  if (format.json === true) terminal.out(safeJson(raw));
  else if (format.csv === true)
    terminal.out(
      csv(
        columns.map((c) => c.head.replaceAll(' ', '_')),
        rows.map((row) => columns.map((c) => c.of(row))),
      ),
    );
  else
    terminal.out(
      renderTable(
        columns.map((c) => ({ head: c.head.toUpperCase(), right: c.right })),
        rows.map((row) => columns.map((c) => (c.human ?? shown)(c.of(row)))),
        terminal.columns,
      ),
    );
};

/** One object: a line a field, or `--json`. Fields without a value are left out. */
export const printObject = (
  terminal: Terminal,
  format: Format,
  fields: readonly (readonly [name: string, value: Cell])[],
  raw: unknown,
): void => {
  if (format.json === true) {
    terminal.out(safeJson(raw));
    return;
  }
  const present = fields.filter(([, value]) => value !== undefined && value !== null && value !== '');
  const width = Math.max(0, ...present.map(([name]) => name.length));
  for (const [name, value] of present) terminal.out(`${name.padEnd(width)}  ${printable(shown(value))}`);
};
