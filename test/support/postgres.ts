import { inject } from 'vitest';
import type { TestDatabaseUrls } from './postgres-server.js';

/** A database of one test file; nothing else uses it. */
export interface TestDatabase extends TestDatabaseUrls {
  /** Drops it, ending the connections to it. */
  drop(): Promise<void>;
}

async function ask(method: 'POST' | 'DELETE', path: string): Promise<unknown> {
  const response = await fetch(`${inject('databaseDoor')}/${path}`, { method });
  if (!response.ok) throw new Error(`the test Postgres: ${await response.text()}`);
  return response.json();
}

/**
 * A database on the real Postgres of this test run, as `migrateUrl` (owner), `url` (application) and `adminUrl`
 * (superuser): a copy of a migrated template (about 50 ms), or an empty one with `migrated: false`.
 */
export async function createTestDatabase({ migrated = true }: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const urls = (await ask('POST', migrated ? 'migrated' : 'empty')) as TestDatabaseUrls;
  return {
    ...urls,
    async drop() {
      await ask('DELETE', urls.name);
    },
  };
}
