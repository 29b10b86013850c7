import { lstatSync, type Stats } from 'node:fs';
import { literalNeedle, regexNeedle, search } from '../files/content-search.js';
import { parseGlob } from '../files/glob.js';
import { type Hit, walkGlobs } from '../files/glob-walk.js';
import { type HashName, hashesOf, HASH_NAMES } from '../files/hashes.js';
import { ListingWalk } from '../files/listing-walk.js';
import { listingRows } from '../files/listing-rows.js';
import { chunksOf, NotReadable, type OpenFile, withRegular } from '../files/open-regular.js';
import { Problems } from '../files/problems.js';
import { joinRaw, type RawPath, splitRaw, textOf } from '../files/raw-path.js';
import { exactIno, statRow } from '../files/stat-entry.js';
import { codeOf } from '../errors.js';
import { SourceError } from './source.js';

/** A query has no place for what could not be read: it sees what can be. */
const quiet = (): Problems => new Problems(() => undefined);

const row = (dir: RawPath, name: RawPath, stats: Stats): Record<string, unknown> => {
  const path = joinRaw(dir, name);
  const { path_bytes: _exact, ...rest } = statRow(dir, name, stats, exactIno(path, stats));
  return { path: textOf(path), ...rest };
};

/** What globs name, with the stat of each. */
export function* globRows(globs: readonly string[]): Generator<object> {
  for (const { dir, name, stats } of walkGlobs(globs.flatMap(parseGlob), quiet())) yield row(dir, name, stats);
}

/** The stat of each path that is there; a link itself, not what it leads to. */
export function* statRows(paths: readonly string[]): Generator<object> {
  for (const { dir, name, stats } of present(paths)) yield row(dir, name, stats);
}

function* present(paths: readonly string[]): Generator<Hit> {
  for (const path of paths) {
    if (!path.startsWith('/')) throw new SourceError(`path ${path}: it must be absolute`);
    let stats: Stats | undefined;
    try {
      stats = lstatSync(path, { throwIfNoEntry: false });
    } catch (error) {
      if (codeOf(error) === undefined) throw error; // what may not be seen is as what is not there
    }
    if (stats !== undefined) yield { ...splitRaw(path), path, stats };
  }
}

/** Everything below a directory, at most `depth` deep, on its device. */
export function* findRows(root: string, depth: number): Generator<object> {
  if (!root.startsWith('/')) throw new SourceError(`root ${root}: it must be absolute`);
  // One directory at a time: the walk gives packed batches, of which at most one is kept.
  const batches: Parameters<typeof listingRows>[0][] = [];
  const walk = new ListingWalk(root, { depth, oneDevice: true }, quiet(), (batch) => batches.push(batch));
  for (let more = true; more;) {
    more = walk.step();
    for (const batch of batches.splice(0))
      for (const entry of listingRows(batch)) {
        const { path_bytes: _exact, ...rest } = entry;
        const { dirname, filename } = rest;
        yield { path: dirname === '/' ? `/${String(filename)}` : `${String(dirname)}/${String(filename)}`, ...rest };
      }
  }
}

/** Reads a file, or gives nothing when it cannot be read: it vanished, may not be seen, is no regular file. */
const readFile = <T>(path: string, use: (file: OpenFile) => T): T | undefined => {
  try {
    return withRegular(path, lstatSync(path), use);
  } catch (error) {
    if (error instanceof NotReadable || codeOf(error) !== undefined) return undefined;
    throw error;
  }
};

const isHashName = (name: string): name is HashName => HASH_NAMES.some((known) => known === name);

/** Hashes of regular files; those that cannot be read have none. */
export function* hashRows(paths: readonly string[], names: readonly string[]): Generator<object> {
  const wrong = names.find((name) => !isHashName(name));
  if (wrong !== undefined) throw new SourceError(`hash ${wrong} is unknown; known: ${HASH_NAMES.join(', ')}`);
  for (const { path, stats } of present(paths)) {
    if (!stats.isFile()) continue;
    const hashes = readFile(textOf(path), (file) => hashesOf(file, names.filter(isHashName)));
    yield { path: textOf(path), size: stats.size, md5: null, sha1: null, sha256: null, ...hashes };
  }
}

/** What may be read of a file into one row. */
const MAX_READ = 1024 * 1024;

const bytesAt = (path: string, offset: number, length: number): Buffer | undefined =>
  readFile(path, (file) => Buffer.concat([...copies(file, offset, Math.min(length, MAX_READ))]));

function* copies(file: OpenFile, offset: number, length: number): Generator<Buffer> {
  for (const piece of chunksOf(file, offset, length)) yield Buffer.from(piece);
}

const checkRange = (offset: number, length: number): void => {
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 1)
    throw new SourceError(`offset ${offset} and length ${length}: whole numbers, from 0 and from 1`);
};

/** A piece of each file as text and as base64; files that cannot be read give no row. */
export function* readFileRows(paths: readonly string[], offset: number, length: number): Generator<object> {
  checkRange(offset, length);
  for (const { path } of present(paths)) {
    const data = bytesAt(textOf(path), offset, length);
    if (data !== undefined)
      yield {
        path: textOf(path),
        offset,
        length: data.length,
        data: data.toString('utf8'),
        base64: data.toString('base64'),
      };
  }
}

const WIDTH = 16;

/** A piece of each file as a hex dump, 16 bytes a row. */
export function* hexdumpRows(paths: readonly string[], offset: number, length: number): Generator<object> {
  checkRange(offset, length);
  for (const { path } of present(paths)) {
    const data = bytesAt(textOf(path), offset, length) ?? Buffer.alloc(0);
    for (let at = 0; at < data.length; at += WIDTH) {
      const line = data.subarray(at, at + WIDTH);
      yield {
        path: textOf(path),
        offset: offset + at,
        hex: line.toString('hex').replace(/(..)(?=.)/g, '$1 '),
        text: line.toString('latin1').replace(/[^\x20-\x7e]/g, '.'),
      };
    }
  }
}

/** How the content is looked for. */
export interface GrepQuery {
  paths: readonly string[];
  regex: string | undefined;
  literal: string | undefined;
  /** Of each file. */
  hits: number;
}

const MAX_MATCH = 1024;

/** Where something stands in files: offset and what matched, in order. */
export function* grepRows({ paths, regex, literal, hits }: GrepQuery): Generator<object> {
  if ((regex === undefined) === (literal === undefined)) throw new SourceError('grep takes a regex or a literal');
  for (const { path, stats } of present(paths)) {
    if (!stats.isFile()) continue;
    const found = readFile(textOf(path), (file) => {
      const needle = regex === undefined ? literalNeedle(Buffer.from(literal ?? '', 'utf8')) : regexNeedle(regex);
      const list: object[] = [];
      for (const { offset, match } of search(file, needle)) {
        list.push({ path: textOf(path), offset, match: match.subarray(0, MAX_MATCH).toString('utf8') });
        if (list.length >= hits) break;
      }
      return list;
    });
    yield* found ?? [];
  }
}
