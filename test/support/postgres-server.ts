import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { type DatabaseUrls, type EmbeddedPostgres, startPostgres } from '#embedded';
import { applyMigrations } from '../../apps/api/src/platform/prisma/migrate.js';

/** What a test gets: a database of its own, and its URLs. */
export interface TestDatabaseUrls extends DatabaseUrls {
  name: string;
  /** The superuser on this database. */
  adminUrl: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for databases: POST makes one, DELETE drops one. */
    databaseDoor: string;
  }
}

const TEMPLATE = 'migrated';
const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** One Postgres for the whole run, started when the first test file asks for a database. */
class TestPostgres {
  #starting: Promise<{ dir: string; postgres: EmbeddedPostgres }> | undefined;

  async create(migrated: boolean): Promise<TestDatabaseUrls> {
    this.#starting ??= this.#start();
    const { postgres } = await this.#starting;
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    const urls = await postgres.createDatabase(name, migrated ? { template: TEMPLATE } : {});
    return { name, adminUrl: postgres.url(name, 'admin'), ...urls };
  }

  async drop(name: string): Promise<void> {
    const running = await this.#starting;
    await running?.postgres.dropDatabase(name);
  }

  async stop(): Promise<void> {
    const running = await this.#starting;
    if (running === undefined) return;
    await running.postgres.remove();
    await rm(running.dir, { recursive: true, force: true });
  }

  async #start(): Promise<{ dir: string; postgres: EmbeddedPostgres }> {
    const dir = await mkdtemp(join(tmpdir(), 'rekall-test-'));
    await chmod(dir, 0o711); // as root: Postgres is not root
    const postgres = await startPostgres({ dir: join(dir, 'postgres'), fast: true });
    const { migrateUrl } = await postgres.createDatabase(TEMPLATE);
    await applyMigrations({ connectionString: migrateUrl, migrationsDir: MIGRATIONS });
    return { dir, postgres };
  }
}

async function answer(response: ServerResponse, work: () => Promise<unknown>): Promise<void> {
  try {
    const body = JSON.stringify(await work());
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.message : String(error)); // the asking test fails with it
  }
}

/** Vitest's global set-up: opens the door; answers the function that closes it and stops Postgres. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const testPostgres = new TestPostgres();
  const secret = randomUUID(); // nobody else on this machine gets a database
  const server = createServer((request, response) => {
    const [path, name] = (request.url ?? '').slice(1).split('/');
    if (path !== secret) {
      response.writeHead(404).end();
    } else if (request.method === 'POST') {
      void answer(response, () => testPostgres.create(name === 'migrated'));
    } else {
      void answer(response, async () => {
        await testPostgres.drop(name ?? '');
        return {};
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  project.provide('databaseDoor', `http://127.0.0.1:${port}/${secret}`);
  return async () => {
    server.closeAllConnections();
    server.close();
    await testPostgres.stop();
  };
}
