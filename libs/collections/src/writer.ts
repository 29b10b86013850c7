import Database from 'better-sqlite3';
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import type { CollectionSpec, ColumnSpec, Table } from '#wire';
import { quoted, SQL_TYPES, type SqlValue, toSql } from './types.js';

/** What the table `metadata` of a collection says, besides its `schema` and `finished_at`. Times: ISO-8601, UTC. */
export interface CollectionMetadata {
  readonly client_id: string;
  readonly flow_id: string;
  readonly attempt: number;
  readonly spec_digest: string;
  readonly query?: string;
  readonly created_at: string;
  readonly agent_version: string;
}

/** What was written, in the form of a ticket's `rows`, `dropped_columns` and `null_coerced`. */
export interface CollectionSummary {
  /** Rows by table; every declared table is named. */
  readonly rows: Readonly<Record<string, number>>;
  /** `table.column` of what the spec does not declare: the first 200 of them, at most 200 characters each. */
  readonly droppedColumns: readonly string[];
  /** How many values were of another type than declared and became NULL. */
  readonly nullCoerced: number;
}

const ROWS_PER_TRANSACTION = 5_000;
const MAX_DROPPED_COLUMNS = 200;
const MAX_DROPPED_NAME = 200;
/** About what SQLite adds to a row: length, rowid, header. */
const ROW_OVERHEAD = 8;

const sizeOf = (value: SqlValue): number => {
  if (value === null) return 1;
  if (typeof value === 'string') return Buffer.byteLength(value) + 2;
  return value instanceof Uint8Array ? value.byteLength + 2 : 9;
};

/** One declared table: its prepared INSERT and what was counted of it. */
class TableWriter {
  rows = 0;
  nullCoerced = 0;
  bytes = 0;
  private readonly names: ReadonlySet<string>;
  private readonly indexed: ReadonlySet<string>;
  private readonly statement: Database.Statement<SqlValue[]>;

  constructor(
    database: Database.Database,
    private readonly table: Table,
    private readonly onDropped: (column: string) => void,
  ) {
    this.names = new Set(table.columns.map((column) => column.name));
    this.indexed = new Set(table.indexes);
    const columns = table.columns.map((column) => `${quoted(column.name)} ${SQL_TYPES[column.type]}`);
    database.exec(`CREATE TABLE ${quoted(table.name)} (${columns.join(', ')})`);
    this.statement = database.prepare(
      `INSERT INTO ${quoted(table.name)} VALUES (${table.columns.map(() => '?').join(', ')})`,
    );
  }

  insert(row: Readonly<Record<string, unknown>>): void {
    let present = 0;
    let bytes = ROW_OVERHEAD;
    let wrong = 0;
    const values = this.table.columns.map((column: ColumnSpec): SqlValue => {
      if (!Object.hasOwn(row, column.name)) return null;
      present += 1;
      const value = toSql(column.type, row[column.name]);
      if (value === undefined) wrong += 1;
      const size = sizeOf(value ?? null);
      bytes += this.indexed.has(column.name) ? 2 * size + ROW_OVERHEAD : size;
      return value ?? null;
    });
    const given = Object.keys(row);
    if (given.length > present) for (const name of given) if (!this.names.has(name)) this.onDropped(name);
    this.statement.run(...values);
    this.rows += 1;
    this.bytes += bytes;
    this.nullCoerced += wrong;
  }
}

/**
 * Writes one result collection. Made by {@link createCollection}; ended by exactly one of `finish` and `abort`.
 * An error of SQLite (disk full, I/O) passes through: call `abort` then.
 */
export class CollectionWriter {
  private readonly tables: ReadonlyMap<string, TableWriter>;
  private readonly dropped = new Set<string>();
  private pending = 0;

  /** @internal use {@link createCollection} */
  constructor(
    private readonly database: Database.Database,
    private readonly path: string,
    private readonly spec: CollectionSpec,
    metadata: CollectionMetadata,
  ) {
    database.exec('BEGIN');
    database.exec('CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT)');
    this.note('schema', JSON.stringify(spec));
    for (const [key, value] of Object.entries(metadata)) if (value !== undefined) this.note(key, String(value));
    this.tables = new Map(
      spec.tables.map((table) => [
        table.name,
        new TableWriter(database, table, (column) => this.drop(`${table.name}.${column}`)),
      ]),
    );
  }

  /**
   * Adds a row; what a ticket needs to say of columns and types is counted on the way.
   * @param table a declared table's name; another one is an error
   * @param row values by column name: missing is NULL, of another type is NULL and counted, undeclared is dropped
   */
  insert(table: string, row: Readonly<Record<string, unknown>>): void {
    const writer = this.tables.get(table);
    if (writer === undefined)
      throw new Error(`the collection ${this.spec.name} declares no table ${JSON.stringify(table)}`);
    writer.insert(row);
    this.pending += 1;
    if (this.pending < ROWS_PER_TRANSACTION) return;
    this.pending = 0;
    this.database.exec('COMMIT; BEGIN');
  }

  /** Rows written so far, by table. */
  get rows(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.tables].map(([name, table]) => [name, table.rows]));
  }

  /** About how many bytes the finished file has so far, before compression: for quotas. */
  bytes(): number {
    let total = 0;
    for (const table of this.tables.values()) total += table.bytes;
    return total;
  }

  /**
   * Makes the indexes, ends the file and brings it to the disk. Afterwards it needs no journal of any kind.
   * @param finishedAt ISO-8601, UTC
   */
  finish(finishedAt: string): CollectionSummary {
    for (const table of this.spec.tables)
      for (const column of new Set(table.indexes))
        // A slash is in no declared name, so this name can never meet a table's.
        this.database.exec(
          `CREATE INDEX ${quoted(`${table.name}/${column}`)} ON ${quoted(table.name)} (${quoted(column)})`,
        );
    this.note('finished_at', finishedAt);
    this.database.exec('COMMIT');
    this.database.close();
    const descriptor = openSync(this.path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    let nullCoerced = 0;
    for (const table of this.tables.values()) nullCoerced += table.nullCoerced;
    return { rows: this.rows, droppedColumns: [...this.dropped], nullCoerced };
  }

  /** Gives the collection up and removes its file. */
  abort(): void {
    this.database.close();
    rmSync(this.path, { force: true });
  }

  private note(key: string, value: string): void {
    this.database.prepare('INSERT INTO metadata (key, value) VALUES (?, ?)').run(key, value);
  }

  private drop(name: string): void {
    if (this.dropped.size < MAX_DROPPED_COLUMNS)
      this.dropped.add(name.length > MAX_DROPPED_NAME ? name.slice(0, MAX_DROPPED_NAME) : name);
  }
}

/**
 * Begins a collection: a SQLite file with the table `metadata` and the spec's tables. Until `finish` the file has no
 * journal: a crash leaves a file that is to be thrown away.
 * @param path where; a file that is already there is an error (`EEXIST`)
 */
export const createCollection = (
  path: string,
  spec: CollectionSpec,
  metadata: CollectionMetadata,
): CollectionWriter => {
  closeSync(openSync(path, 'wx', 0o600));
  const database = new Database(path);
  try {
    database.pragma('page_size = 4096');
    database.pragma("encoding = 'UTF-8'");
    database.pragma('journal_mode = OFF');
    database.pragma('synchronous = OFF');
    database.pragma('locking_mode = EXCLUSIVE');
    return new CollectionWriter(database, path, spec, metadata);
  } catch (error) {
    database.close();
    rmSync(path, { force: true });
    throw error;
  }
};
