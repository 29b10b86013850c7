import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import {
  type EmbeddedPostgres,
  runAdmin,
  type RunningProcess,
  type Server,
  startAgent,
  startApi,
  startFilestore,
  startPostgres,
  startWorker,
  childEnvironment,
} from '#embedded';
import { type ObjectStore, openS3Store } from '#locations';

const CONSOLE = fileURLToPath(new URL('../../dist/apps/console/src/main.js', import.meta.url));
const WORKER = fileURLToPath(new URL('../../dist/apps/api/src/worker.js', import.meta.url));

/** How a run of `rekall` ended. */
export interface CommandEnd {
  code: number | null;
  output: string;
}

/** Runs a built program to its end. */
const runProgram = async (file: string, args: readonly string[], env: Record<string, string>): Promise<CommandEnd> => {
  const child = spawn(process.execPath, [file, ...args], {
    env: childEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
};

/** An answer of the API. */
export interface Answer<T> {
  status: number;
  body: T;
}

/** Waits until something holds; says what it waited for when it does not come about. */
export const eventually = async <T>(
  what: string,
  look: () => Promise<T | undefined>,
  withinMs = 45_000,
): Promise<T> => {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited ${String(withinMs)} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** A deployment made by `rekall init`, every part of it a process of its own that a test can stop and start again. */
export class WholeSystem {
  declare postgres: EmbeddedPostgres;
  declare databases: { url: string; migrateUrl: string };
  declare store: Server;
  api: Server | undefined;
  worker: RunningProcess<true> | undefined;
  agents: RunningProcess<true>[] = [];
  declare bucket: ObjectStore;
  token = '';
  #databaseName = 'rekall';
  #apiPort = 0;

  readonly root: string;
  readonly dir: string;

  private constructor(root: string, dir: string) {
    this.root = root;
    this.dir = dir;
  }

  /** Makes the deployment and starts Postgres and the file store; nothing else runs yet. */
  static async make(): Promise<WholeSystem> {
    const root = await mkdtemp(join(tmpdir(), 'rekall-system-'));
    await chmod(root, 0o711);
    const system = new WholeSystem(root, join(root, 'deployment'));
    const made = await system.rekall('init', '--dir', system.dir);
    if (made.code !== 0) throw new Error(made.output);
    system.token = (await readFile(join(system.dir, 'token'), 'utf8')).trim();
    await system.startPostgres();
    system.store = await startFilestore({ configFile: join(system.dir, 'filestore.json') });
    const env = await system.environment('worker.env');
    system.bucket = openS3Store({
      endpoint: system.store.ready,
      region: 'us-east-1',
      bucket: env['S3_BUCKET'] ?? '',
      accessKeyId: env['S3_ACCESS_KEY'] ?? '',
      secretAccessKey: env['S3_SECRET_KEY'] ?? '',
    });
    return system;
  }

  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres({ dir: join(this.dir, 'postgres'), fast: true });
    this.databases = await this.postgres.ensureDatabase(this.#databaseName);
  }

  /** An empty database with the schema, as after the loss of the old one. */
  async loseDatabase(): Promise<void> {
    await this.postgres.dropDatabase(this.#databaseName);
    this.#databaseName = `again_${randomBytes(4).toString('hex')}`;
    this.databases = await this.postgres.createDatabase(this.#databaseName);
    await this.admin('migrate');
  }

  async environment(file: string): Promise<Record<string, string>> {
    const parsed = parseEnv(await readFile(join(this.dir, file), 'utf8'));
    return Object.fromEntries(Object.entries(parsed).filter((e): e is [string, string] => e[1] !== undefined));
  }

  async #workerEnvironment(more: Record<string, string>): Promise<Record<string, string>> {
    const quick = {
      REKALL_INTAKE_SECONDS: '0.1',
      REKALL_RECONCILE_SECONDS: '1',
      REKALL_ARCHIVE_SECONDS: '1',
      REKALL_POLL_MIN: '0.5',
      REKALL_POLL_MAX: '1',
      LOG_LEVEL: 'warn',
    };
    return { ...(await this.environment('worker.env')), DATABASE_URL: this.databases.url, ...quick, ...more };
  }

  async startWorker(more: Record<string, string> = {}): Promise<RunningProcess<true>> {
    this.worker = await startWorker({ env: await this.#workerEnvironment(more) });
    return this.worker;
  }

  async startApi(more: Record<string, string> = {}): Promise<void> {
    const env = {
      ...(await this.environment('http.env')),
      DATABASE_URL: this.databases.url,
      HTTP_PORT: String(this.#apiPort),
      LOG_LEVEL: 'warn',
      ...more,
    };
    this.api = await startApi({ env });
    this.#apiPort = Number(new URL(this.api.ready).port);
  }

  /** An administrator's command, such as `migrate` or `rebuild`. */
  async admin(...args: string[]): Promise<string> {
    const env = {
      ...(await this.environment('admin.env')),
      DATABASE_URL: this.databases.url,
      DATABASE_MIGRATE_URL: this.databases.migrateUrl,
      LOG_LEVEL: 'warn',
    };
    return (await runAdmin(args, env)).stdout;
  }

  /** A worker that does everything once and ends. */
  async workerOnce(): Promise<void> {
    const end = await runProgram(WORKER, ['--once'], await this.#workerEnvironment({}));
    if (end.code !== 0) throw new Error(`worker --once ended with ${String(end.code)}:\n${end.output}`);
  }

  /** Agent number `n`, with its own key and state; the same number again is the same agent. */
  async startAgent(n: number, env: Record<string, string> = {}): Promise<RunningProcess<true>> {
    const state = join(this.dir, 'agents', String(n));
    await mkdir(state, { recursive: true, mode: 0o700 });
    const agent = await startAgent({
      name: `agent ${String(n)}`,
      configFile: join(this.dir, 'agent.json'),
      args: ['--state', state],
      env,
    });
    this.agents.push(agent);
    return agent;
  }

  async call<T>(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.api?.ready ?? ''}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  /** Runs the `rekall` command as a user would. */
  rekall(...args: string[]): Promise<CommandEnd> {
    return runProgram(CONSOLE, args, {});
  }

  async close(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.kill9()));
    await Promise.all([this.api?.stop(), this.worker?.stop()]);
    this.bucket.close();
    await this.store.stop();
    await this.postgres.remove();
    await rm(this.root, { recursive: true, force: true });
  }
}
