import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, readlink, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { makeFolder } from '#files';
import { EmbeddedError, systemErrorCode } from '../errors.js';
import type { PostgresBinaries } from './binaries.js';
import { isAlive, isPostgresOn } from './process-identity.js';
import { requireStateFolder } from './state-folder.js';
import { canReach, type SystemUser } from './system-user.js';

const run = promisify(execFile);
const ORPHAN_STOPS_WITHIN_MS = 20_000;

/** The ids to start a program with; empty for "as ourselves". */
export const asUser = (user: SystemUser | undefined): { uid?: number; gid?: number } =>
  user === undefined ? {} : { uid: user.uid, gid: user.gid };

/** What initdb needs to know. */
export interface ClusterOptions {
  binaries: PostgresBinaries;
  /** The superuser's password. */
  adminPassword: string;
  /** Run initdb as this user, and give him the files. */
  user: SystemUser | undefined;
  /** Do not wait for the disk: for tests only. */
  fast: boolean;
  /** Where the data of a folder goes that the user cannot reach. */
  stateFolder: string;
}

/**
 * The data folder behind `link` (`<dir>/data`), made by initdb when it is missing. As root in a folder that the
 * unprivileged user cannot reach (a home with mode 0700) the data lies in the state folder and `link` is a symbolic
 * link to it. Answers its real path. Made under another name and renamed when complete: a killed initdb leaves nothing
 * that looks like a database.
 */
export async function ensureCluster(link: string, options: ClusterOptions): Promise<string> {
  if (!existsSync(link)) {
    await rm(link, { force: true }); // a link whose target is gone
    await makeCluster(link, options);
  }
  const folder = await realpath(link);
  await requireSameVersion(folder, options.binaries);
  return folder;
}

async function makeCluster(link: string, options: ClusterOptions): Promise<void> {
  const { user, stateFolder } = options;
  const reachable = user === undefined || (await canReach(user, dirname(link)));
  const target = reachable ? link : join(stateFolder, `data-${randomUUID()}`);
  if (!reachable) await requireStateFolder(stateFolder);

  const work = `${target}.new-${randomUUID().slice(0, 8)}`;
  await mkdir(work, { mode: 0o700 });
  try {
    if (user !== undefined) await chown(work, user.uid, user.gid);
    await initdb(join(work, 'data'), join(work, 'password'), options);
    await rename(join(work, 'data'), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  if (!reachable) await symlink(target, link);
}

async function initdb(folder: string, passwordFile: string, options: ClusterOptions): Promise<void> {
  await writeFile(passwordFile, `${options.adminPassword}\n`, { mode: 0o600 });
  if (options.user !== undefined) await chown(passwordFile, options.user.uid, options.user.gid);
  const args = ['-D', folder, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'];
  args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'); // the same order on every machine
  if (options.fast) args.push('--no-sync');
  try {
    await run(options.binaries.initdb, args, { cwd: '/', env: { PATH: process.env['PATH'] }, ...asUser(options.user) });
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
    throw new EmbeddedError('cannot-start', `initdb failed in ${folder}: ${said === '' ? String(error) : said}`, {
      cause: error,
    });
  }
}

async function requireSameVersion(folder: string, binaries: PostgresBinaries): Promise<void> {
  const made = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim();
  const { stdout } = await run(binaries.postgres, ['--version']);
  const major = /(\d+)\./.exec(stdout)?.[1];
  if (made === major) return;
  throw new EmbeddedError(
    'data-version',
    `${folder} was made by PostgreSQL ${made}, the embedded one is ${stdout.trim()}: move the folder away and rebuild from the bucket, or dump it with PostgreSQL ${made}`,
  );
}

/**
 * Deals with the postmaster.pid of an earlier run; the caller holds the folder's lock. A Postgres whose owner is gone is
 * stopped; a file whose pid now belongs to another process is removed (Postgres would take that process for a rival).
 */
export async function settleEarlierRun(folder: string): Promise<void> {
  const pidFile = join(folder, 'postmaster.pid');
  let text: string;
  try {
    text = await readFile(pidFile, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  const pid = Number(text.split('\n')[0]);
  if (Number.isInteger(pid) && pid > 0 && isAlive(pid) && (await isPostgresOn(pid, folder))) {
    await stopOrphan(pid, folder);
    return;
  }
  await rm(pidFile, { force: true });
}

async function stopOrphan(pid: number, folder: string): Promise<void> {
  process.kill(pid, 'SIGINT');
  for (let waited = 0; await isPostgresOn(pid, folder); waited += 50) {
    if (waited > ORPHAN_STOPS_WITHIN_MS) {
      throw new EmbeddedError('dir-in-use', `a Postgres of an earlier run (process ${pid}) does not stop: ${folder}`);
    }
    await delay(50);
  }
}

/** Removes the data, also where it lies in the state folder. */
export async function removeCluster(link: string): Promise<void> {
  let target: string | undefined;
  try {
    target = await readlink(link);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'EINVAL' && code !== 'ENOENT') throw error; // a plain folder, or nothing
  }
  if (target !== undefined) await rm(target, { recursive: true, force: true });
  await rm(link, { recursive: true, force: true });
}

/** Makes the folder that holds everything of one Postgres; passable for all when root makes it, as Postgres is not root. */
export async function makeHomeFolder(dir: string): Promise<void> {
  if (existsSync(dir)) return;
  makeFolder(dir, 0o755);
  await chmod(dir, process.getuid?.() === 0 ? 0o711 : 0o700);
}
