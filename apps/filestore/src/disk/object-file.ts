import { fstatSync, readSync } from 'node:fs';
import { z } from 'zod';

/**
 * One object is one file: the content, then a trailer with what is known of it (JSON), then the trailer's length
 * (4 bytes, big endian) and a magic of 8 bytes. So object and metadata appear together or not at all, and the content
 * starts at byte 0.
 */
const MAGIC = Buffer.from('RKOBJ\x00\x01\n', 'latin1');
const FOOTER = 4 + MAGIC.length;
const FIRST_READ = 2_048;
const MAX_TRAILER = 64 * 1_024;

const metaSchema = z.strictObject({
  /** The key as text; kept so that a folder can be audited without decoding names. */
  key: z.string(),
  /** Content bytes. */
  size: z.int().nonnegative(),
  /** Strong ETag without quotes: hex MD5 of the content; of a multipart object the MD5 of its parts' MD5s, `-`, their number. */
  etag: z.string(),
  /** When the object was written, unix milliseconds. */
  modified: z.int(),
  /** Headers given back as they came: `content-type`, `cache-control`, ... */
  headers: z.record(z.string(), z.string()),
  /** User metadata: names without `x-amz-meta-`, lower case. */
  user: z.record(z.string(), z.string()),
  /** Checksum that the writer gave and that was verified: `crc32`, `sha256`, ... and its base64 value, with `-N` when it is of N parts' values. */
  checksum: z.strictObject({ algorithm: z.string(), value: z.string() }).optional(),
});

/** What is known of an object. */
export type ObjectMeta = z.infer<typeof metaSchema>;

/** The file is not an object of this server, or was damaged. */
export class CorruptObjectError extends Error {
  override readonly name = 'CorruptObjectError';
}

/** The bytes that follow the content. */
export function encodeTrailer(meta: ObjectMeta): Buffer {
  const json = Buffer.from(JSON.stringify(meta), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([json, length, MAGIC]);
}

function readExactly(fd: number, buffer: Buffer, position: number): void {
  let done = 0;
  while (done < buffer.length) {
    const count = readSync(fd, buffer, done, buffer.length - done, position + done);
    if (count === 0) throw new CorruptObjectError('the file ends before its trailer');
    done += count;
  }
}

function parseMeta(json: Buffer): ObjectMeta {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    return isMeta(value) ? value : metaSchema.parse(value);
  } catch (error) {
    throw new CorruptObjectError('the trailer is not valid', { cause: error });
  }
}

/** The schema's plain case, found by looking: a listing reads very many of these. Whatever else is left to the schema. */
function isMeta(value: unknown): value is ObjectMeta {
  if (!isRecord(value) || Object.keys(value).length !== 6) return false;
  const { key, size, etag, modified, headers, user } = value;
  return (
    typeof key === 'string' &&
    typeof size === 'number' &&
    Number.isSafeInteger(size) &&
    size >= 0 &&
    typeof etag === 'string' &&
    typeof modified === 'number' &&
    Number.isSafeInteger(modified) &&
    isTexts(headers) &&
    isTexts(user)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((item) => typeof item === 'string');
}

/**
 * Reads the trailer of an open object file.
 * @throws CorruptObjectError when magic, length or content do not fit.
 */
export function readMeta(fd: number): ObjectMeta {
  const fileSize = fstatSync(fd).size;
  if (fileSize < FOOTER) throw new CorruptObjectError('the file is shorter than a trailer');
  const tail = Buffer.allocUnsafe(Math.min(fileSize, FIRST_READ));
  readExactly(fd, tail, fileSize - tail.length);
  if (!tail.subarray(tail.length - MAGIC.length).equals(MAGIC)) throw new CorruptObjectError('no trailer');
  const length = tail.readUInt32BE(tail.length - FOOTER);
  if (length > MAX_TRAILER || length + FOOTER > fileSize) throw new CorruptObjectError('impossible trailer length');
  let json: Buffer;
  if (length + FOOTER <= tail.length) {
    json = tail.subarray(tail.length - FOOTER - length, tail.length - FOOTER);
  } else {
    json = Buffer.allocUnsafe(length);
    readExactly(fd, json, fileSize - FOOTER - length);
  }
  const meta = parseMeta(json);
  if (meta.size !== fileSize - FOOTER - length) throw new CorruptObjectError('the size in the trailer is wrong');
  return meta;
}
