import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ChildExit, type RunningProcess, startProcess } from '../child.js';
import { EmbeddedError } from '../errors.js';
import { freePort, isPortFree, requireFreePort } from '../ports.js';
import { installedBinaries, type PostgresBinaries, sharedBinaries } from './binaries.js';
import { type DatabaseRole, newCredentials, readCredentials, writeCredentials } from './credentials.js';
import { asUser, ensureCluster, makeHomeFolder, removeCluster, settleEarlierRun } from './data-folder.js';
import {
  createDatabase,
  databaseExists,
  type DatabaseUrls,
  databaseUrl,
  dropDatabase,
  ensureRoles,
} from './databases.js';
import { lockFolder } from './folder-lock.js';
import { ROOT_STATE_FOLDER } from './state-folder.js';
import { postgresUser, type SystemUser } from './system-user.js';

/** Where and how to run a Postgres. */
export interface StartPostgresOptions {
  /** Holds everything of it: `data`, `credentials.json` (0600), `postgres.log`, `lock`. Made when missing. */
  dir: string;
  /** A fixed loopback port; else the last one of this folder when it is free, else any free one. */
  port?: number;
  /** Loses data when the machine stops: for tests. */
  fast?: boolean;
  /** As root: where programs and data go that the unprivileged user must reach. Default /var/lib/rekall-agent. */
  stateFolder?: string;
}

/** A running Postgres on 127.0.0.1; it ends with this process, however that ends. */
export interface EmbeddedPostgres {
  /** The superuser's URL of the database `postgres`. */
  adminUrl: string;
  port: number;
  pid: number;
  /** The real path of its data. */
  dataFolder: string;
  exited: Promise<ChildExit>;
  /** A database's URL for a role; it holds a password. */
  url(database: string, role: DatabaseRole): string;
  /** Creates a database that the owner role owns and the app role may use; with `template` as a copy of that one. */
  createDatabase(name: string, options?: { template?: string }): Promise<DatabaseUrls>;
  /** The same for a database that may exist already. */
  ensureDatabase(name: string): Promise<DatabaseUrls>;
  /** Drops it, ending the connections to it. */
  dropDatabase(name: string): Promise<void>;
  /** Fast shutdown; after 20 s it is killed. */
  stop(): Promise<ChildExit>;
  /** SIGKILL to the server, as a crash would be. */
  kill9(): Promise<ChildExit>;
  /** Stops it and removes its data, but not the shared programs. Refused while somebody else runs it again. */
  remove(): Promise<void>;
  /** Its last log lines. */
  output(): string;
}

const STOP_WITHIN_MS = 20_000;
const TRIES = 5;
const FAST_SETTINGS = ['fsync=off', 'full_page_writes=off', 'max_connections=300'] as const; // survive kill -9

/**
 * Starts a real PostgreSQL server on the folder, on 127.0.0.1 with passwords only. As root it runs as an unprivileged
 * user of the machine. Throws {@link EmbeddedError} with what to do: port or folder in use, data of another version,
 * no programs for this machine, or the server's own last lines.
 */
export async function startPostgres(options: StartPostgresOptions): Promise<EmbeddedPostgres> {
  if (options.port !== undefined) await requireFreePort(options.port, 'Postgres');
  await makeHomeFolder(options.dir);
  const dir = await realpath(options.dir);
  const unlock = await lockFolder(join(dir, 'lock'), dir);
  try {
    return await startInFolder(dir, unlock, options);
  } catch (error) {
    await unlock();
    throw error;
  }
}

/**
 * Removes the data of a Postgres that does not run, also where it lies outside its folder; the shared programs stay.
 * Throws {@link EmbeddedError} `dir-in-use` while somebody runs it.
 */
export async function removePostgres(dir: string): Promise<void> {
  if (!existsSync(dir)) return;
  const release = await lockFolder(join(dir, 'lock'), dir);
  try {
    const link = join(dir, 'data');
    if (existsSync(link)) await settleEarlierRun(await realpath(link));
    await removeCluster(link);
  } finally {
    await release();
  }
}

async function startInFolder(
  dir: string,
  unlock: () => Promise<void>,
  options: StartPostgresOptions,
): Promise<EmbeddedPostgres> {
  const user = await postgresUser();
  const stateFolder = options.stateFolder ?? ROOT_STATE_FOLDER;
  const binaries = user === undefined ? await installedBinaries() : await sharedBinaries(stateFolder);
  const link = join(dir, 'data');
  const file = join(dir, 'credentials.json');
  let credentials = await readCredentials(file);
  if (credentials === undefined) {
    credentials = newCredentials();
    await writeCredentials(file, credentials);
    await removeCluster(link); // nobody knows its passwords
  }
  const fast = options.fast ?? false;
  const adminPassword = credentials.passwords.admin;
  const dataFolder = await ensureCluster(link, { binaries, adminPassword, user, fast, stateFolder });
  await settleEarlierRun(dataFolder);
  const { server, port } = await launch({ dir, dataFolder, binaries, user, fast }, options.port, credentials.port);
  try {
    const url = (database: string, role: DatabaseRole): string => databaseUrl(port, credentials, database, role);
    if (credentials.port !== port) await writeCredentials(file, { ...credentials, port });
    await ensureRoles(url('postgres', 'admin'), credentials);
    return handle(server, { port, dataFolder, dir, url, unlock });
  } catch (error) {
    await server.stop();
    throw error;
  }
}

interface Launch {
  dir: string;
  dataFolder: string;
  binaries: PostgresBinaries;
  user: SystemUser | undefined;
  fast: boolean;
}

/** Starts the server; tries again where only the moment was wrong. */
async function launch(
  what: Launch,
  wanted: number | undefined,
  last: number | undefined,
): Promise<{ server: RunningProcess<true>; port: number }> {
  let port = wanted ?? (last !== undefined && (await isPortFree(last)) ? last : await freePort());
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { server: await launchOn(what, port), port };
    } catch (error) {
      const text = error instanceof Error ? error.message : '';
      const lostPort = text.includes('could not create any TCP/IP sockets') || text.includes('could not bind');
      if (lostPort && wanted !== undefined) {
        throw new EmbeddedError('port-in-use', `Postgres: port ${wanted} on 127.0.0.1 is in use; choose another port`);
      }
      // After a crash the killed server's own children may need a moment to end and let go of its shared memory.
      const stillThere = text.includes('pre-existing shared memory block') || text.includes('is still in use');
      if (attempt === TRIES || !(lostPort || stillThere)) throw error;
      if (lostPort) port = await freePort();
      else await delay(200 * attempt);
    }
  }
}

function launchOn(what: Launch, port: number): Promise<RunningProcess<true>> {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'password_encryption=scram-sha-256',
    'timezone=UTC',
    'log_timezone=UTC',
    ...(what.fast ? FAST_SETTINGS : []),
  ];
  return startProcess({
    name: 'postgres',
    command: what.binaries.postgres,
    args: ['-D', what.dataFolder, ...settings.flatMap((setting) => ['-c', setting])],
    cwd: what.dataFolder,
    ...asUser(what.user),
    ready: (line) => (line.includes('database system is ready to accept connections') ? true : undefined),
    readyWithinMs: 60_000, // recovery after a crash comes first
    logFile: join(what.dir, 'postgres.log'),
    stopSignal: 'SIGINT', // fast shutdown: ends connections, writes a checkpoint
    stopWithinMs: STOP_WITHIN_MS,
  });
}

interface Running {
  port: number;
  dataFolder: string;
  dir: string;
  url: (database: string, role: DatabaseRole) => string;
  unlock: () => Promise<void>;
}

function handle(server: RunningProcess<true>, { port, dataFolder, dir, url, unlock }: Running): EmbeddedPostgres {
  const adminUrl = url('postgres', 'admin');
  const exited = server.exited.then(async (exit) => {
    await unlock();
    return exit;
  });
  return {
    adminUrl,
    port,
    pid: server.pid,
    dataFolder,
    exited,
    url,
    createDatabase: (name, options) => createDatabase(url, name, options?.template),
    async ensureDatabase(name) {
      if (await databaseExists(adminUrl, name)) return { migrateUrl: url(name, 'owner'), url: url(name, 'app') };
      return createDatabase(url, name);
    },
    dropDatabase: (name) => dropDatabase(adminUrl, name),
    async stop() {
      await server.stop();
      return exited;
    },
    async kill9() {
      await server.kill9();
      return exited;
    },
    async remove() {
      await server.stop();
      await exited;
      await removePostgres(dir); // refused when it was started again, by somebody else
    },
    output: () => server.output(),
  };
}
