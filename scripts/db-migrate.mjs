// Applies prisma/migrations to the database of DATABASE_MIGRATE_URL.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './support/build.mjs';
import { becomeNode, helpOrContinue, isProjectNode, root } from './support/project.mjs';

helpOrContinue(`
db-migrate: applies the migrations of prisma/migrations that the database has not seen, one process at a time
  DATABASE_MIGRATE_URL   the database, as its owner: postgresql://user:password@host:5432/name
`);

async function main() {
  const connectionString = process.env.DATABASE_MIGRATE_URL;
  if (connectionString === undefined || connectionString === '') {
    console.error('db-migrate: DATABASE_MIGRATE_URL is not set: give the URL of the database, as its owner');
    return 2;
  }
  const code = await buildIfStale();
  if (code !== 0) return code;
  const { applyMigrations, MigrationError } = await import('../dist/apps/api/src/platform/prisma/migrate.js');
  try {
    const applied = await applyMigrations({ connectionString, migrationsDir: join(root, 'prisma/migrations') });
    for (const name of applied) console.log(`applied ${name}`);
    if (applied.length === 0) console.log('up to date');
    return 0;
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    console.error(`db-migrate: ${error.message}`);
    return 1;
  }
}

if (isProjectNode) process.exitCode = await main();
else becomeNode([fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
