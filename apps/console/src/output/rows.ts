import type { RowsPage } from '../api/models.js';
import type { Terminal } from '../terminal.js';
import { safeJson } from './escape.js';
import { instant } from './human.js';
import type { Cell } from './cell.js';
import { type Column, type Format, printList } from './print.js';

type Row = Record<string, unknown>;

const cellOf = (value: unknown): Cell => {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return safeJson(value, 0);
};

/** Seconds since 1970 as a time; what is no such number as it is. */
const epoch = (value: Cell): string => {
  const milliseconds = Number(value) * 1000;
  if (value === null || value === '' || Number.isNaN(new Date(milliseconds).getTime())) return String(value ?? '-');
  return instant(new Date(milliseconds));
};

const NUMBERS = new Set(['int', 'float']);

const columnOf = ({ name, type }: RowsPage['columns'][number]): Column<Row> => ({
  head: name,
  of: (row) => cellOf(row[name]),
  right: NUMBERS.has(type),
  ...(type === 'epoch' ? { human: epoch } : {}),
});

/** Rows of evidence. That they are a part, or that a file could not be read, is said on standard error. */
export const printRows = (
  terminal: Terminal,
  format: Format,
  page: Pick<RowsPage, 'columns' | 'rows' | 'partial' | 'failures'>,
): void => {
  printList(terminal, format, page.columns.map(columnOf), page.rows);
  if (page.partial) terminal.progress('you see a part of the fleet: rows of other clients are not here');
  for (const { client_id, message } of page.failures) terminal.progress(`${client_id}: not read: ${message}`);
};
