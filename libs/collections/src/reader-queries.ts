import { type ConditionPlan, filterRows, type Query, type Row } from '#efilter';
import type {
  Budget,
  ColumnShape,
  CountBody,
  CountRequest,
  DescribeBody,
  DescribeRequest,
  GroupBody,
  GroupRequest,
  PageBody,
  PageRequest,
  StopReason,
  TableShape,
  WhereShape,
} from './protocol.js';
import { CollectionRefused, ResourceExceeded } from './errors.js';
import { planOf } from './reader-where.js';
import { fromSql, type Json, quoted } from './types.js';

/** The part of a prepared statement that is used here: rows as arrays, integers as BigInt. */
export interface Statement {
  all(...values: (bigint | number | string | null)[]): unknown[][];
  iterate(...values: (bigint | number | string | null)[]): Iterable<unknown[]>;
}

/** A checked file, open for reading, with the name that each table's rowid has there. */
export interface OpenCollection {
  prepare(sql: string): Statement;
  rowid(table: string): string;
}

const LARGE_TYPES: ReadonlySet<string> = new Set(['unicode', 'bytes', 'json']);
/** The metadata that is shown: more than our writer makes. */
const MAX_METADATA = 64;

/** A row on its way: where it stands (rowid, or place in the order asked for), its cells, and how many were left out. */
interface Scanned {
  readonly cursor: number;
  readonly cells: readonly unknown[];
  readonly tooLarge: number;
  /** SQL has decided that the condition does not hold: the cells were not read. */
  readonly rejected?: true;
}

/** What SQL decides of a condition. */
type Pushed = ConditionPlan['pushed'];

/** Cells of a large type are measured before they are read: the length is in the row's header. */
const cellSql = (column: ColumnShape, maxCellBytes: number): string => {
  const name = quoted(column.name);
  return LARGE_TYPES.has(column.type)
    ? `CASE WHEN octet_length(${name}) > ${maxCellBytes} THEN NULL ELSE ${name} END`
    : name;
};

const tooLargeSql = (columns: readonly ColumnShape[], maxCellBytes: number): string => {
  const large = columns.filter((column) => LARGE_TYPES.has(column.type));
  return large.length === 0
    ? '0'
    : large.map((column) => `coalesce(octet_length(${quoted(column.name)}) > ${maxCellBytes}, 0)`).join(' + ');
};

const rowidNumber = (value: unknown): number => {
  const number = Number(value);
  if (typeof value !== 'bigint' || !Number.isSafeInteger(number))
    throw new CollectionRefused('schema', `a rowid is ${String(value)}, which no writer of ours makes`);
  return number;
};

const selectList = (columns: readonly ColumnShape[], budget: Budget, rowid: string): string =>
  [
    rowid,
    tooLargeSql(columns, budget.maxCellBytes),
    ...columns.map((column) => cellSql(column, budget.maxCellBytes)),
  ].join(', ');

const scannedRow = (row: readonly unknown[], cursor = rowidNumber(row[0])): Scanned => ({
  cursor,
  tooLarge: Number(row[1]),
  cells: row.slice(2),
});

/** Reads the cells of one row at a time. */
const rowReader = (file: OpenCollection, table: TableShape, columns: readonly ColumnShape[], budget: Budget) => {
  const rowid = file.rowid(table.name);
  const one = file.prepare(
    `SELECT ${selectList(columns, budget, rowid)} FROM main.${quoted(table.name)} WHERE ${rowid} = ?`,
  );
  return (id: unknown, cursor: number, keeps: unknown): Scanned => {
    if (keeps === 0n) return { cursor, cells: [], tooLarge: 0, rejected: true };
    const [row] = one.all(BigInt(rowidNumber(id)));
    if (row === undefined) throw new CollectionRefused('corrupt', 'an index names a row that is not there');
    return scannedRow(row, cursor);
  };
};

/** The table's rows after the cursor, in order of rowid. */
function* inFileOrder(
  file: OpenCollection,
  table: TableShape,
  columns: readonly ColumnShape[],
  { after, budget }: { readonly after?: number; readonly budget: Budget },
  pushed: Pushed,
): Generator<Scanned> {
  const rowid = file.rowid(table.name);
  const end = `FROM main.${quoted(table.name)}${after === undefined ? '' : ` WHERE ${rowid} > ?`} ORDER BY ${rowid}`;
  const cursor = after === undefined ? [] : [BigInt(after)];
  if (pushed === undefined) {
    const rows = file.prepare(`SELECT ${selectList(columns, budget, rowid)} ${end}`).iterate(...cursor);
    for (const row of rows) yield scannedRow(row);
    return;
  }
  const read = rowReader(file, table, columns, budget);
  const decided = file.prepare(`SELECT ${rowid}, ${pushed.sql} ${end}`).iterate(...pushed.params, ...cursor);
  for (const [id, keeps] of decided) yield read(id, rowidNumber(id), keeps);
}

/** The table's rows in the order of a column, equal ones by rowid; the cursor is the place in that order. */
function* inColumnOrder(
  file: OpenCollection,
  table: TableShape,
  columns: readonly ColumnShape[],
  request: PageRequest & { readonly orderBy: NonNullable<PageRequest['orderBy']> },
  pushed: Pushed,
): Generator<Scanned> {
  const rowid = file.rowid(table.name);
  const { orderBy, budget, after = 0 } = request;
  const order = `${quoted(orderBy.column)} COLLATE BINARY ${orderBy.descending ? 'DESC' : 'ASC'}, ${rowid}`;
  // Only keys and rowids are sorted. A condition may need every row, a page without one needs no more than itself.
  const most = request.where === undefined ? request.limit + 1 : -1;
  const { sql, params } = pushed ?? { sql: '1', params: [] };
  const places = file
    .prepare(`SELECT ${rowid}, ${sql} FROM main.${quoted(table.name)} ORDER BY ${order} LIMIT ? OFFSET ?`)
    .iterate(...params, BigInt(most), BigInt(after));
  const read = rowReader(file, table, columns, budget);
  let place = after;
  for (const [id, keeps] of places) {
    place += 1;
    yield read(id, place, keeps);
  }
}

/** Looks at rows one by one until the time is up. */
class Scan {
  scanned = 0;
  stopped = false;
  private readonly end: number;

  constructor(budget: Budget) {
    this.end = performance.now() + budget.softMs;
  }

  *through(rows: Iterable<Scanned>): Generator<Scanned> {
    for (const row of rows) {
      this.scanned += 1;
      yield row;
      if (performance.now() < this.end) continue;
      this.stopped = true;
      return;
    }
  }
}

/** A row as EFILTER sees it: as JSON, but with an int that is too large for that as the nearest number. */
const efilterRow = (row: Scanned, columns: readonly ColumnShape[], where: WhereShape): Row => {
  const members = Object.create(null) as Record<string, Json>;
  columns.forEach((column, index) => {
    const cell = row.cells[index];
    members[column.as] =
      column.type === 'int' && typeof cell === 'bigint' ? Number(cell) : (fromSql(column.type, cell) ?? null);
  });
  return Object.assign(members, where.members);
};

/** The rows that hold. `last` is told of each row that was looked at, before the condition is. */
function* matching(
  rows: Iterable<Scanned>,
  columns: readonly ColumnShape[],
  { where, rest }: { readonly where: WhereShape | undefined; readonly rest: Query | undefined },
  last: (row: Scanned) => void,
): Generator<Scanned> {
  const kept = function* (): Generator<Scanned> {
    for (const row of rows) {
      last(row);
      if (row.rejected !== true) yield row;
    }
  };
  if (where === undefined || rest === undefined) {
    yield* kept();
    return;
  }
  let current: Scanned | undefined;
  const seen = function* (): Generator<Row> {
    for (const row of kept()) {
      current = row;
      yield efilterRow(row, columns, where);
    }
  };
  // Time and memory are bounded from outside, by killing this process.
  const limits = { steps: Infinity, milliseconds: Infinity };
  for (const _ of filterRows(rest, seen(), { functions: {} }, { limits })) if (current !== undefined) yield current;
}

const columnOf = (table: TableShape, name: string): ColumnShape => {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`the table ${table.name} declares no column ${name}`);
  return column;
};

/** A row's cells as JSON, and how many are shown as null because they are of another type. */
const cellsToJson = (
  cells: readonly unknown[],
  columns: readonly ColumnShape[],
): { readonly cells: Json[]; readonly mistyped: number } => {
  let mistyped = 0;
  const converted = columns.map((column, index) => {
    const value = fromSql(column.type, cells[index]);
    if (value === undefined) mistyped += 1;
    return value ?? null;
  });
  return { cells: converted, mistyped };
};

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) + 1;

/** A row that alone is larger than an answer may be, without those of its cells that make it so. */
const withoutLargest = (cells: readonly Json[], room: number): { cells: Json[]; removed: number } => {
  const most = Math.floor(room / (cells.length + 1));
  let removed = 0;
  const kept = cells.map((cell) => {
    if (jsonBytes(cell) <= most) return cell;
    removed += 1;
    return null;
  });
  return { cells: kept, removed };
};

/** Room in the answer for all that is not rows. */
const ENVELOPE_BYTES = 512;

/** What was scanned to the end, or where to go on. */
const ending = (scan: Scan, last: number | undefined): { next?: number; partial?: StopReason } =>
  scan.stopped && last !== undefined ? { next: last, partial: 'time' } : {};

export const page = (file: OpenCollection, request: PageRequest): PageBody => {
  const { table, where, orderBy, budget } = request;
  const wanted = request.columns.map((name) => columnOf(table, name));
  const read = where === undefined ? wanted : table.columns;
  const places = wanted.map((column) => read.indexOf(column));
  const { pushed, rest } = where === undefined ? {} : planOf(where, table, budget.maxCellBytes);
  const source =
    orderBy === undefined
      ? inFileOrder(file, table, read, request, pushed)
      : inColumnOrder(file, table, read, { ...request, orderBy }, pushed);
  const scan = new Scan(budget);
  const rows: Json[][] = [];
  const room = budget.maxBytes - ENVELOPE_BYTES;
  let [bytes, tooLarge, mistyped] = [0, 0, 0];
  let last: number | undefined;
  let previous: number | undefined;
  const seen = (row: Scanned): void => {
    previous = last;
    last = row.cursor;
  };
  const done = (next: { next?: number; partial?: StopReason }): PageBody => ({
    rows,
    ...next,
    scanned: scan.scanned,
    tooLarge,
    mistyped,
  });
  for (const row of matching(scan.through(source), read, { where, rest }, seen)) {
    let converted = cellsToJson(
      places.map((place) => row.cells[place]),
      wanted,
    );
    let size = jsonBytes(converted.cells);
    if (rows.length === 0 && size > room) {
      const shrunk = withoutLargest(converted.cells, room);
      converted = { ...converted, cells: shrunk.cells };
      tooLarge += shrunk.removed;
      size = jsonBytes(shrunk.cells);
    }
    if (rows.length === request.limit || bytes + size > room) {
      // This row is the next page's: without a condition one row is looked at beyond a full page, to know of it.
      scan.scanned -= 1;
      const next = previous === undefined ? {} : { next: previous };
      return done(rows.length === request.limit ? next : { ...next, partial: 'response' });
    }
    rows.push(converted.cells);
    bytes += size;
    tooLarge += row.tooLarge;
    mistyped += converted.mistyped;
    // With a condition the next match may be far: the page ends here, and the next one may turn out empty.
    if (where !== undefined && rows.length === request.limit) return done({ next: row.cursor });
  }
  return done(ending(scan, last));
};

export const count = (file: OpenCollection, request: CountRequest): CountBody => {
  const { table, where, after, budget } = request;
  if (where === undefined) {
    const rowid = file.rowid(table.name);
    const sql = `SELECT count(*) FROM main.${quoted(table.name)}`;
    const [row] =
      after === undefined ? file.prepare(sql).all() : file.prepare(`${sql} WHERE ${rowid} > ?`).all(BigInt(after));
    return { count: Number(row?.[0]), scanned: Number(row?.[0]) };
  }
  const scan = new Scan(budget);
  let [found, last] = [0, undefined as number | undefined];
  const { pushed, rest } = planOf(where, table, budget.maxCellBytes);
  const source = inFileOrder(file, table, table.columns, request, pushed);
  const seen = (row: Scanned): void => void (last = row.cursor);
  for (const _ of matching(scan.through(source), table.columns, { where, rest }, seen)) found += 1;
  return { count: found, scanned: scan.scanned, ...ending(scan, last) };
};

export const group = (file: OpenCollection, request: GroupRequest): GroupBody => {
  const { table, budget, limit } = request;
  const columns = request.by.map((name) => columnOf(table, name));
  const keys = columns.map((column) => `${quoted(column.name)} COLLATE BINARY`).join(', ');
  const list = columns.map((column) => cellSql(column, budget.maxCellBytes)).join(', ');
  const rows = file
    .prepare(
      `SELECT count(*), ${list} FROM main.${quoted(table.name)} GROUP BY ${keys} ORDER BY count(*) DESC, ${keys} LIMIT ?`,
    )
    .iterate(BigInt(limit + 1));
  const groups: GroupBody['groups'][number][] = [];
  let bytes = 0;
  for (const [rowCount, ...cells] of rows) {
    if (groups.length === limit) return { groups, more: true };
    const made = { cells: cellsToJson(cells, columns).cells, count: Number(rowCount) };
    bytes += jsonBytes(made);
    if (bytes > budget.maxBytes - ENVELOPE_BYTES) throw new ResourceExceeded('response', `${budget.maxBytes} bytes`);
    groups.push(made);
  }
  return { groups, more: false };
};

export const describe = (file: OpenCollection, request: DescribeRequest): DescribeBody => {
  const rows = request.tables.map((table) => {
    const [row] = file.prepare(`SELECT count(*) FROM main.${quoted(table.name)}`).all();
    return Number(row?.[0]);
  });
  const room = Math.floor((request.budget.maxBytes - ENVELOPE_BYTES) / MAX_METADATA / 8);
  const metadata: [string, string][] = [];
  const sql =
    'SELECT key, value FROM main.metadata WHERE octet_length(key) <= 64 AND octet_length(value) <= ? ORDER BY key LIMIT ?';
  for (const [key, value] of file.prepare(sql).all(BigInt(room), BigInt(MAX_METADATA)))
    if (typeof key === 'string' && typeof value === 'string') metadata.push([key, value]);
  return { rows, metadata };
};
