import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isErrno } from './folder-cache.js';

/** The folder is served by another process. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/** A process, named so that another one with the same number is told apart where /proc says when it started. */
function identify(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return undefined;
    if (!isErrno(error, 'EPERM')) throw error;
  }
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    return `${String(pid)} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return `${String(pid)} `;
    throw error;
  }
}

/**
 * Marks the folder as served by this process; the caches rest on there being one writer.
 * @returns the function that gives it up
 * @throws FolderInUseError
 */
export function lockFolder(path: string): () => void {
  const own = identify(process.pid) ?? '';
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, own, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (!isErrno(error, 'EEXIST') || attempt > 0) throw error;
    }
    const holder = readFileSync(path, 'latin1');
    const pid = Number.parseInt(holder, 10);
    if (Number.isInteger(pid) && pid > 0 && identify(pid) === holder) {
      throw new FolderInUseError(
        `the folder is served by process ${String(pid)} already (if it is not, remove ${path})`,
      );
    }
    rmSync(path, { force: true });
  }
}
