import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { PreconditionFailed, TooLarge } from '#locations';
import { LargeFileIndex, parseJson, parseMessage, Refusal, sha256Hex } from '#wire';
import { Store } from '../../platform/store/store.module.js';
import type { CollectedFile } from './domain/collected-file.js';
import { changed, checked, malformed, Reading, unpacked } from './domain/content-stream.js';
import { isCrowded } from './domain/index-shape.js';

/** An index of some 100,000 parts. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;

/** Reads uploaded files from the bucket as they were on their machine: unpacked, parts joined, and checked as they pass. */
@Injectable()
export class FileContents {
  constructor(private readonly store: Store) {}

  /**
   * The content, streamed. Throws DomainError `file/evidence-changed` when it is not what was reported, `file/malformed`
   * when no file can be made of that; when it shows only while it is read, the stream fails before its last bytes.
   */
  async open(file: CollectedFile): Promise<Readable> {
    const reading = new Reading();
    const whole = { key: file.key, bytes: Number(file.contentBytes), sha256: file.contentSha256 };
    if (file.key.endsWith('/index.json')) {
      const { parts } = await this.index(file);
      return reading.stream(checked(this.joined(reading, parts), whole));
    }
    const stored = { key: file.key, bytes: Number(file.storedBytes), sha256: file.storedSha256 };
    const source = checked(await this.stored(reading, file.key, file.etag), stored);
    return reading.stream(checked(file.key.endsWith('.gz') ? unpacked(file.key, source) : source, whole));
  }

  private async stored(reading: Reading, key: string, etag: string | undefined): Promise<Readable> {
    try {
      const got = await this.store.bucket.getStream(key, etag === undefined ? {} : { ifMatch: etag });
      if (got.kind === 'found') return reading.keep(got.stream);
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
      if (isCrowded(got.body)) throw malformed(key, 'it has more values than the index of any file');
      text = got.body.toString('utf8');
    } catch (error) {
      if (error instanceof PreconditionFailed) throw changed(key, 'it is another object now', error);
      if (error instanceof TooLarge) throw malformed(key, 'it is too large for an index', error);
      throw error;
    }
    const index = parsedIndex(key, text);
    const folder = key.slice(0, -'index.json'.length);
    // each its own, once: one small object named again and again would be a file without end
    if (index.parts.some((part, at) => part.key !== `${folder}part-${String(at).padStart(5, '0')}.gz`))
      throw malformed(key, 'it names other parts than its own, each once and in order');
    if (index.size !== Number(file.contentBytes) || index.sha256 !== file.contentSha256)
      throw malformed(key, 'it says another size or SHA-256 than the ticket');
    return index;
  }

  private async *joined(reading: Reading, parts: LargeFileIndex['parts']): AsyncGenerator<Buffer> {
    for (const part of parts) {
      const { key } = part;
      const stored = { key, bytes: part.stored_bytes, sha256: part.stored_sha256 };
      const raw = { key, bytes: part.raw_bytes, sha256: part.raw_sha256 };
      yield* checked(unpacked(key, checked(await this.stored(reading, key, undefined), stored)), raw);
    }
  }
}

const parsedIndex = (key: string, text: string): LargeFileIndex => {
  try {
    return parseMessage(LargeFileIndex, parseJson(text, key, MAX_INDEX_BYTES), key);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw malformed(key, error.message, error);
  }
};
