import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DomainError } from '../../../platform/errors/domain-error.js';

/** Who takes nothing for so long has gone; milliseconds. */
const STALL_MS = 60_000;

/** What a stream must turn out to be. */
export interface Promised {
  key: string;
  bytes: number;
  sha256: string;
}

/** DomainError: it is not what a ticket said of it. */
export const changed = (key: string, how: string, cause?: unknown): DomainError =>
  new DomainError('conflict', 'file/evidence-changed', `${key}: evidence changed after it was reported: ${how}.`, {
    cause,
  });

/** DomainError: it is what was reported, and no file can be made of it. */
export const malformed = (key: string, how: string, cause?: unknown): DomainError =>
  new DomainError('unprocessable', 'file/malformed', `${key} is not read as a file: ${how}.`, { cause });

/**
 * What one reader has open in the store, one stream after another: closed with the answer, also when nobody has begun
 * to read it. A generator that was never asked for anything closes nothing.
 */
export class Reading {
  #source: Readable | undefined;
  #over = false;

  /** @param source just opened; the one before has ended */
  keep(source: Readable): Readable {
    this.#source = source;
    if (this.#over) source.destroy();
    return source;
  }

  /** The content as a stream that closes what is open; it fails when nobody takes anything for `stallMs`. */
  stream(content: AsyncIterable<Buffer>, stallMs = STALL_MS): Readable {
    const stalled = (): void => {
      out.destroy(new Error(`nobody has read on for ${stallMs} ms`));
    };
    async function* watched(): AsyncGenerator<Buffer> {
      for await (const chunk of content) {
        timer.refresh();
        yield chunk;
      }
    }
    const out = Readable.from(watched(), { objectMode: false });
    const timer = setTimeout(stalled, stallMs);
    out.once('close', () => {
      clearTimeout(timer);
      this.end();
    });
    return out;
  }

  /** Closes what is open, and what will be. */
  end(): void {
    this.#over = true;
    this.#source?.destroy();
  }
}

/** What gzip makes of it. Throws DomainError `file/malformed` for what is none, and for what comes after its end. */
export async function* unpacked(key: string, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflated = pipeline(Readable.from(source, { objectMode: false }), createGunzip(), () => undefined); // the reader gets the failure
  try {
    for await (const chunk of inflated) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^Z_/.test(String(error.code)))
      throw malformed(key, `it is no gzip (${error.message})`, error);
    throw error;
  }
}

/** Passes everything on but holds the last piece back until size and hash are right. Throws DomainError `file/evidence-changed`. */
export async function* checked(source: AsyncIterable<Buffer>, promised: Promised): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  let held: Buffer | undefined;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > promised.bytes) throw changed(promised.key, `it is longer than ${promised.bytes} bytes`);
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (bytes !== promised.bytes) throw changed(promised.key, `it has ${bytes} bytes, not ${promised.bytes}`);
  if (hash.digest('hex') !== promised.sha256) throw changed(promised.key, 'its SHA-256 is another');
  if (held !== undefined) yield held;
}
