import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { COLLECTION_RATIO_FROM_BYTES } from '#wire';
import { CollectionRefused } from './errors.js';

/** What the ticket says of the object; given parts are checked. */
export interface ExpectedContent {
  readonly contentBytes?: number;
  /** In hex. */
  readonly contentSha256?: string;
  readonly storedBytes?: number;
  /** In hex. */
  readonly storedSha256?: string;
}

/** What unpacking may cost. */
export interface UnpackLimits {
  /** The largest content, in bytes. */
  readonly maxBytes: number;
  /** The most bytes of content for one stored byte, looked at beyond the first 16 MiB. */
  readonly maxRatio: number;
  readonly expected?: ExpectedContent;
}

/** What came out: sizes in bytes, hash in hex. */
export interface UnpackedCollection {
  readonly contentBytes: number;
  readonly contentSha256: string;
}

const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const UTF_8 = 1;

const hasCode = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string';

/** Opens a regular file, following no link in the last place. Errors: `not-a-file`. */
const openRegular = async (path: string): Promise<FileHandle> => {
  let handle: FileHandle;
  try {
    // O_NONBLOCK: a pipe put there instead must not hold us.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (!hasCode(error) || !['ENOENT', 'ELOOP', 'ENXIO', 'EISDIR', 'ENOTDIR'].includes(error.code)) throw error;
    throw new CollectionRefused('not-a-file', `no regular file is at the collection's place (${error.code})`, {
      cause: error,
    });
  }
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  throw new CollectionRefused('not-a-file', "the collection's place holds something that is no regular file");
};

const refuse = (reason: ConstructorParameters<typeof CollectionRefused>[0], message: string): never => {
  throw new CollectionRefused(reason, message);
};

const checkHeader = (header: Buffer, fileBytes: number): void => {
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, MAGIC.length) !== MAGIC)
    refuse('not-sqlite', 'the file does not begin as a SQLite 3 database does');
  if (header.readUInt8(18) !== 1 || header.readUInt8(19) !== 1)
    refuse('wal', 'the file asks for a write-ahead log; a finished collection has none');
  const pageSizeField = header.readUInt16BE(16);
  const pageSize = pageSizeField === 1 ? 65_536 : pageSizeField;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) refuse('page-count', `no page size is ${pageSizeField}`);
  const pages = header.readUInt32BE(28);
  if (pages * pageSize !== fileBytes)
    refuse('page-count', `the header says ${pages} pages of ${pageSize} bytes, the file has ${fileBytes} bytes`);
  if (header.readUInt32BE(24) !== header.readUInt32BE(92))
    refuse('header', 'the page count in the header is not valid for the last change');
  if (header.readUInt8(20) !== 0) refuse('header', 'pages have reserved space');
  if (header.readUInt32BE(56) !== UTF_8) refuse('header', 'the text encoding is not UTF-8');
};

/**
 * Checks that a file is a regular one whose header is that of a finished collection, before SQLite sees it: magic, no
 * write-ahead log, page count x page size = file size, UTF-8.
 * @throws CollectionRefused `not-a-file`, `not-sqlite`, `wal`, `page-count`, `header`
 */
export const checkCollectionFile = async (path: string): Promise<void> => {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    checkHeader(buffer.subarray(0, bytesRead), size);
  } finally {
    await handle.close();
  }
};

const sha256Stream = (onChunk: (bytes: number) => void) => {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      try {
        onChunk(bytes);
        done(null, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  return { stream, bytes: () => bytes, digest: () => hash.digest('hex') };
};

const checkExpected = (what: string, found: number | string, expected: number | string | undefined): void => {
  if (expected !== undefined && found !== expected)
    refuse('digest', `evidence changed after it was reported: ${what} is ${found}, the ticket says ${expected}`);
};

/**
 * Unpacks a stored `.sqlite.gz`, streaming, with caps on size and ratio, and checks the hashes and the header of what
 * comes out. On any error nothing is left at `outPath`.
 * @param outPath must not exist yet (`EEXIST`)
 * @throws CollectionRefused `not-a-file`, `bad-gzip`, `trailing-data`, `too-large`, `ratio`, `digest`, and those of
 *   {@link checkCollectionFile}
 */
export const unpackCollection = async (
  gzPath: string,
  outPath: string,
  limits: UnpackLimits,
): Promise<UnpackedCollection> => {
  const input = await openRegular(gzPath);
  try {
    const { size } = await input.stat();
    checkExpected('the stored size', size, limits.expected?.storedBytes);
    const output = await open(outPath, 'wx', 0o600);
    try {
      return await unpackInto(input, size, output, outPath, limits);
    } catch (error) {
      await rm(outPath, { force: true });
      if (hasCode(error) && error.code.startsWith('Z_'))
        throw new CollectionRefused('bad-gzip', `the gzip data are damaged: ${error.message}`, { cause: error });
      throw error;
    }
  } finally {
    await input.close();
  }
};

/** The work itself; closes the output, which the caller removes if this fails. */
const unpackInto = async (
  input: FileHandle,
  size: number,
  output: FileHandle,
  outPath: string,
  { maxBytes, maxRatio, expected = {} }: UnpackLimits,
): Promise<UnpackedCollection> => {
  const gunzip = createGunzip();
  const stored = sha256Stream(() => undefined);
  const content = sha256Stream((bytes) => {
    if (bytes > maxBytes) refuse('too-large', `the content is larger than ${maxBytes} bytes`);
    if (bytes > COLLECTION_RATIO_FROM_BYTES && bytes > size * maxRatio)
      refuse('ratio', `the content is more than ${maxRatio} times as large as what is stored`);
  });
  const source = input.createReadStream({ autoClose: false });
  await pipeline(source, stored.stream, gunzip, content.stream, output.createWriteStream());
  if (gunzip.bytesWritten !== size)
    refuse('trailing-data', `${size - gunzip.bytesWritten} bytes follow the end of the gzip data`);
  const contentSha256 = content.digest();
  checkExpected('the stored SHA-256', stored.digest(), expected.storedSha256);
  checkExpected('the size', content.bytes(), expected.contentBytes);
  checkExpected('the SHA-256', contentSha256, expected.contentSha256);
  await checkCollectionFile(outPath);
  return { contentBytes: content.bytes(), contentSha256 };
};
