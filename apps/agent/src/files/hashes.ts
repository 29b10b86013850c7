import { createHash } from 'node:crypto';
import { chunksOf, type OpenFile, readableBytes } from './open-regular.js';

export const HASH_NAMES = ['md5', 'sha1', 'sha256'] as const;
export type HashName = (typeof HASH_NAMES)[number];

/** Hashes of a file, in hex, read once for all of them. */
export const hashesOf = (file: OpenFile, names: readonly HashName[]): Partial<Record<HashName, string>> => {
  const hashes = names.map((name) => [name, createHash(name)] as const);
  for (const piece of chunksOf(file, 0, readableBytes(file))) for (const [, hash] of hashes) hash.update(piece);
  return Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')]));
};
