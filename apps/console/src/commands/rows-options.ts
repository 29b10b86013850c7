import type { Command } from 'commander';
import { EfilterError, formatError } from '#efilter';
import type { ApiClient, Query } from '../api/client.js';
import { ApiError } from '../api/problem.js';
import { listRows } from '../api/pages.js';
import { printRows } from '../output/rows.js';
import type { Terminal } from '../terminal.js';
import type { ListOptions } from './api-command.js';

/** Options of every command that shows rows of evidence. */
export interface RowsOptions extends ListOptions {
  where?: string;
  table?: string;
}

/** Adds them. */
export const withRowsOptions = (command: Command): Command =>
  command
    .option('--where <efilter>', 'only rows for which this holds: pid > 100 and name =~ "ssh"')
    .option('--table <name>', 'a table of the collection; the first unless given');

/** Reads and prints rows. */
export const showRows = async (
  api: ApiClient,
  path: string,
  query: Query,
  options: RowsOptions,
  terminal: Terminal,
): Promise<void> => {
  const { where, table, limit } = options;
  const page = await listRows(api, path, { ...query, where, table }, limit).catch((error: unknown) => {
    throw pointedAt(error, where);
  });
  printRows(terminal, options, page);
  if (page.more) terminal.progress(`there are more rows: --limit ${String(limit * 10)}, or narrow them with --where`);
};

/** An error in the filter as the query language shows it: place, line and caret. */
const pointedAt = (error: unknown, where: string | undefined): unknown => {
  if (!(error instanceof ApiError) || error.span === undefined || where === undefined) return error;
  const kind = error.code === 'efilter/eval' ? 'eval' : 'parse';
  const shown = formatError(new EfilterError(kind, error.message, error.span), where);
  return new ApiError(`--where: ${shown}`, error.status, error.code, error.span);
};
