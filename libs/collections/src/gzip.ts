import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A compressed file, in the words of a ticket's StoredObject. Sizes in bytes, hashes in hex. */
export interface GzipResult {
  readonly contentBytes: number;
  readonly contentSha256: string;
  readonly storedBytes: number;
  readonly storedSha256: string;
}

/** Passes bytes through and remembers how many and their SHA-256. */
class Measure extends Transform {
  bytes = 0;
  private readonly hash: Hash = createHash('sha256');

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    done(null, chunk);
  }

  /** In hex; to be asked once, at the end. */
  sha256(): string {
    return this.hash.digest('hex');
  }
}

/**
 * Compresses a file, measuring both sides on the way, and brings the copy and its name to the disk.
 * @param destination must not exist yet (`EEXIST`); removed again when the work fails
 */
export const gzipFile = async (source: string, destination: string): Promise<GzipResult> => {
  const [content, stored] = [new Measure(), new Measure()];
  const output = await open(destination, 'wx', 0o600);
  try {
    await pipeline(createReadStream(source), content, createGzip(), stored, output.createWriteStream({ flush: true }));
  } catch (error) {
    await rm(destination, { force: true });
    throw error;
  }
  const folder = await open(dirname(destination), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return {
    contentBytes: content.bytes,
    contentSha256: content.sha256(),
    storedBytes: stored.bytes,
    storedSha256: stored.sha256(),
  };
};
