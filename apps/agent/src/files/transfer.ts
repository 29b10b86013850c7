import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { type LargeFileEnd, PART_BYTES, randomHex32 } from '#wire';
import { codeOf, messageOf } from '../errors.js';
import type { FinishedPart, LargeFile } from '../runner/large-file.js';
import { chunksOf, hasChanged, NotReadable, type OpenFile, openRegular } from './open-regular.js';
import { rawPath } from './raw-path.js';
import { pack } from './upload.js';

/** What a transfer tells while it goes on; the names of {@link FlowEvent}. */
export interface TransferEvents {
  part: (nonce: string, part: FinishedPart) => void;
  restarted: (nonce: string, fresh: string) => void;
  failed: (nonce: string, reason: string) => void;
  done: (nonce: string, end: LargeFileEnd) => void;
  /** Resolves when there is room for one more part. */
  room: () => Promise<void>;
}

const timesOf = (stats: Stats): LargeFileEnd['before'] => ({
  modified: stats.mtime.toISOString(),
  changed: stats.ctime.toISOString(),
});

/** Hashes what was sent before; undefined when the file is not any more what those parts say. */
const rehash = (file: OpenFile, parts: LargeFile['parts'], whole: Hash): number | undefined => {
  let at = 0;
  for (const part of parts) {
    const hash = createHash('sha256');
    for (const piece of chunksOf(file, at, part.raw_bytes)) {
      hash.update(piece);
      whole.update(piece);
    }
    if (hash.digest('hex') !== part.raw_sha256) return undefined;
    at += part.raw_bytes;
  }
  return at;
};

/** Writes the parts that are missing, in order, each into the work folder. */
const sendParts = async (
  file: OpenFile,
  large: LargeFile,
  workDir: string,
  events: TransferEvents,
): Promise<LargeFileEnd> => {
  let whole = createHash('sha256');
  let { nonce } = large;
  let number = large.parts.length;
  let at = rehash(file, large.parts, whole);
  if (at === undefined) {
    const fresh = randomHex32();
    events.restarted(nonce, fresh);
    [nonce, number, at, whole] = [fresh, 0, 0, createHash('sha256')];
  }
  const size = file.stats.size;
  while (at < size) {
    await events.room();
    const name = `${nextName++}.part.gz`;
    const packed = await pack(file.fd, at, Math.min(PART_BYTES, size - at), join(workDir, name), whole);
    if (packed.content.bytes === 0) break; // it was cut while it was read
    events.part(nonce, {
      number,
      file: name,
      raw_bytes: packed.content.bytes,
      raw_sha256: packed.content.sha256,
      stored_bytes: packed.stored.bytes,
      stored_sha256: packed.stored.sha256,
    });
    at += packed.content.bytes;
    number += 1;
  }
  const after = fstatSync(file.fd);
  const end: LargeFileEnd = {
    size: at,
    sha256: whole.digest('hex'),
    before: timesOf(file.stats),
    after: timesOf(after),
    changed_while_reading: hasChanged(file.stats, after),
  };
  events.done(nonce, end);
  return end;
};

let nextName = 0;

/**
 * Sends a large file part by part, going on after the parts that were sent; a file that changed meanwhile begins again
 * under a fresh nonce. One that cannot be read is told as failed.
 */
export const transferFile = async (large: LargeFile, workDir: string, events: TransferEvents): Promise<void> => {
  const path = rawPath(Buffer.from(large.path_base64, 'base64'));
  let file: OpenFile;
  try {
    file = openRegular(path, lstatSync(path));
  } catch (error) {
    if (!(error instanceof NotReadable) && codeOf(error) === undefined) throw error;
    events.failed(large.nonce, messageOf(error));
    return;
  }
  try {
    await sendParts(file, large, workDir, events);
  } finally {
    closeSync(file.fd);
  }
};
