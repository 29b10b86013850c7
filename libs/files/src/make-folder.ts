import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and the ones above it that are missing; one that is there is left as it is. Node's own recursive way
 * never ends where a parent exists and takes no entries, as in /proc.
 * @param mode of each folder that is made
 * @throws the system's error: EACCES, ENOENT (a place that takes no folders), ENOTDIR, EEXIST (a file is in the way)
 */
export function makeFolder(path: string, mode = 0o700): void {
  const absolute = resolve(path);
  try {
    mkdirSync(absolute, { mode });
  } catch (error) {
    if (statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const parent = dirname(absolute);
    if (codeOf(error) !== 'ENOENT' || existsSync(parent)) throw error;
    makeFolder(parent, mode);
    makeFolder(absolute, mode);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
