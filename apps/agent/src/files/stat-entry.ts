import { type BigIntStats, lstatSync, type Stats } from 'node:fs';
import { bytesOf, type RawPath, textOf } from './raw-path.js';

const KIND_LETTERS: Readonly<Record<number, string>> = {
  0o140000: 's',
  0o120000: 'l',
  0o100000: '-',
  0o060000: 'b',
  0o040000: 'd',
  0o020000: 'c',
  0o010000: 'p',
};
const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;

export const isDirectoryMode = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR;

const triple = (mode: number, shift: number, special: number, letter: string): string => {
  const bits = (mode >> shift) & 7;
  const execute = bits & 1 ? (special ? letter : 'x') : special ? letter.toUpperCase() : '-';
  return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${execute}`;
};

const modeStrings = new Map<number, string>();

/** A mode as `ls -l` shows it: `drwxr-xr-x`. */
export const modeString = (mode: number): string => {
  const known = modeStrings.get(mode);
  if (known !== undefined) return known;
  const text =
    (KIND_LETTERS[mode & S_IFMT] ?? '?') +
    triple(mode, 6, mode & 0o4000, 's') +
    triple(mode, 3, mode & 0o2000, 's') +
    triple(mode, 0, mode & 0o1000, 't');
  modeStrings.set(mode, text);
  return text;
};

/** The numbers of a stat, in the order in which a listing packs them. Times in seconds. */
export const STAT_NUMBERS = [
  'st_mode',
  'st_ino',
  'st_dev',
  'st_nlink',
  'st_uid',
  'st_gid',
  'st_size',
  'st_atime',
  'st_mtime',
  'st_ctime',
] as const;

/** The bytes of a path where its text does not say them. */
export const inexactBytes = (path: RawPath): Buffer | null => (typeof path === 'string' ? null : path);

/** A row of the table `problems`. */
export const problemRow = (problem: { path: RawPath; reason: string }): Record<string, unknown> => ({
  path: textOf(problem.path),
  path_bytes: inexactBytes(problem.path),
  reason: problem.reason,
});

/** Inode numbers beyond 2^53 exist: they are asked for again, exactly. */
export const exactIno = (path: RawPath, stats: Stats): number | bigint => {
  if (Number.isSafeInteger(stats.ino)) return stats.ino;
  const again: BigIntStats | undefined = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return again?.ino ?? stats.ino;
};

/** A row of stat entries. */
export const statRow = (
  dir: RawPath,
  name: RawPath,
  stats: Stats,
  ino: number | bigint,
): Record<string, string | number | bigint | Buffer | null> => ({
  dirname: textOf(dir),
  filename: textOf(name),
  path_bytes:
    typeof dir === 'string' && typeof name === 'string'
      ? null
      : Buffer.concat([bytesOf(dir), Buffer.from('/'), bytesOf(name)]),
  st_mode: stats.mode,
  st_mode_str: modeString(stats.mode),
  st_ino: ino,
  st_dev: stats.dev,
  st_nlink: stats.nlink,
  st_uid: stats.uid,
  st_gid: stats.gid,
  st_size: stats.size,
  st_atime: stats.atimeMs / 1000,
  st_mtime: stats.mtimeMs / 1000,
  st_ctime: stats.ctimeMs / 1000,
});
