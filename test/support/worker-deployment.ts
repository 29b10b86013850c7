import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Client } from 'pg';
import { type RunningProcess, startProcess, startWorker } from '#embedded';
import { type ObjectStore, openS3Store } from '#locations';
import {
  createCa,
  createLeaf,
  emptyMarks,
  type Entry,
  type JobFile,
  type KeyPairPem,
  keys,
  labelQueue,
  LedgerLine,
  randomHex32,
  readJobFile,
  readManifest,
  sha256Hex,
  signedFileText,
  signTrust,
} from '#wire';
import { createHttpApp } from '../../apps/api/src/http-app.js';
import { AuthService } from '../../apps/api/src/modules/auth/index.js';
import { loadConfig } from '../../apps/api/src/platform/config/env.js';
import { BUCKET } from './api.js';
import { FILESTORE_KEYS, type FileStoreProcess, startFileStore } from './filestore-process.js';
import { MovedClock } from './moved-clock.js';
import { createTestDatabase, type TestDatabase } from './postgres.js';

const ADMIN = fileURLToPath(new URL('../../dist/apps/api/src/admin.js', import.meta.url));

/** How a run of a program ended. */
export interface ProgramEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Its lines on stdout and stderr. */
  output: string;
}

/**
 * A deployment without agents: Postgres database, file store and keys of its own; the worker and the administrator's
 * program as processes, the HTTP role in this one.
 */
export class WorkerDeployment {
  readonly deployment = randomHex32();
  readonly secret = randomHex32();
  readonly queueKey = randomBytes(32);
  #workers: RunningProcess<unknown>[] = [];
  #app: NestFastifyApplication | undefined;

  private constructor(
    readonly folder: string,
    readonly store: FileStoreProcess,
    public database: TestDatabase,
    public sql: Client,
    readonly bucket: ObjectStore,
    readonly ca: KeyPairPem,
    readonly leaf: KeyPairPem,
    readonly clock: MovedClock | undefined,
  ) {}

  /** @param withClock the store, the worker, and what is given its environment, go by a clock that the test moves */
  static async start(withClock = false): Promise<WorkerDeployment> {
    const folder = await mkdtemp(join(tmpdir(), 'rekall-worker-'));
    const clock = withClock ? await MovedClock.start(join(folder, 'clock')) : undefined;
    const store = await startFileStore(join(folder, 'store'), [], clock?.command ?? []);
    const database = await createTestDatabase();
    const sql = new Client({ connectionString: database.adminUrl });
    await sql.connect();
    const bucket = openS3Store({
      endpoint: store.url,
      region: 'us-east-1',
      bucket: BUCKET,
      ...FILESTORE_KEYS.service,
    });
    const now = new Date();
    const ca = await createCa({ name: 'test CA', now });
    const leaf = await createLeaf({ name: 'test leaf', now, ca });
    const made = new WorkerDeployment(folder, store, database, sql, bucket, ca, leaf, clock);
    await made.#writeKeys(now);
    return made;
  }

  async #writeKeys(now: Date): Promise<void> {
    const trust = {
      __type__: 'Trust',
      deployment: this.deployment,
      epoch: 0,
      signing: [sha256Hex(new X509Certificate(this.leaf.certificatePem).raw)],
      issued_at: now.toISOString(),
    };
    const signed = await signTrust(JSON.stringify(trust), createPrivateKey(this.ca.privateKeyPem));
    const files = {
      'ca.pem': this.ca.certificatePem,
      'leaf.pem': this.leaf.certificatePem,
      'leaf.key': this.leaf.privateKeyPem,
      'trust.json': signedFileText(signed),
      'queue.key': `${this.queueKey.toString('hex')}\n`,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.folder, name), text, { mode: 0o600 });
  }

  /** The environment of worker and administrator. */
  environment(more: Record<string, string> = {}): Record<string, string> {
    return {
      DATABASE_URL: this.database.url,
      DATABASE_MIGRATE_URL: this.database.migrateUrl,
      S3_ENDPOINT: this.store.url,
      S3_BUCKET: BUCKET,
      S3_ACCESS_KEY: FILESTORE_KEYS.service.accessKeyId,
      S3_SECRET_KEY: FILESTORE_KEYS.service.secretAccessKey,
      S3_UPLOAD_ACCESS_KEY: FILESTORE_KEYS.upload.accessKeyId,
      S3_UPLOAD_SECRET_KEY: FILESTORE_KEYS.upload.secretAccessKey,
      REKALL_DEPLOYMENT: this.deployment,
      REKALL_PUBLIC_SECRET: this.secret,
      REKALL_CA_CERT_FILE: join(this.folder, 'ca.pem'),
      REKALL_SIGNING_CERT_FILE: join(this.folder, 'leaf.pem'),
      REKALL_SIGNING_KEY_FILE: join(this.folder, 'leaf.key'),
      REKALL_TRUST_FILE: join(this.folder, 'trust.json'),
      REKALL_QUEUE_KEY_FILE: join(this.folder, 'queue.key'),
      REKALL_INTAKE_SECONDS: '0.05',
      REKALL_RECONCILE_SECONDS: '0.2',
      REKALL_ARCHIVE_SECONDS: '0.2',
      LOG_LEVEL: 'warn',
      ...this.clock?.environment,
      ...more,
    };
  }

  /** Starts a worker; ready when this resolves. */
  async startWorker(more: Record<string, string> = {}): Promise<RunningProcess<true>> {
    const worker = await startWorker({ env: this.environment(more) });
    this.#workers.push(worker);
    return worker;
  }

  /** Runs one pass of a worker to its end. */
  async once(more: Record<string, string> = {}): Promise<ProgramEnd> {
    return this.#toEnd(
      'worker',
      fileURLToPath(new URL('../../dist/apps/api/src/worker.js', import.meta.url)),
      ['--once'],
      more,
    );
  }

  /** Runs a command of the administrator. */
  admin(...args: string[]): Promise<ProgramEnd> {
    return this.#toEnd('admin', ADMIN, args, {});
  }

  /** Runs a program on the worker's environment to its end. */
  async #toEnd(name: string, file: string, args: string[], more: Record<string, string>): Promise<ProgramEnd> {
    const program = await startProcess({
      name,
      command: process.execPath,
      args: ['--import', 'data:text/javascript,console.error("started")', file, ...args],
      env: this.environment(more),
      ready: (line) => (line === 'started' ? true : undefined),
    });
    const { code, signal } = await program.exited;
    return { code, signal, output: program.output() };
  }

  /** The HTTP role in this process. */
  async api(): Promise<NestFastifyApplication> {
    if (this.#app !== undefined) return this.#app;
    const app = await createHttpApp(
      loadConfig('http', {
        DATABASE_URL: this.database.url,
        S3_ENDPOINT: this.store.url,
        S3_BUCKET: BUCKET,
        S3_ACCESS_KEY: FILESTORE_KEYS.service.accessKeyId,
        S3_SECRET_KEY: FILESTORE_KEYS.service.secretAccessKey,
        REKALL_DEPLOYMENT: this.deployment,
        REKALL_CURSOR_KEY: randomBytes(32).toString('hex'),
        REKALL_SESSION_KEY: randomBytes(32).toString('hex'),
        REKALL_DATA_DIR: join(this.folder, 'data'),
        LOG_LEVEL: 'silent',
      }),
    );
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    this.#app = app;
    return app;
  }

  /** A call of the HTTP role as an administrator over everything. Throws when it is refused. */
  async call(method: 'GET' | 'POST', path: string, body?: object): Promise<Record<string, unknown>> {
    const app = await this.api();
    this.#token ??= (
      await app.get(AuthService).provision({
        userName: 'tester',
        grants: [{ role: 'Administrator', scope: '*' }],
        tokenName: 'test',
        expiresAt: new Date(Date.now() + 300 * 86_400_000), // the clock may be moved by weeks
      })
    ).token;
    const response = await app.inject({
      method,
      url: `/api/v1${path}`,
      headers: { authorization: `Bearer ${this.#token}` },
      ...(body === undefined ? {} : { payload: body }),
    });
    if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${response.body}`);
    return response.json();
  }
  #token: string | undefined;

  /** Another, empty and migrated, database in place of the first, as after its loss. */
  async loseDatabase(): Promise<void> {
    await this.#app?.close();
    this.#app = undefined;
    this.#token = undefined;
    await this.sql.end();
    await this.database.drop();
    this.database = await createTestDatabase();
    this.sql = new Client({ connectionString: this.database.adminUrl });
    await this.sql.connect();
  }

  /** Keeps the database as it is now; `putBack` has it again, whatever came since. No worker may run meanwhile. */
  async dump(): Promise<{ putBack: () => Promise<void> }> {
    const { name } = this.database;
    await this.#apart(async (sql) => {
      await sql.query(`CREATE DATABASE ${name}_dump TEMPLATE ${name}`);
    });
    const putBack = (): Promise<void> =>
      this.#apart(async (sql) => {
        await sql.query(`DROP DATABASE ${name}`);
        await sql.query(`ALTER DATABASE ${name}_dump RENAME TO ${name}`);
      });
    return { putBack };
  }

  /** Work on the database from outside, nobody connected to it. */
  async #apart(work: (sql: Client) => Promise<void>): Promise<void> {
    await this.#app?.close();
    this.#app = undefined;
    this.#token = undefined;
    await this.sql.end();
    const url = new URL(this.database.adminUrl);
    url.pathname = '/postgres';
    const outside = new Client({ connectionString: url.href });
    await outside.connect();
    await work(outside).finally(() => outside.end());
    this.sql = new Client({ connectionString: this.database.adminUrl });
    await this.sql.connect();
  }

  /** The text of a file as agents read it, without credentials. Throws when there is none. */
  async publicText(key: string): Promise<string> {
    const response = await fetch(`${this.store.url}/${BUCKET}/${key}`);
    if (!response.ok) throw new Error(`${key}: HTTP ${response.status}`);
    return response.text();
  }

  /** The Manifest, verified as an agent does. */
  async manifest() {
    const text = await this.publicText(keys.manifest(this.secret));
    const ca = new X509Certificate(this.ca.certificatePem);
    return readManifest(text, { ca, now: new Date(), marks: emptyMarks(), deployment: this.deployment });
  }

  /** A queue's file, verified as an agent does. */
  async jobFile(queue: string): Promise<JobFile> {
    const { trust, marks } = await this.manifest();
    const text = await this.publicText(keys.jobs(this.secret, queue));
    return (await readJobFile(text, { trust, queue, now: new Date(), marks })).jobFile;
  }

  /** Its entries; a file that was never published has none. */
  async entries(queue: string): Promise<Entry[]> {
    const published = await this.bucket.head(keys.jobs(this.secret, queue));
    return published === undefined ? [] : (await this.jobFile(queue)).entries;
  }

  /** The queue of a label. */
  queueOf(label: string): string {
    return labelQueue(this.queueKey, label, 1);
  }

  /** Every line of the archive objects under `ledger/` or `quarantine/`. */
  async archived(prefix: 'ledger/' | 'quarantine/'): Promise<LedgerLine[]> {
    const lines: LedgerLine[] = [];
    for await (const { key } of this.bucket.listAll(prefix)) {
      const got = await this.bucket.get(key, { maxBytes: 100_000_000 });
      if (got.kind !== 'found') throw new Error(`${key} is gone`);
      const text = gunzipSync(got.body).toString('utf8').trim();
      for (const line of text.split('\n')) lines.push(LedgerLine.parse(JSON.parse(line)));
    }
    return lines;
  }

  async stop(): Promise<void> {
    for (const worker of this.#workers) await worker.stop();
    await this.#app?.close();
    this.bucket.close();
    await this.sql.end();
    await this.store.stop();
    await this.database.drop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Waits until `look` answers something else than undefined; fails after the deadline with what it was waiting for. */
export const eventually = async <T>(
  what: string,
  look: () => Promise<T | undefined>,
  withinMs = 20_000,
): Promise<T> => {
  for (const end = Date.now() + withinMs; ;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
