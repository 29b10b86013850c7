import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { codeOf } from '../errors.js';
import type { RawPath } from './raw-path.js';

/** It is not, or no more, a regular file that can be read; the message says what it is instead. */
export class NotReadable extends Error {
  override readonly name = 'NotReadable';
}

/** A regular file, open. */
export interface OpenFile {
  fd: number;
  /** As it was when it was opened. */
  stats: Stats;
}

// A FIFO must not make us wait, a terminal not become ours, a link not lead us elsewhere, a time of reading not change.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;

const openQuietly = (path: RawPath): number => {
  try {
    return openSync(path, FLAGS | constants.O_NOATIME);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error; // only owners may keep the time of reading
    return openSync(path, FLAGS);
  }
};

/**
 * Opens a regular file for reading and gives it to `use`. What was looked at before (`seen`) must still be there. FIFOs,
 * sockets and devices are never opened.
 * @throws NotReadable, or what the system says
 */
export const withRegular = <T>(path: RawPath, seen: Stats, use: (file: OpenFile) => T): T => {
  const file = openRegular(path, seen);
  try {
    return use(file);
  } finally {
    closeSync(file.fd);
  }
};

/** Like {@link withRegular}; the caller closes it. */
export const openRegular = (path: RawPath, seen: Stats): OpenFile => {
  if (!seen.isFile()) throw new NotReadable('not a regular file');
  const fd = openQuietly(path);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new NotReadable('not a regular file any more');
    if (stats.ino !== seen.ino || stats.dev !== seen.dev) throw new NotReadable('another file has taken its place');
    return { fd, stats };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

const CHUNK = 1024 * 1024;
/** Files of the kernel say that they are empty; so much of one is read. */
export const MAX_UNSIZED_BYTES = 16 * 1024 * 1024;

/** How many bytes of it are read: what it had when it was opened, so that one which grows comes to an end. */
export const readableBytes = ({ stats }: OpenFile): number => (stats.size > 0 ? stats.size : MAX_UNSIZED_BYTES);

/** Its content from `from`, at most `limit` bytes, in pieces that are only valid until the next one. */
export function* chunksOf(file: OpenFile, from: number, limit: number): Generator<Buffer> {
  const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, limit)));
  let at = from;
  let left = limit;
  while (left > 0) {
    const got = readSync(file.fd, chunk, 0, Math.min(CHUNK, left), at);
    if (got === 0) return;
    at += got;
    left -= got;
    yield chunk.subarray(0, got);
  }
}

/** Whether it was written to between two looks. */
export const hasChanged = (before: Stats, after: Stats): boolean =>
  before.size !== after.size || before.mtimeMs !== after.mtimeMs || before.ctimeMs !== after.ctimeMs;
