import { readEnvFile } from '../deployment/files.js';
import type { Layout } from '../deployment/layout.js';
import type { Databases } from './backing.js';

/** A child's whole environment. */
export type Environment = Record<string, string>;

/** What the HTTP role gets: no signing key, no upload key, no owner of the database. */
export const httpEnvironment = async (layout: Layout, databases: Databases, port: number): Promise<Environment> => ({
  ...(await readEnvFile(layout.httpEnv)),
  DATABASE_URL: databases.url,
  HTTP_PORT: String(port),
});

/** What the worker role gets. */
export const workerEnvironment = async (layout: Layout, databases: Databases): Promise<Environment> => ({
  ...(await readEnvFile(layout.workerEnv)),
  DATABASE_URL: databases.url,
});

/** What the admin role gets. */
export const adminEnvironment = async (layout: Layout, databases: Databases): Promise<Environment> => ({
  ...(await readEnvFile(layout.adminEnv)),
  DATABASE_URL: databases.url,
  DATABASE_MIGRATE_URL: databases.migrateUrl,
});
