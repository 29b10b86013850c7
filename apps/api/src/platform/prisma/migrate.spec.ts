import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../../test/support/postgres.js';
import { applyMigrations, diffMigrations, MigrationError } from './migrate.js';

const THING = `CREATE TABLE "thing" ("id" TEXT NOT NULL, CONSTRAINT "thing_pkey" PRIMARY KEY ("id"));`;
const GUARD = `
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'kept for ever; really';
END
$$;
CREATE TRIGGER keep BEFORE DELETE ON "thing" FOR EACH ROW EXECUTE FUNCTION refuse();`;
const SCHEMA = `
datasource db {
  provider = "postgresql"
}
model Thing {
  id   String @id
  name String?
  @@map("thing")
}`;

let dir: string;
let migrationsDir: string;
let database: TestDatabase;

async function migration(name: string, sql: string): Promise<void> {
  await mkdir(join(migrationsDir, name), { recursive: true });
  await writeFile(join(migrationsDir, name, 'migration.sql'), sql);
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rekall-migrate-'));
  migrationsDir = join(dir, 'migrations');
  await mkdir(migrationsDir);
  database = await createTestDatabase({ migrated: false });
});
afterEach(async () => {
  await database.drop();
  await rm(dir, { recursive: true, force: true });
});

describe('applyMigrations', () => {
  const apply = (): Promise<string[]> => applyMigrations({ connectionString: database.migrateUrl, migrationsDir });

  it('applies what is new in the order of the names, and nothing the second time', async () => {
    await migration('2_guard', GUARD);
    await migration('1_thing', THING);
    expect(await apply()).toEqual(['1_thing', '2_guard']);
    expect(await apply()).toEqual([]);
    await migration('3_more', 'ALTER TABLE "thing" ADD COLUMN "name" TEXT');
    expect(await apply()).toEqual(['3_more']);
  });

  it('sends a function with semicolons in its body as it is', async () => {
    await migration('1_thing', THING);
    await migration('2_guard', GUARD);
    await apply();
    await query(database.migrateUrl, `INSERT INTO thing VALUES ('a')`);
    await expect(query(database.migrateUrl, 'DELETE FROM thing')).rejects.toThrow('kept for ever; really');
  });

  it('gives the application role rows but not tables', async () => {
    await migration('1_thing', THING);
    await apply();
    await query(database.url, `INSERT INTO thing VALUES ('a')`);
    expect(await query(database.url, 'SELECT id FROM thing')).toEqual([{ id: 'a' }]);
    await expect(query(database.url, 'DROP TABLE thing')).rejects.toThrow('must be owner');
  });

  it('lets one of several processes at the same time do the work', async () => {
    await migration('1_thing', THING);
    const applied = await Promise.all([apply(), apply(), apply()]);
    expect(applied.flat()).toEqual(['1_thing']);
  });

  it('leaves nothing of a migration that fails, says why, and how to go on', async () => {
    await migration('1_thing', THING);
    await migration('2_bad', 'CREATE TABLE "other" ("id" INT); SELECT no_such_function();');
    await expect(apply()).rejects.toThrow(/no_such_function\(\) does not exist/);
    expect(
      await query(database.migrateUrl, `SELECT to_regclass('thing') AS thing, to_regclass('other') AS other`),
    ).toEqual([{ thing: 'thing', other: null }]);
    await expect(apply()).rejects.toThrow(/2_bad[^]*DELETE FROM _prisma_migrations/);
    await query(database.migrateUrl, 'DELETE FROM _prisma_migrations WHERE finished_at IS NULL');
    await migration('2_bad', 'CREATE TABLE "other" ("id" INT)');
    expect(await apply()).toEqual(['2_bad']);
  });

  it('waits for another process only as long as it was told to', async () => {
    await migration('1_thing', THING);
    const holder = new Client({ connectionString: database.migrateUrl });
    await holder.connect();
    await holder.query('SELECT pg_advisory_lock(7365541101)');
    const late = applyMigrations({ connectionString: database.migrateUrl, migrationsDir, lockWaitMs: 50 });
    await expect(late).rejects.toThrow(/another process has been migrating .* for 50 ms/);
    await holder.end();
    expect(await apply()).toEqual(['1_thing']);
  });

  it.each([
    ['no URL at all', 'nonsense', 'it must look like postgresql://'],
    [
      'a port where nothing listens',
      'postgresql://me:secret@127.0.0.1:1/db',
      'cannot connect to 127.0.0.1:1/db: connect ECONNREFUSED',
    ],
  ])('says what is wrong with %s, without the password', async (_case, connectionString, message) => {
    const failed: unknown = await applyMigrations({ connectionString, migrationsDir }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(MigrationError);
    expect(String(failed)).toContain(message);
    expect(String(failed)).not.toContain('secret');
  });
});

describe('diffMigrations', () => {
  async function diff(): Promise<string> {
    const schemaFile = join(dir, 'schema.prisma');
    await writeFile(schemaFile, SCHEMA);
    return diffMigrations({ connectionString: database.adminUrl, migrationsDir, schemaFile });
  }

  it('answers the SQL from the migrations to the schema', async () => {
    await migration('1_thing', THING);
    await migration('2_guard', GUARD);
    expect((await diff()).replace(/\s+/g, ' ')).toBe('-- AlterTable ALTER TABLE "thing" ADD COLUMN "name" TEXT; ');
  });

  it('answers nothing when they agree, and leaves no database behind', async () => {
    await migration('1_thing', THING);
    await migration('2_name', 'ALTER TABLE "thing" ADD COLUMN "name" TEXT');
    expect(await diff()).toBe('');
    expect(
      await query(database.adminUrl, `SELECT datname FROM pg_database WHERE datname LIKE 'rekall_shadow%'`),
    ).toEqual([]);
    expect(await query(database.adminUrl, `SELECT to_regclass('thing') AS thing`)).toEqual([{ thing: null }]);
  });
});
