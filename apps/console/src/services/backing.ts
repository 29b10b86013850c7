import { join } from 'node:path';
import { makeFolder } from '#files';
import { startFilestore, startPostgres } from '#embedded';
import type { Deployment } from '../deployment/deployment.js';
import { readEnvFile, readNeeded } from '../deployment/files.js';
import type { Layout } from '../deployment/layout.js';
import { checkDatabase, checkStore } from './check.js';
import type { Parts } from './parts.js';
import { findRunning } from './running.js';

const DATABASE = 'rekall';

/** URLs of the database, for the two roles. */
export interface Databases {
  url: string;
  migrateUrl: string;
}

/** Says what is going on. */
export type Say = (text: string) => void;

export interface BackingOptions {
  layout: Layout;
  deployment: Deployment;
  parts: Parts;
  say: Say;
  /** Loses data when the machine stops: for a demo. */
  fast?: boolean;
  /** Removes the database when it has stopped: for a demo. */
  temporary?: boolean;
}

/** The database: our own Postgres started, or the given one reached. */
export const startDatabase = async (options: BackingOptions): Promise<Databases> => {
  const { layout, deployment, parts, say } = options;
  if (!deployment.embeddedPostgres) {
    const env = await readEnvFile(layout.adminEnv);
    const databases = { url: env['DATABASE_URL'] ?? '', migrateUrl: env['DATABASE_MIGRATE_URL'] ?? '' };
    await checkDatabase(databases.migrateUrl, 'DATABASE_MIGRATE_URL', layout);
    return databases;
  }
  say('starting PostgreSQL');
  const postgres = await startPostgres({ dir: layout.postgres, fast: options.fast ?? false });
  parts.add({ ...postgres, name: 'postgres', pid: postgres.pid });
  if (options.temporary === true) parts.afterwards(() => postgres.remove());
  return postgres.ensureDatabase(DATABASE);
};

/** The store: our own file store started, or the given one reached with its keys. */
export const startStore = async ({ layout, deployment, parts, say }: BackingOptions): Promise<void> => {
  if (!deployment.embeddedStore) {
    await checkStore(await readEnvFile(layout.workerEnv), layout);
    return;
  }
  await readNeeded(layout.filestoreConfig, 'restore it from a backup');
  say('starting the file store');
  makeFolder(layout.logs);
  parts.add(await startFilestore({ configFile: layout.filestoreConfig, logFile: join(layout.logs, 'filestore.log') }));
};

/** What a one-shot command needs of a deployment, started unless a `rekall up` runs it already. */
export const openBacking = async (
  options: BackingOptions & { store: boolean },
): Promise<{ databases: Databases; running: boolean }> => {
  const running = await findRunning(options.layout);
  if (running !== undefined)
    return { databases: { url: running.databaseUrl, migrateUrl: running.migrateUrl }, running: true };
  const databases = await startDatabase(options);
  if (options.store) await startStore(options);
  return { databases, running: false };
};
