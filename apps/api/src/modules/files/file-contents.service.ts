import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { PreconditionFailed, TooLarge } from '#locations';
import { LargeFileIndex, parseJson, parseMessage, Refusal, sha256Hex } from '#wire';
import { DomainError } from '../../platform/errors/domain-error.js';
import { Store } from '../../platform/store/store.module.js';
import type { CollectedFile } from './domain/collected-file.js';

/** An index of some 100,000 parts. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;

/** What a stream must turn out to be. */
interface Promised {
  key: string;
  bytes: number;
  sha256: string;
}

/** Reads uploaded files from the bucket as they were on their machine: unpacked, parts joined, and checked as they pass. */
@Injectable()
export class FileContents {
  constructor(private readonly store: Store) {}

  /**
   * The content, streamed. Throws DomainError `file/evidence-changed` when it is not what was reported; when that shows
   * only while it is read, the stream fails before its last bytes.
   */
  async open(file: CollectedFile): Promise<Readable> {
    const whole = { key: file.key, bytes: Number(file.contentBytes), sha256: file.contentSha256 };
    if (file.key.endsWith('/index.json')) {
      const { parts } = await this.index(file);
      return Readable.from(checked(this.joined(parts), whole), { objectMode: false });
    }
    const stored = { key: file.key, bytes: Number(file.storedBytes), sha256: file.storedSha256 };
    const source = checked(await this.stored(file.key, file.etag), stored);
    return Readable.from(checked(file.key.endsWith('.gz') ? unpacked(source) : source, whole), { objectMode: false });
  }

  private async stored(key: string, etag: string | undefined): Promise<Readable> {
    try {
      const got = await this.store.bucket.getStream(key, etag === undefined ? {} : { ifMatch: etag });
      if (got.kind === 'found') return got.stream;
    } catch (error) {
      if (!(error instanceof PreconditionFailed)) throw error;
      throw changed(key, 'it is another object now', error);
    }
    throw changed(key, 'it is not there any more');
  }

  private async index(file: CollectedFile): Promise<LargeFileIndex> {
    const { key } = file;
    let text: string;
    try {
      const got = await this.store.bucket.get(key, { maxBytes: MAX_INDEX_BYTES, ifMatch: file.etag });
      if (got.kind !== 'found') throw changed(key, 'it is not there any more');
      if (sha256Hex(got.body) !== file.storedSha256) throw changed(key, 'its SHA-256 is another');
      text = got.body.toString('utf8');
    } catch (error) {
      if (error instanceof PreconditionFailed) throw changed(key, 'it is another object now', error);
      if (error instanceof TooLarge) throw changed(key, 'it is too large for an index', error);
      throw error;
    }
    const index = parsedIndex(key, text);
    const folder = key.slice(0, -'index.json'.length);
    const foreign = index.parts.find((part) => !/^part-\d{5}\.gz$/.test(part.key.slice(folder.length)));
    if (foreign !== undefined || index.parts.some((part) => !part.key.startsWith(folder)))
      throw malformed(key, 'it names parts that are not its own');
    if (index.size !== Number(file.contentBytes) || index.sha256 !== file.contentSha256)
      throw malformed(key, 'it says another size or SHA-256 than the ticket');
    return index;
  }

  private async *joined(parts: LargeFileIndex['parts']): AsyncGenerator<Buffer> {
    for (const part of parts) {
      const { key } = part;
      const stored = { key, bytes: part.stored_bytes, sha256: part.stored_sha256 };
      const raw = { key, bytes: part.raw_bytes, sha256: part.raw_sha256 };
      yield* checked(unpacked(checked(await this.stored(key, undefined), stored)), raw);
    }
  }
}

const changed = (key: string, how: string, cause?: unknown): DomainError =>
  new DomainError('conflict', 'file/evidence-changed', `${key}: evidence changed after it was reported: ${how}.`, {
    cause,
  });

const malformed = (key: string, how: string, cause?: unknown): DomainError =>
  new DomainError('unprocessable', 'file/malformed', `${key} is not read as a file: ${how}.`, { cause });

const parsedIndex = (key: string, text: string): LargeFileIndex => {
  try {
    return parseMessage(LargeFileIndex, parseJson(text, key, MAX_INDEX_BYTES), key);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw malformed(key, error.message, error);
  }
};

/** What gzip makes of it; what comes after its end, or is none, fails. */
async function* unpacked(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflated = pipeline(Readable.from(source, { objectMode: false }), createGunzip(), () => undefined); // the reader gets the failure
  for await (const chunk of inflated) yield chunk as Buffer;
}

/** Passes everything on but holds the last piece back until size and hash are right. */
async function* checked(source: AsyncIterable<Buffer>, promised: Promised): AsyncGenerator<Buffer> {
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
