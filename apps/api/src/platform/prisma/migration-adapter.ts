import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils';
import { Pool, type PoolClient } from 'pg';

const CHAR = 18; // the type "char" of Postgres' own catalogues, one byte
const UUID = 2950;

/**
 * The engine asks the catalogues for "char" columns, and Prisma's adapter refuses that type, although there is a column
 * type for it. It passes under the number of a type that the engine's questions never meet, and gets its own afterwards.
 */
function disguiseChars(client: PoolClient): void {
  if (!('connection' in client) || !(client.connection instanceof EventEmitter))
    throw new Error('pg: no connection in the client');
  client.connection.prependListener('rowDescription', (message: { fields: { dataTypeID: number }[] }) => {
    for (const field of message.fields) if (field.dataTypeID === CHAR) field.dataTypeID = UUID;
  });
}

const unveilChars = (result: SqlResultSet): SqlResultSet => ({
  ...result,
  columnTypes: result.columnTypes.map((type) => (type === ColumnTypeEnum.Uuid ? ColumnTypeEnum.Character : type)),
});

/**
 * The connections that the schema engine migrates on. Differs from Prisma's own adapter in three points that matter for
 * migrations: a script goes to Postgres as a whole (Prisma's splits it at every semicolon, also inside a function's
 * body), so that it also applies as a whole or not at all; and the shadow database is another one than the database
 * itself (with a connection string, Prisma's connects to the database itself and would migrate that); and the columns of Postgres' own catalogues can be read.
 */
export class MigrationAdapterFactory implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = '@prisma/adapter-pg';
  readonly #connectionString: string;
  readonly #open = new Set<() => Promise<void>>();

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
  }

  connect(): Promise<SqlDriverAdapter> {
    return this.#connectTo(this.#connectionString, () => Promise.resolve());
  }

  /** An empty database beside ours, dropped when the engine is done; the URL's role must be able to create one. */
  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    const name = `rekall_shadow_${randomUUID().replaceAll('-', '')}`;
    const url = new URL(this.#connectionString);
    url.pathname = `/${name}`;
    const execute = async (sql: string): Promise<void> => {
      const pool = new Pool({ connectionString: this.#connectionString, max: 1 });
      try {
        await pool.query(sql);
      } finally {
        await pool.end();
      }
    };
    await execute(`CREATE DATABASE ${name}`);
    return this.#connectTo(url.href, () => execute(`DROP DATABASE ${name} WITH (FORCE)`));
  }

  /** Closes what the engine left open; after a failure it leaves its connection, which holds its advisory lock. */
  async close(): Promise<void> {
    for (const dispose of [...this.#open]) await dispose();
  }

  async #connectTo(connectionString: string, afterwards: () => Promise<void>): Promise<SqlDriverAdapter> {
    const pool = new Pool({ connectionString, max: 1 }); // the engine's lock and its work on the same connection
    pool.on('connect', disguiseChars);
    const adapter = await new PrismaPg(pool).connect();
    const dispose = async (): Promise<void> => {
      if (!this.#open.delete(dispose)) return;
      await pool.end();
      await afterwards();
    };
    this.#open.add(dispose);
    adapter.dispose = dispose;
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => unveilChars(await queryRaw(query));
    adapter.executeScript = async (sql) => {
      await adapter.executeRaw({ sql, args: [], argTypes: [] });
    };
    return adapter;
  }
}
