import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { Client, DatabaseError } from 'pg';
import { withSchemaEngine } from './schema-engine.js';

/** A migration that did not go through, or a database that could not be reached. The message holds no password. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Which database, and where the migrations are. */
export interface MigrateOptions {
  /** The owner's URL (DATABASE_MIGRATE_URL). */
  connectionString: string;
  /** The folder of `<stamp>_<name>/migration.sql`. */
  migrationsDir: string;
  /** How long to wait for another process that migrates the same database; default 60,000 ms. */
  lockWaitMs?: number;
}

/** The advisory lock of "somebody migrates this database": any fixed number that nothing else of ours uses. */
const MIGRATION_LOCK = 7_365_541_101;
const LOCK_NOT_AVAILABLE = '55P03';
const NO_FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Applies the migrations that this database has not seen, in order of their names, one process at a time, and answers
 * their names; none when it is up to date. Keeps `_prisma_migrations` as `prisma migrate deploy` does. Throws
 * {@link MigrationError}; the migrations before the failing one stay applied.
 */
export async function applyMigrations(options: MigrateOptions): Promise<string[]> {
  const { connectionString, migrationsDir } = options;
  const migrationsList = await readMigrations(migrationsDir);
  return underLock(connectionString, options.lockWaitMs ?? 60_000, async () => {
    try {
      return await withSchemaEngine(connectionString, async (engine) => {
        const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: NO_FILTERS });
        return appliedMigrationNames;
      });
    } catch (error) {
      throw new MigrationError(`the migrations of ${migrationsDir} do not apply: ${engineMessage(error)}`, {
        cause: error,
      });
    }
  });
}

/**
 * The SQL that leads from the state after all migrations to the schema file; empty when there is no difference. The
 * migrations are applied to a database made for it and dropped, so the URL's role must be able to create one.
 */
export async function diffMigrations(options: {
  connectionString: string;
  migrationsDir: string;
  schemaFile: string;
}): Promise<string> {
  const path = resolve(options.schemaFile);
  const files = [{ path, content: await readFile(path, 'utf8') }];
  const migrationsList = await readMigrations(options.migrationsDir);
  const { exitCode, stdout } = await withSchemaEngine(options.connectionString, (engine) =>
    engine.diff({
      from: { tag: 'migrations', ...migrationsList },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: true, // 2: there is a difference
      filters: NO_FILTERS,
    }),
  );
  return exitCode === 2 ? (stdout ?? '') : '';
}

/** The migrations of a folder as the engine wants them; a migration without its SQL file stops everything. */
async function readMigrations(migrationsDir: string): Promise<MigrationList> {
  const baseDir = resolve(migrationsDir);
  const entries = await readdir(baseDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const migrationDirectories = [];
  for (const name of names.sort()) {
    const value = await readFile(join(baseDir, name, 'migration.sql'), 'utf8');
    migrationDirectories.push({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } },
    });
  }
  const lockfile = { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' };
  return { baseDir, lockfile, shadowDbInitScript: '', migrationDirectories };
}

/** Runs `work` while this database's migration lock is held on a connection of its own. */
async function underLock<T>(connectionString: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  if (!/^postgres(ql)?:\/\//.test(connectionString) || !URL.canParse(connectionString)) {
    throw new MigrationError('the database URL is none: it must look like postgresql://user:password@host:5432/name');
  }
  const client = new Client({ connectionString, application_name: 'rekall migrate' });
  const place = `${client.host}:${client.port}/${client.database ?? ''}`;
  try {
    await client.connect();
  } catch (error) {
    throw new MigrationError(`cannot connect to ${place}: ${messageOf(error)}`, { cause: error });
  }
  try {
    await client.query(`SET lock_timeout = ${Math.trunc(waitMs)}`);
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work();
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== LOCK_NOT_AVAILABLE) throw error;
    throw new MigrationError(
      `another process has been migrating ${place} for ${waitMs} ms: wait for it, then try again`,
      {
        cause: error,
      },
    );
  } finally {
    await client.end(); // gives the lock back
  }
}

/** What the engine says without the trace of its own functions, and what to do about a migration that failed before. */
function engineMessage(error: unknown): string {
  const lines = messageOf(error).split('\n');
  const text = lines.filter((line) => line.trim() !== '' && !/^\s+(\d+: |with |at )/.test(line)).join('\n');
  if (!text.includes('found failed migrations')) return text;
  return `${text}\nA failed migration leaves nothing behind but its row: mend the cause, DELETE FROM _prisma_migrations WHERE finished_at IS NULL, and try again.`;
}

/** What an error says; several addresses tried in vain come as one error without a message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
