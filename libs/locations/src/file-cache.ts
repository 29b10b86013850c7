import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '#files';
import { EvidenceChanged, PreconditionFailed, TooLarge } from './errors.js';
import type { ObjectStore } from './object-store.js';

/** What a verified ticket says of an object. */
export interface ExpectedObject {
  /** As the store gave it when the ticket was taken in, quotes included. */
  etag: string;
  storedBytes: number;
  /** Hex. */
  storedSha256: string;
}

/** Settings that only tests change. */
export interface FileCacheOptions {
  now?: () => Date;
  /** A file handed out less than this many milliseconds ago is never removed: its reader may not have opened it yet. Default one minute. */
  graceMs?: number;
}

const NAME = /^[0-9a-f]{64}$/;
const PART = /^[0-9a-f]{64}\.[0-9a-f]{16}\.part$/;
/** A part that nobody has written to for this long is left over from a process that ended. */
const STALE_PART_MS = 86_400_000;

/**
 * Local copies of objects that never change: a copy is named by bucket, key, ETag and hash, and is there only after its length and
 * SHA-256 were found right. The least recently opened are removed when all together exceed `maxBytes`; files just handed out stay, so the
 * limit can be exceeded for as long as the grace lasts. Several processes may share a folder.
 */
export class FileCache {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #now: () => Date;
  readonly #graceMs: number;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(dir: string, maxBytes: number, options: FileCacheOptions = {}) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
    this.#now = options.now ?? ((): Date => new Date());
    this.#graceMs = options.graceMs ?? 60_000;
  }

  /**
   * The path of a checked copy, downloaded if need be; several calls for one object download it once. The file must be opened within the
   * grace and not be written to. Throws EvidenceChanged, TooLarge (it cannot fit), and what the store throws.
   */
  async open(store: ObjectStore, key: string, expected: ExpectedObject): Promise<{ path: string }> {
    if (expected.storedBytes > this.#maxBytes)
      throw new TooLarge(
        `${key} has ${expected.storedBytes} bytes, the cache holds ${this.#maxBytes}: make the cache larger`,
        this.#maxBytes,
      );
    const name = createHash('sha256')
      .update(JSON.stringify([store.bucketUrl, key, expected.etag, expected.storedSha256, expected.storedBytes]))
      .digest('hex');
    const path = join(this.#dir, name);
    const running = this.#underWay.get(name) ?? this.#provide(store, key, expected, name, path);
    this.#underWay.set(name, running);
    try {
      await running;
    } finally {
      if (this.#underWay.get(name) === running) this.#underWay.delete(name);
    }
    return { path };
  }

  async #provide(store: ObjectStore, key: string, expected: ExpectedObject, name: string, path: string): Promise<void> {
    if (await this.#use(path, expected.storedBytes)) return;
    makeFolder(this.#dir);
    const part = join(this.#dir, `${name}.${randomBytes(8).toString('hex')}.part`);
    try {
      await download(store, key, expected, part);
      const now = this.#now();
      await utimes(part, now, now);
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await this.#evict(name);
  }

  /** Marks a copy as used now; false when there is none of the right length. */
  async #use(path: string, size: number): Promise<boolean> {
    try {
      if ((await stat(path)).size !== size) return false;
      const now = this.#now();
      await utimes(path, now, now);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #evict(keep: string): Promise<void> {
    const nowMs = this.#now().getTime();
    const files: { path: string; size: number; usedMs: number }[] = [];
    let total = 0;
    for (const entry of await readdir(this.#dir)) {
      const path = join(this.#dir, entry);
      const found = NAME.test(entry) || PART.test(entry) ? await statIfThere(path) : undefined;
      if (found === undefined) continue;
      if (PART.test(entry)) {
        if (nowMs - found.mtimeMs > STALE_PART_MS) await rm(path, { force: true });
        continue;
      }
      total += found.size;
      if (entry !== keep && !this.#underWay.has(entry)) files.push({ path, size: found.size, usedMs: found.mtimeMs });
    }
    files.sort((a, b) => a.usedMs - b.usedMs);
    for (const file of files) {
      if (total <= this.#maxBytes || nowMs - file.usedMs < this.#graceMs) break;
      await rm(file.path, { force: true });
      total -= file.size;
    }
  }
}

const isNotFound = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const statIfThere = async (path: string): Promise<{ size: number; mtimeMs: number } | undefined> => {
  try {
    return await stat(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
};

/** Streams the object, pinned to its ETag, into a new file and checks length and hash. */
const download = async (store: ObjectStore, key: string, expected: ExpectedObject, part: string): Promise<void> => {
  const found = await pinned(store, key, expected);
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    for await (const chunk of found.stream) {
      const bytes = chunk as Buffer;
      size += bytes.length;
      if (size > expected.storedBytes) throw wrongLength(key, expected, `more than ${expected.storedBytes}`);
      hash.update(bytes);
      await writeAll(file, bytes);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (size !== expected.storedBytes) throw wrongLength(key, expected, String(size));
  const sha256 = hash.digest('hex');
  if (sha256 !== expected.storedSha256)
    throw new EvidenceChanged(
      `evidence changed after it was reported, or was never so: the SHA-256 of ${key} is ${sha256}, its ticket says ${expected.storedSha256}`,
      'sha256',
    );
};

const pinned = async (
  store: ObjectStore,
  key: string,
  expected: ExpectedObject,
): Promise<{ stream: AsyncIterable<unknown> }> => {
  try {
    const found = await store.getStream(key, { ifMatch: expected.etag });
    if (found.kind === 'missing')
      throw new EvidenceChanged(`evidence changed after it was reported: ${key} is no longer in the bucket`, 'missing');
    if (found.info.size !== expected.storedBytes) {
      found.stream.destroy();
      throw wrongLength(key, expected, String(found.info.size));
    }
    return found;
  } catch (error) {
    if (error instanceof PreconditionFailed)
      throw new EvidenceChanged(
        `evidence changed after it was reported: ${key} no longer has the ETag ${expected.etag}`,
        'etag',
      );
    throw error;
  }
};

const wrongLength = (key: string, expected: ExpectedObject, size: string): EvidenceChanged =>
  new EvidenceChanged(
    `evidence changed after it was reported, or was never so: ${key} has ${size} bytes, its ticket says ${expected.storedBytes}`,
    'length',
  );

const writeAll = async (
  file: { write(buffer: Buffer, offset: number): Promise<{ bytesWritten: number }> },
  bytes: Buffer,
): Promise<void> => {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
};
