// Prints the SQL that leads from the migrations to the schema, on an embedded Postgres that is thrown away.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildIfStale } from './support/build.mjs';
import { becomeNode, helpOrContinue, isProjectNode, root } from './support/project.mjs';

helpOrContinue(`
db-diff: prints the SQL that leads from the migrations of prisma/migrations to prisma/schema.prisma
  --check        exit code 1 when there is any
  --write NAME   makes a new migration of it: prisma/migrations/<time>_NAME/migration.sql (add triggers and rights by hand)
`);

const { values: options } = parseArgs({ options: { check: { type: 'boolean' }, write: { type: 'string' } } });
const schemaFile = join(root, 'prisma/schema.prisma');
const migrationsDir = join(root, 'prisma/migrations');

async function difference() {
  const { startPostgres } = await import('../dist/libs/embedded/src/index.js');
  const { diffMigrations } = await import('../dist/apps/api/src/platform/prisma/migrate.js');
  const dir = await mkdtemp(join(tmpdir(), 'rekall-diff-'));
  try {
    await chmod(dir, 0o711); // as root: Postgres is not root
    const postgres = await startPostgres({ dir: join(dir, 'postgres'), fast: true });
    try {
      // The roles exist already, so migrations may speak of them.
      return await diffMigrations({ connectionString: postgres.adminUrl, migrationsDir, schemaFile });
    } finally {
      await postgres.remove();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function writeMigration(name, sql) {
  const time = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const folder = join(migrationsDir, `${time}_${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'migration.sql'), sql);
  console.log(`wrote ${folder.slice(root.length + 1)}/migration.sql`);
}

async function main() {
  if (options.write !== undefined && !/^[a-z0-9_]+$/.test(options.write)) {
    console.error('db-diff: the name of a migration is made of a-z, 0-9 and _');
    return 2;
  }
  if (!existsSync(schemaFile)) {
    console.error('db-diff: prisma/schema.prisma is missing');
    return 1;
  }
  const code = await buildIfStale();
  if (code !== 0) return code;
  mkdirSync(migrationsDir, { recursive: true });
  const sql = await difference();
  if (sql === '') {
    console.log('the migrations and the schema agree');
    return 0;
  }
  if (options.write !== undefined) writeMigration(options.write, sql);
  else console.log(sql);
  if (options.check !== true) return 0;
  console.error('db-diff: the schema is ahead of the migrations: npm run db:diff -- --write NAME makes one');
  return 1;
}

if (isProjectNode) process.exitCode = await main();
else becomeNode([fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
