import type { CollectionSpec, Table } from '#wire';
import { BadReadRequest, ReaderFailed } from './errors.js';
import type { TableShape, WhereShape } from './protocol.js';
import type { Where } from './reader-types.js';
import type { Json } from './types.js';

/** The most rows or groups of one answer. */
export const MAX_LIMIT = 10_000;
/** The share of the time after which row by row work stops by itself and says where to go on. */
const SOFT_SHARE = 0.6;

/** @throws BadReadRequest for a table that the spec does not declare */
export const tableOf = (spec: CollectionSpec, name: string): Table => {
  const table = spec.tables.find((candidate) => candidate.name === name);
  if (table === undefined)
    throw new BadReadRequest(`the collection ${spec.name} declares no table ${JSON.stringify(name)}`);
  return table;
};

/** The names, each checked to be declared once; all of the table's unless given. */
export const columnsOf = (table: Table, names?: readonly string[]): readonly string[] => {
  const chosen = names ?? table.columns.map((column) => column.name);
  if (chosen.length === 0) throw new BadReadRequest('no column is asked for');
  if (new Set(chosen).size !== chosen.length) throw new BadReadRequest('a column is asked for twice');
  for (const name of chosen)
    if (!table.columns.some((column) => column.name === name))
      throw new BadReadRequest(`the table ${table.name} declares no column ${JSON.stringify(name)}`);
  return chosen;
};

/** @throws BadReadRequest when it is no whole number from 1 to {@link MAX_LIMIT} */
export const limitOf = (limit: number): number => {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new BadReadRequest(`the limit must be from 1 to ${MAX_LIMIT}, not ${limit}`);
};

/** @throws BadReadRequest for what was never a `next` */
export const cursorOf = (after: number | undefined): { readonly after?: number } => {
  if (after === undefined) return {};
  if (Number.isSafeInteger(after)) return { after };
  throw new BadReadRequest(`the cursor ${after} is none that a page gave`);
};

/** The declared table as the process is told of it; `rename` gives the names that a condition sees. */
export const shapeOf = (table: Table, rename: (column: string) => string = (column) => column): TableShape => ({
  name: table.name,
  columns: table.columns.map(({ name, type }) => ({ name, type, as: rename(name) })),
});

/** The condition as the process is told of it. */
export const whereOf = (query: Where, members: Readonly<Record<string, Json>> = {}): { readonly where?: WhereShape } =>
  query.where === undefined
    ? {}
    : {
        where: {
          clause: query.where,
          members,
          ...(query.params === undefined ? {} : { params: query.params }),
        },
      };

/** When row by row work stops by itself, in milliseconds. */
export const softMs = (timeoutMs: number): number => timeoutMs * SOFT_SHARE;

/** Names and cells as one row. No name is special, not even `__proto__`. */
export const rowOf = (names: readonly string[], cells: readonly Json[]): Readonly<Record<string, Json>> => {
  if (cells.length !== names.length) throw new ReaderFailed('the reader process gave a row of another length');
  return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null]));
};
