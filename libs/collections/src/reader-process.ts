/**
 * The process without rights that opens collections: the only code of ours in which SQLite reads what others wrote.
 * It is started by reader-child.ts with Node's permission model, an empty environment and a private folder, is told one
 * request a line on stdin and answers one line each on stdout. Node's permission model does not bind SQLite itself
 * (it opens any path, tried): what bounds it is that only this program chooses the path, no ATTACH (limit and
 * authorizer), read-only, defensive, no extensions.
 */
import { constants, DatabaseSync } from 'node:sqlite';
import { createContext, Script } from 'node:vm';
import { EfilterError } from '#efilter';
import { CollectionRefused, ResourceExceeded } from './errors.js';
import { MAX_REQUEST_BYTES, type ReadAnswer, type ReadFailure, type ReadRequest, type TableShape } from './protocol.js';
import { count, describe, group, type OpenCollection, page, type Statement } from './reader-queries.js';
import { MAX_CONDITION_VALUES } from './reader-where.js';
import { quoted } from './types.js';

const MIB = 1024 * 1024;
const MAX_SCHEMA_ENTRIES = 400;
const MAX_MESSAGE = 500;
const FUNCTIONS: ReadonlySet<string> = new Set(['count', 'octet_length', 'coalesce', 'typeof', 'instr']);
const SCHEMA_PRAGMAS: ReadonlySet<string> = new Set(['table_list', 'table_xinfo']);
const ROWID_NAMES = ['rowid', '_rowid_', 'oid'] as const;

/** SQLite's result codes that say something about the file, not about us. */
const SQLITE_NOMEM = 7;
const DAMAGED: ReadonlySet<number> = new Set([10, 11, 14, 18, 26]);
const SQLITE_AUTH = 23;

/** Which columns of which tables may be read at present; `schema` while the schema is looked at. */
interface Allowed {
  schema: boolean;
  readonly tables: Map<string, ReadonlySet<string>>;
}

const authorize = (
  allowed: Allowed,
  action: number,
  first: string | null,
  second: string | null,
  database: string | null,
  viewOrTrigger: string | null,
): boolean => {
  if (viewOrTrigger !== null) return false;
  if (action === constants.SQLITE_SELECT) return true;
  if (action === constants.SQLITE_FUNCTION) return second !== null && FUNCTIONS.has(second.toLowerCase());
  if (action === constants.SQLITE_PRAGMA) return allowed.schema && first !== null && SCHEMA_PRAGMAS.has(first);
  if (action !== constants.SQLITE_READ || database !== 'main' || first === null) return false;
  if (allowed.schema) return first === 'sqlite_master';
  // An empty column: no column at all is read, as by count(*).
  return allowed.tables.get(first)?.has(second ?? '') ?? false;
};

/** Opens with every fence up. Nothing of the file has been trusted by then but its header, by the parent. */
const open = (file: string, allowed: Allowed): DatabaseSync => {
  const database = new DatabaseSync(`file:${file}?immutable=1`, {
    readOnly: true,
    allowExtension: false,
    defensive: true,
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: false,
    readBigInts: true,
    returnArrays: true,
    limits: {
      length: 64 * MIB,
      sqlLength: 256 * 1024,
      column: 256,
      exprDepth: 300,
      compoundSelect: 2,
      vdbeOp: 25_000,
      functionArg: 8,
      attach: 0,
      likePatternLength: 1,
      variableNumber: MAX_CONDITION_VALUES + 8,
      triggerDepth: 1,
    },
  });
  for (const pragma of [
    'trusted_schema=OFF',
    'cell_size_check=ON',
    'mmap_size=0',
    'temp_store=MEMORY',
    'query_only=ON',
  ])
    database.exec(`PRAGMA ${pragma}`);
  database.setAuthorizer((action, first, second, name, viewOrTrigger) =>
    authorize(allowed, action, first, second, name, viewOrTrigger) ? constants.SQLITE_OK : constants.SQLITE_DENY,
  );
  return database;
};

/** node:sqlite types a row as an object, whatever `returnArrays` says: each is checked to be the array it is. */
const asArray = (row: unknown): unknown[] => {
  if (!Array.isArray(row)) throw new Error('node:sqlite gave a row that is no array');
  return row;
};

const statement = (database: DatabaseSync, sql: string): Statement => {
  const prepared = database.prepare(sql);
  return {
    all: (...values) => prepared.all(...values).map(asArray),
    *iterate(...values) {
      for (const row of prepared.iterate(...values)) yield asArray(row);
    },
  };
};

const refuseSchema = (message: string): never => {
  throw new CollectionRefused('schema', message);
};

/** What our writer never makes is refused before a name of the file means anything. */
const checkEntries = (database: DatabaseSync): void => {
  const entries = statement(database, 'SELECT type, rootpage FROM sqlite_schema').iterate();
  let found = 0;
  for (const [type, rootPage] of entries) {
    if (++found > MAX_SCHEMA_ENTRIES) refuseSchema(`the file has more than ${MAX_SCHEMA_ENTRIES} tables and indexes`);
    if (type !== 'table' && type !== 'index')
      refuseSchema(`the file has a ${printable(String(type))}; a collection has tables and indexes only`);
    if (typeof rootPage !== 'bigint' || rootPage <= 0n) refuseSchema('the file has a virtual table');
  }
};

/** Checks the declared table against the file's own schema, and gives the name that its rowid goes by. */
const checkTable = (database: DatabaseSync, table: TableShape): string => {
  const listed = statement(database, `PRAGMA main.table_list(${quoted(table.name)})`).all();
  const [entry] = listed;
  if (entry === undefined) return refuseSchema(`the file has no table ${table.name}`);
  const [, name, type, , withoutRowid] = entry;
  if (listed.length !== 1 || name !== table.name || type !== 'table' || withoutRowid !== 0n)
    return refuseSchema(`${table.name} is not an ordinary table in the file`);
  const hidden = new Map<string, unknown>();
  for (const [, column, , , , , kind] of statement(database, `PRAGMA main.table_xinfo(${quoted(table.name)})`).all())
    hidden.set(String(column), kind);
  for (const column of table.columns) {
    if (!hidden.has(column.name)) return refuseSchema(`the file's table ${table.name} has no column ${column.name}`);
    if (hidden.get(column.name) !== 0n)
      return refuseSchema(`the column ${column.name} of ${table.name} is generated in the file`);
  }
  const taken = new Set([...hidden.keys()].map((column) => column.toLowerCase()));
  const rowid = ROWID_NAMES.find((candidate) => !taken.has(candidate));
  return rowid ?? refuseSchema(`the table ${table.name} hides its rowid`);
};

const METADATA: TableShape = {
  name: 'metadata',
  columns: [
    { name: 'key', type: 'unicode', as: 'key' },
    { name: 'value', type: 'unicode', as: 'value' },
  ],
};

const tablesOf = (request: ReadRequest): readonly TableShape[] =>
  request.op === 'describe' ? [...request.tables, METADATA] : [request.table];

const run = (file: OpenCollection, request: ReadRequest): unknown => {
  switch (request.op) {
    case 'describe':
      return describe(file, request);
    case 'page':
      return page(file, request);
    case 'count':
      return count(file, request);
    case 'group':
      return group(file, request);
  }
};

const answer = (request: ReadRequest): unknown => {
  const allowed: Allowed = { schema: true, tables: new Map() };
  const database = open(request.file, allowed);
  try {
    checkEntries(database);
    const rowids = new Map<string, string>();
    for (const table of tablesOf(request)) {
      rowids.set(table.name, checkTable(database, table));
      // SQLite calls the rowid ROWID here, whatever name it was asked by, and by its column where it has one.
      allowed.tables.set(table.name, new Set(['', 'ROWID', ...table.columns.map((column) => column.name)]));
    }
    allowed.schema = false;
    const file: OpenCollection = {
      prepare: (sql) => statement(database, sql),
      rowid: (table) => rowids.get(table) ?? refuseSchema(`${table} was not checked`),
    };
    return run(file, request);
  } finally {
    database.close();
  }
};

/** Text of a hostile file that is to be shown: short, one line, no control characters. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_MESSAGE);

const sqliteCode = (error: Error): number | undefined =>
  'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;

const failureOf = (error: unknown): ReadFailure => {
  if (error instanceof CollectionRefused) return { kind: 'refused', reason: error.reason, message: error.message };
  if (error instanceof ResourceExceeded) return { kind: 'response' };
  if (error instanceof EfilterError) {
    const { kind, message, start, end } = error;
    return { kind: 'where', stage: kind, message: message.slice(0, MAX_MESSAGE), start, end };
  }
  if (!(error instanceof Error)) return { kind: 'failed', message: 'something was thrown that is no error' };
  const code = sqliteCode(error);
  const message = printable(error.message);
  if (code === SQLITE_NOMEM) return { kind: 'memory' };
  if (code === SQLITE_AUTH) return { kind: 'refused', reason: 'not-allowed', message };
  if (code !== undefined && DAMAGED.has(code)) return { kind: 'refused', reason: 'corrupt', message };
  return { kind: 'failed', message };
};

const answerLine = (line: string): string => {
  let answered: ReadAnswer<unknown>;
  try {
    answered = { ok: true, body: answer(JSON.parse(line) as ReadRequest) };
  } catch (error) {
    answered = { ok: false, failure: failureOf(error) };
  }
  return `${JSON.stringify(answered)}\n`;
};

let current = '';
const context = createContext({ work: () => answerLine(current) });
const work = new Script('work()');

/** The parent kills what takes too long. Should it be gone, V8's own watchdog ends a script that never returns. */
const watched = (line: string): string => {
  current = line;
  const { budget } = JSON.parse(line) as ReadRequest;
  return String(work.runInContext(context, { timeout: budget.hardMs }));
};

let pending = '';
process.stdin.setEncoding('utf8');
for await (const chunk of process.stdin) {
  pending += String(chunk);
  for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
    const line = pending.slice(0, end);
    pending = pending.slice(end + 1);
    process.stdout.write(watched(line));
  }
  if (pending.length > MAX_REQUEST_BYTES) throw new Error('a request is too long');
}
