import { type Dirent, opendirSync, readdirSync } from 'node:fs';
import { exactName, type RawPath } from './raw-path.js';

/**
 * A directory file of at least so many bytes is read piece by piece; a smaller one at once, which is faster. A
 * directory of ten million files so needs no memory for ten million names.
 */
export const LARGE_DIRECTORY_BYTES = 1024 * 1024;
const NAMES_AT_ONCE = 512;

function* piecewise(dir: RawPath): Generator<Dirent> {
  const handle = opendirSync(dir, { encoding: 'latin1', bufferSize: NAMES_AT_ONCE });
  try {
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) yield entry;
  } finally {
    handle.closeSync();
  }
}

function* namesPiecewise(dir: RawPath): Generator<string> {
  for (const entry of piecewise(dir)) yield entry.name;
}

/**
 * The names in a directory, one character a byte: see {@link exactName}. Throws what the system says, also while it is
 * iterated.
 */
export const latin1NamesIn = (dir: RawPath, directoryBytes: number): Iterable<string> =>
  directoryBytes >= LARGE_DIRECTORY_BYTES ? namesPiecewise(dir) : readdirSync(dir, 'latin1');

/** The entries of a directory; names as {@link latin1NamesIn} gives them. Throws what the system says. */
export const entriesIn = (dir: RawPath, directoryBytes: number): Iterable<Dirent> =>
  directoryBytes >= LARGE_DIRECTORY_BYTES
    ? piecewise(dir)
    : readdirSync(dir, { encoding: 'latin1', withFileTypes: true });

/** The exact name of an entry. */
export const nameOf = (entry: Dirent): RawPath => exactName(entry.name);

/** Neither file nor directory, as far as the directory itself says. */
const isSpecial = (entry: Dirent): boolean =>
  entry.isSymbolicLink() || entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice();

/** False where the directory itself says that an entry is none; true also where its file system does not tell. */
export const mayBeDirectory = (entry: Dirent): boolean => !entry.isFile() && (entry.isDirectory() || !isSpecial(entry));
