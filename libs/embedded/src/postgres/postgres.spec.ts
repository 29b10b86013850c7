import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runOtherProcess, sourceUrl, until } from '../../../../test/support/other-process.js';
import { EmbeddedError } from '../errors.js';
import { freePort } from '../ports.js';
import { type EmbeddedPostgres, startPostgres, type StartPostgresOptions } from './postgres.js';
import { isAlive } from './process-identity.js';

const isRoot = process.getuid?.() === 0;
let home: string;
let dir: string;
let running: EmbeddedPostgres | undefined;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rekall-pg-'));
  await chmod(home, 0o755);
  dir = join(home, 'deep/postgres'); // one for most tests: making one anew takes a second or two
});
afterEach(() => running?.stop());
afterAll(async () => {
  await running?.remove();
  await rm(home, { recursive: true, force: true });
});

async function start(options: Partial<StartPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  running = await startPostgres({ dir, fast: true, ...options });
  return running;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function errorOf(promise: Promise<unknown>): Promise<EmbeddedError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EmbeddedError)) throw new Error(`expected an EmbeddedError, got ${String(error)}`);
  return error;
}

/** The user that a process runs as. */
async function userOf(pid: number): Promise<number> {
  return (await stat(`/proc/${pid}`)).uid;
}

describe('startPostgres', () => {
  it('runs a server on loopback that wants passwords, with databases for owner and application', async () => {
    const postgres = await start();
    const { url, migrateUrl } = await postgres.createDatabase('rekall');
    await query(migrateUrl, 'CREATE TABLE client (id text PRIMARY KEY)');
    await query(url, `INSERT INTO client VALUES ('C.1')`);
    await expect(query(url, 'DROP TABLE client')).rejects.toThrow('must be owner of table client');
    await expect(query(url, 'CREATE TABLE mine (id int)')).rejects.toThrow('permission denied for schema public');
    await expect(query(url.replace(/:[^:@/]+@/, ':guess@'), 'SELECT 1')).rejects.toThrow(
      'password authentication failed',
    );
    expect(await query(postgres.adminUrl, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(postgres.adminUrl, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);

    const copy = await postgres.createDatabase('copy', { template: 'rekall' });
    expect(await query(copy.url, 'SELECT id FROM client')).toEqual([{ id: 'C.1' }]);
    expect(await postgres.ensureDatabase('copy')).toEqual(copy);
    await postgres.dropDatabase('copy');
    await expect(query(copy.url, 'SELECT 1')).rejects.toThrow('database "copy" does not exist');
  });

  it('never runs as root, and keeps its passwords to us', async () => {
    const postgres = await start();
    expect(await userOf(postgres.pid)).not.toBe(0);
    const file = await stat(join(dir, 'credentials.json'));
    expect(file.mode & 0o777).toBe(0o600);
    expect(file.uid).toBe(process.getuid?.());
    expect((await stat(postgres.dataFolder)).mode & 0o077).toBe(0);
  });

  it('works in a home that only its owner may enter, in a folder that exists', async () => {
    const closed = join(home, 'closed');
    await mkdir(join(closed, 'postgres'), { recursive: true });
    await chmod(closed, 0o700);
    const first = await start({ dir: join(closed, 'postgres') });
    const { migrateUrl } = await first.createDatabase('rekall');
    await query(migrateUrl, 'CREATE TABLE kept (id int)');
    expect(first.dataFolder.startsWith(`${home}/`)).toBe(!isRoot); // root's Postgres could not reach it there
    await first.stop();
    const second = await start({ dir: join(closed, 'postgres') });
    expect(await query(migrateUrl, `SELECT to_regclass('kept') AS kept`)).toEqual([{ kept: 'kept' }]);
    await second.remove();
    expect(existsSync(second.dataFolder)).toBe(false);
  });

  it('finds its data and keeps its URLs at the next start on the same folder', async () => {
    const first = await start();
    const { url, migrateUrl } = await first.createDatabase('stopped');
    await query(migrateUrl, 'CREATE TABLE kept (id int)');
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    const second = await start();
    expect(second.url('stopped', 'app')).toBe(url);
    expect(await query(migrateUrl, `SELECT to_regclass('kept') AS kept`)).toEqual([{ kept: 'kept' }]);
  });

  it('comes back after the server was killed', async () => {
    const first = await start();
    const { migrateUrl } = await first.createDatabase('killed');
    await query(migrateUrl, 'CREATE TABLE kept (id int)');
    expect(await first.kill9()).toEqual({ code: null, signal: 'SIGKILL' });
    await start();
    expect(await query(migrateUrl, `SELECT to_regclass('kept') AS kept`)).toEqual([{ kept: 'kept' }]);
  });

  it('takes another port when its last one is taken, and refuses a taken one that was asked for', async () => {
    const first = await start();
    await first.stop();
    const rival = createServer().listen(first.port, '127.0.0.1');
    await once(rival, 'listening');
    const second = await start();
    expect(second.port).not.toBe(first.port);
    await second.stop();
    const refused = await errorOf(startPostgres({ dir, fast: true, port: first.port }));
    expect(refused.code).toBe('port-in-use');
    expect(refused.message).toBe(
      `Postgres: port ${first.port} on 127.0.0.1 is in use; stop what listens there or choose another port`,
    );
    rival.close();
    const port = await freePort();
    expect((await start({ port })).port).toBe(port);
  });

  it('refuses a folder that is in use', async () => {
    await start();
    const refused = await errorOf(startPostgres({ dir, fast: true }));
    expect(refused.code).toBe('dir-in-use');
    expect(refused.message).toContain(`is in use by process ${process.pid}`);
  });

  it('does not remove the data of a Postgres that runs again', async () => {
    const first = await start();
    await first.stop();
    const second = await start();
    expect((await errorOf(first.remove())).code).toBe('dir-in-use');
    expect(await query(second.adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is not confused by a postmaster.pid whose number another process has now', async () => {
    const first = await start();
    await first.stop();
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore', ...(isRoot ? await ownerOf(first.dataFolder) : {}) });
    try {
      const lines = [stranger.pid, first.dataFolder, 1, first.port, '', '127.0.0.1', '', 'ready'];
      await writeFile(join(first.dataFolder, 'postmaster.pid'), lines.join('\n'));
      const second = await start();
      expect(await query(second.adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(isAlive(stranger.pid!)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('says which data is of another version', async () => {
    const first = await start();
    await first.stop();
    const file = join(first.dataFolder, 'PG_VERSION');
    const text = await readFile(file, 'utf8');
    await writeFile(file, '11\n');
    const refused = await errorOf(startPostgres({ dir, fast: true }));
    await writeFile(file, text);
    expect(refused.message).toMatch(/was made by PostgreSQL 11, the embedded one is postgres \(PostgreSQL\) 18/);
  });

  it('says that its credentials are damaged, and leaves the data alone', async () => {
    const first = await start();
    await first.stop();
    const file = join(dir, 'credentials.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, '{"passwords":');
    const refused = await errorOf(startPostgres({ dir, fast: true }));
    expect(refused.message).toContain(`${file} is damaged`);
    await writeFile(file, text);
    await start();
  });
});

async function ownerOf(path: string): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await stat(path);
  return { uid, gid };
}

describe('when the process that started Postgres is killed', () => {
  /** Another process that starts one on our folder and tells its pid and its supervisor's. */
  async function startedElsewhere(): Promise<{
    other: ReturnType<typeof runOtherProcess>;
    pid: number;
    supervisor: number;
  }> {
    const other = runOtherProcess(`
      import { startPostgres } from '${sourceUrl('libs/embedded/src/index.ts')}';
      const postgres = await startPostgres({ dir: '${dir}', fast: true });
      await postgres.ensureDatabase('elsewhere');
      console.log(postgres.pid);`);
    const pid = Number(await other.line());
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return { other, pid, supervisor: Number(/^PPid:\t(\d+)$/m.exec(status)?.[1]) };
  }

  it('Postgres stops too, and the folder can be used again', async () => {
    const { other, pid } = await startedElsewhere();
    expect(isAlive(pid)).toBe(true);
    await other.kill9();
    await until('Postgres is gone', () => !isAlive(pid), 15_000);
    const again = await start();
    expect(await query(again.url('elsewhere', 'app'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('a Postgres whose supervisor was killed as well is stopped by the next start', async () => {
    const { other, pid, supervisor } = await startedElsewhere();
    process.kill(supervisor, 'SIGKILL');
    await other.kill9();
    expect(isAlive(pid)).toBe(true);
    const again = await start();
    expect(again.pid).not.toBe(pid);
    expect(await query(again.url('elsewhere', 'app'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
