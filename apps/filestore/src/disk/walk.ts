import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { concat, cut, NO_BYTES, type ByteString } from '../bytes.js';
import { isErrno, type FolderCache } from './folder-cache.js';
import { decodeEntry, type DirEntry } from './key-path.js';

/** Which keys a walk visits. */
export interface WalkOptions {
  /** Only keys that begin so. */
  readonly prefix: ByteString;
  /** Only keys after this one. */
  readonly after: ByteString;
  /** Keys that have this after the prefix are given as one common prefix; empty for none. */
  readonly delimiter: ByteString;
}

/** An object's key and file, or a common prefix. */
export type Found =
  | { readonly kind: 'object'; readonly key: ByteString; readonly path: string }
  | { readonly kind: 'prefix'; readonly key: ByteString };

/** The common prefix that a key (or the beginning shared by a directory's keys) falls under, if any. */
function commonPrefix(bytes: ByteString, { prefix, delimiter }: WalkOptions): ByteString | undefined {
  if (delimiter === '' || !bytes.startsWith(prefix)) return undefined;
  const at = bytes.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : cut(bytes, 0, at + delimiter.length);
}

/** Whether any object lies in or under a directory. Reads as little as possible: directories may be very large. */
async function holdsObject(folder: string): Promise<boolean> {
  try {
    const folders: string[] = [];
    for await (const item of await opendir(folder)) {
      const entry = decodeEntry(item.name);
      if (entry?.kind === 'f') return true;
      if (entry !== undefined) folders.push(item.name);
    }
    for (const name of folders) if (await holdsObject(join(folder, name))) return true;
    return false;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false; // removed meanwhile: empty
    throw error;
  }
}

/**
 * Where in a directory the wanted keys begin, by halving. One before the first entry that sorts after the bound, since
 * the bound may lie in that one, if it is a directory.
 */
function firstWanted(entries: readonly DirEntry[], base: ByteString, { prefix, after }: WalkOptions): number {
  const bound = after > prefix ? after : prefix;
  if (!bound.startsWith(base)) return 0;
  const local = cut(bound, base.length);
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.adds ?? '') < local) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/**
 * Visits the keys in UTF-8 byte order, entering only directories that can hold a wanted key. Common prefixes are given
 * once, in their place, if a key after `after` falls under them; one that equals `after` is left out.
 */
export async function* walk(root: string, folders: FolderCache, options: WalkOptions): AsyncGenerator<Found> {
  const { prefix, after } = options;
  let last = NO_BYTES; // the last common prefix that was given
  async function* visit(folder: string, base: ByteString): AsyncGenerator<Found> {
    const entries = await folders.entriesOf(folder);
    for (let index = firstWanted(entries, base, options); index < entries.length; index++) {
      const entry = entries[index];
      if (entry === undefined) return;
      const key = concat(base, entry.adds);
      if (entry.kind === 'f') {
        if (!key.startsWith(prefix)) {
          if (key > prefix) return;
          continue;
        }
        if (key <= after) continue;
      } else {
        if (!key.startsWith(prefix) && !prefix.startsWith(key)) {
          if (key > prefix) return;
          continue;
        }
        if (after >= key && !after.startsWith(key)) continue;
      }
      const common = commonPrefix(key, options);
      const path = join(folder, entry.name);
      if (common === undefined) {
        if (entry.kind === 'f') yield { kind: 'object', key, path };
        else yield* visit(path, key);
      } else if (common === last || common === after) {
        continue;
      } else if (entry.kind !== 'f' && after.startsWith(common)) {
        yield* visit(path, key); // counts only if it holds a key after `after`
      } else if (entry.kind === 'f' || (await holdsObject(path))) {
        last = common;
        yield { kind: 'prefix', key: common };
      }
    }
  }
  yield* visit(root, NO_BYTES);
}
