import { createHash, type Hash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { hasChanged, openRegular, readableBytes } from './open-regular.js';
import type { RawPath } from './raw-path.js';

/** What went through: bytes and their SHA-256. */
interface Measured {
  bytes: number;
  sha256: string;
}

/** Passes bytes on and measures them. */
class Meter extends Transform {
  #bytes = 0;
  readonly #hash = createHash('sha256');

  /** `also`: a hash over more than what passes here. */
  constructor(private readonly also?: Hash) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void): void {
    this.#bytes += chunk.length;
    this.#hash.update(chunk);
    this.also?.update(chunk);
    done(null, chunk);
  }

  measured(): Measured {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

/** Bytes of a file, compressed, on disk. */
export interface Packed {
  content: Measured;
  stored: Measured;
}

/**
 * Compresses `limit` bytes of an open file from `from` into a new file, which is on the disk when this resolves.
 * `whole`: a hash that goes on over them as well.
 */
export const pack = async (
  fd: number,
  from: number,
  limit: number,
  destination: string,
  whole?: Hash,
): Promise<Packed> => {
  const [content, stored] = [new Meter(whole), new Meter()];
  const output = await open(destination, 'wx', 0o600);
  const source = createReadStream('', {
    fd,
    autoClose: false,
    start: from,
    end: from + limit - 1,
    highWaterMark: 256 * 1024,
  });
  await pipeline(source, content, createGzip(), stored, output.createWriteStream({ flush: true }));
  return { content: content.measured(), stored: stored.measured() };
};

/** A whole file, compressed, on disk. */
export interface PackedFile extends Packed {
  /** It was written to while it was read. */
  changed: boolean;
  before: Stats;
}

/**
 * Compresses a whole regular file into `destination`: what it had when it was opened, so one that grows comes to an
 * end. Throws NotReadable or what the system says.
 */
export const packFile = async (path: RawPath, seen: Stats, destination: string): Promise<PackedFile> => {
  const file = openRegular(path, seen);
  try {
    const packed = await pack(file.fd, 0, readableBytes(file), destination);
    return { ...packed, changed: hasChanged(file.stats, fstatSync(file.fd)), before: file.stats };
  } finally {
    closeSync(file.fd);
  }
};
