import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from '../errors.js';

/**
 * What went away, or may not be seen, while it was read: not an error of the query. ENAMETOOLONG: a process whose
 * working directory is deeper than any path must not hide the others.
 */
const GONE = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR', 'EINVAL', 'ELOOP', 'ENAMETOOLONG']);

/** The value, or undefined when it went away or may not be seen. */
export const unlessGone = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (GONE.has(codeOf(error) ?? '')) return undefined;
    throw error;
  }
};

/** A file's text; undefined when it is not there or may not be seen. */
export const readText = (path: string): string | undefined => unlessGone(() => readFileSync(path, 'utf8'));

/** Where a link leads; undefined when it is not there or may not be seen. */
export const readLink = (path: string): string | undefined => unlessGone(() => readlinkSync(path));

/** Names in a directory, sorted; none when it is not there or may not be seen. */
export const namesIn = (path: string): string[] => (unlessGone(() => readdirSync(path)) ?? []).toSorted();

/** The lines of a file that is not empty. */
export const linesOf = (path: string): string[] => (readText(path) ?? '').split('\n').filter((line) => line !== '');

/** Pids of running processes, ascending; only those of `pids` when given. */
export const pidsOf = (pids?: readonly number[]): number[] =>
  (
    pids ??
    namesIn('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  ).toSorted((a, b) => a - b);
