import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';
import { createHttpApp } from '../../apps/api/src/http-app.js';
import { AuthService } from '../../apps/api/src/modules/auth/index.js';
import { type HttpConfig, loadConfig } from '../../apps/api/src/platform/config/env.js';
import type { RoleName } from '../../apps/api/src/platform/access/permission.js';
import { createTestDatabase, type TestDatabase } from './postgres.js';
import { FILESTORE_KEYS, type FileStoreProcess, startFileStore } from './filestore-process.js';

/** The API's HTTP role on a database of its own and a real file store; no worker runs. */
export interface TestApi {
  app: NestFastifyApplication;
  database: TestDatabase;
  store: FileStoreProcess;
  /** A connection to the database as its superuser, to look behind the API. */
  sql: Client;
  /** A new user with these grants and a token: its requests. */
  as(...grants: { role: RoleName; scope: string }[]): Promise<Caller>;
  /** Requests without credentials. */
  anonymous: TestAgent;
  close(): Promise<void>;
}

export interface Caller {
  http: TestAgent;
  userId: string;
  token: string;
}

export const BUCKET = 'evidence';

const startApp = async (config: HttpConfig): Promise<NestFastifyApplication> => {
  const app = await createHttpApp(config);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
};

export const startTestApi = async (): Promise<TestApi> => {
  const dir = await mkdtemp(join(tmpdir(), 'rekall-api-'));
  const database = await createTestDatabase();
  const store = await startFileStore(join(dir, 'store'));
  const config = loadConfig('http', {
    DATABASE_URL: database.url,
    S3_ENDPOINT: store.url,
    S3_BUCKET: BUCKET,
    S3_ACCESS_KEY: FILESTORE_KEYS.service.accessKeyId,
    S3_SECRET_KEY: FILESTORE_KEYS.service.secretAccessKey,
    REKALL_DEPLOYMENT: randomBytes(16).toString('hex'),
    REKALL_CURSOR_KEY: randomBytes(32).toString('hex'),
    REKALL_SESSION_KEY: randomBytes(32).toString('hex'),
    REKALL_DATA_DIR: join(dir, 'data'),
    LOG_LEVEL: 'silent',
  });
  const app = await startApp(config).catch(async (error: unknown) => {
    await store.stop(); // or the run would wait for it
    throw error;
  });
  const server = app.getHttpServer();
  const sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
  return {
    app,
    database,
    store,
    sql,
    anonymous: supertest(server),
    async as(...grants) {
      const made = await app.get(AuthService).provision({
        userName: `user-${randomBytes(6).toString('hex')}`,
        grants,
        tokenName: 'test',
        expiresAt: new Date(Date.now() + 3_600_000),
      });
      const http = supertest.agent(server);
      http.set('authorization', `Bearer ${made.token}`);
      return { http, userId: made.userId, token: made.token };
    },
    async close() {
      await sql.end();
      await app.close();
      await store.stop();
      await database.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

/** A registered client as the worker would have written it, with labels that people gave it. */
export const insertClient = async (
  sql: Client,
  labels: readonly string[] = [],
  fields: { registeredAt?: Date } = {},
): Promise<string> => {
  const identity = randomBytes(32).toString('hex');
  const id = `C.${identity.slice(0, 16)}`;
  await sql.query(
    `INSERT INTO clients (id, identity, queue, registered_at, first_seen_at, last_seen_at, startup_at, hostname, facts)
     VALUES ($1, $2, $3, $4, now(), now(), now(), $5, '{}')`,
    [id, identity, randomBytes(16).toString('hex'), fields.registeredAt ?? new Date(), `host-${id.slice(2, 6)}`],
  );
  for (const label of labels)
    await sql.query(`INSERT INTO client_labels (client_id, label, by) VALUES ($1, $2, 'U_test')`, [id, label]);
  return id;
};

/** A client's outcome in a hunt, as intake would have written it. */
export const insertRun = (sql: Client, flowId: string, clientId: string, state: string, rows = 0): Promise<unknown> =>
  sql.query(
    `INSERT INTO flow_runs (flow_id, client_id, attempt, state, started_at, finished_at, updated_at, ticket_key, rows)
     VALUES ($1, $2, 1, $3, now(), now(), now(), 'tickets/x', $4)`,
    [flowId, clientId, state, rows],
  );
