// Builds what is stale: the Prisma client, then everything under apps and libs by one incremental tsc into dist.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { generateClient, isClientStale } from './prisma-client.mjs';
import { packageJson, root, runNode, toolFile } from './project.mjs';

const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const lock = join(dist, '.build-lock');
const LOCK_WAIT_MS = 300_000;

/** The `src` folders of all apps and libs. */
function sourceFolders() {
  return ['apps', 'libs'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name, 'src'))
      .filter((folder) => existsSync(folder)),
  );
}

/** Whether the folder, or anything in it, is newer than the time; a folder's own time tells of removed files. */
function hasNewer(folder, time) {
  if (statSync(folder).mtimeMs > time) return true;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() ? hasNewer(path, time) : !entry.name.endsWith('.spec.ts') && statSync(path).mtimeMs > time)
      return true;
  }
  return false;
}

const playground = join(root, 'apps/playground');
const playgroundStamp = join(dist, 'apps/api/playground/index.html');

/** Whether the built playground does not belong to its sources. */
function isPlaygroundStale() {
  if (!existsSync(playgroundStamp)) return true;
  const built = statSync(playgroundStamp).mtimeMs;
  return statSync(join(root, 'package-lock.json')).mtimeMs > built || hasNewer(playground, built);
}

/** Bundles the page of the GraphQL playground into the API's files. */
function bundlePlayground() {
  const startedAt = new Date();
  const code = runNode([toolFile('vite'), 'build', '--config', join(playground, 'vite.config.mjs')], {
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
  });
  if (code === 0) utimesSync(playgroundStamp, startedAt, startedAt);
  return code;
}

/** Whether dist does not belong to the sources as they are. */
export function isStale() {
  if (!existsSync(stamp) || isClientStale() || isPlaygroundStale()) return true;
  const built = statSync(stamp).mtimeMs;
  if (['package.json', 'tsconfig.json'].some((file) => statSync(join(root, file)).mtimeMs > built)) return true;
  return sourceFolders().some((folder) => hasNewer(folder, built));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    if (error.code === 'EPERM') return true;
    throw error;
  }
}

/** Takes the lock, waiting for another build; a lock whose process is gone is removed. */
async function takeLock() {
  mkdirSync(dist, { recursive: true });
  for (const end = Date.now() + LOCK_WAIT_MS; ;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
    else if (Date.now() > end)
      throw new Error(`another build (process ${holder}) does not end; if there is none, remove dist/.build-lock`);
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Removes what was built from sources that are gone. */
function removeLeftovers(built, source) {
  if (!existsSync(built)) return;
  for (const entry of readdirSync(built, { withFileTypes: true })) {
    const path = join(built, entry.name);
    if (entry.isDirectory()) removeLeftovers(path, join(source, entry.name));
    else if (/\.js(\.map)?$/.test(entry.name)) {
      const from = join(source, entry.name.replace(/\.js(\.map)?$/, ''));
      if (!['.ts', '.mts', '.json'].some((ending) => existsSync(from + ending))) rmSync(path);
    }
  }
}

function compile() {
  const startedAt = new Date(); // what is edited from here on makes the build stale again
  if (isClientStale()) {
    const code = generateClient();
    if (code !== 0) return code;
  }
  const code = runNode(
    [toolFile('typescript', 'tsc'), '-p', 'tsconfig.json', '--pretty', String(process.stderr.isTTY === true)],
    {
      stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    },
  );
  if (code !== 0) return code;
  for (const folder of sourceFolders()) removeLeftovers(join(dist, folder.slice(root.length)), folder);
  for (const file of Object.values(packageJson.bin))
    if (existsSync(join(root, file))) chmodSync(join(root, file), 0o755);
  if (isPlaygroundStale()) {
    const bundled = bundlePlayground();
    if (bundled !== 0) return bundled;
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
  return 0;
}

/** Builds when something is stale, and says so on stderr; answers the exit code. Runs at the same time wait for one. */
export async function buildIfStale({ force = false } = {}) {
  if (!force && !isStale()) return 0;
  await takeLock();
  try {
    if (!force && !isStale()) return 0; // another run has built it meanwhile
    const began = performance.now();
    const code = compile();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.error(code === 0 ? `built in ${seconds} s` : `the build failed after ${seconds} s`);
    return code;
  } finally {
    rmSync(lock, { force: true });
  }
}
