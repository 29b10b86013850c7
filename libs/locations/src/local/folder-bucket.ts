import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { S3SignedPolicy } from '#wire';
import { NetworkError, TooLarge, UploadRefused } from '../errors.js';
import type { FetchResult } from '../http/http-client.js';
import { LocalFolder } from './local-folder.js';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

/**
 * A folder of this machine that stands in for the bucket (`file:///media/stick/evidence`), for an endpoint without a network: what is
 * public is read from it, what is uploaded is written into it under its key. Somebody carries the folder to and from the
 * bucket; nothing in it is trusted more for that: job files and tickets are signed.
 */
export class FolderBucket {
  readonly #folder: LocalFolder;

  /** @param bucketUrl the folder as a file: URL */
  constructor(bucketUrl: string) {
    this.#folder = new LocalFolder(fileURLToPath(bucketUrl));
  }

  /** As of a store: `etag` is the content's hash. Throws NetworkError, TooLarge. */
  async fetchPublic(url: string, options: { etag?: string; maxBytes: number }): Promise<FetchResult> {
    const bytes = await readUpTo(fileURLToPath(url), options.maxBytes);
    if (bytes === undefined) return { kind: 'empty' };
    const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
    if (etag === options.etag) return { kind: 'not-modified' };
    try {
      return { kind: 'ok', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), etag };
    } catch (error) {
      throw new NetworkError(`${url} is not UTF-8 text; what was read is not used`, 'not-text', { cause: error });
    }
  }

  /** Writes a file under its key, within the grant's prefix and size range. Throws as {@link LocalFolder.write}. */
  async upload(
    policy: S3SignedPolicy,
    key: string,
    filePath: string,
    options: { signal?: AbortSignal },
  ): Promise<void> {
    if (!key.startsWith(policy.path_prefix))
      throw new UploadRefused(`the grant is for ${policy.path_prefix} and cannot store ${key}`, 'final', 0, 'prefix');
    const { size } = await stat(filePath);
    if (size > policy.max_bytes || size < policy.min_bytes)
      throw new UploadRefused(
        `${filePath} has ${size} bytes, the grant for ${policy.path_prefix} takes ${policy.min_bytes} to ${policy.max_bytes}`,
        size > policy.max_bytes ? 'too-large' : 'final',
        0,
        size > policy.max_bytes ? 'EntityTooLarge' : 'EntityTooSmall',
      );
    await this.#folder.write(key, filePath, options);
  }

  /** Nothing is open between calls. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The file's bytes; undefined when there is none. */
const readUpTo = async (path: string, maxBytes: number): Promise<Buffer | undefined> => {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > maxBytes) throw new TooLarge(`${path} has ${size} bytes, the limit is ${maxBytes}`, maxBytes);
      const bytes = Buffer.alloc(size);
      const { bytesRead } = await file.read(bytes, 0, size, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof TooLarge) throw error;
    const code = codeOf(error);
    if (code === 'unknown') throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new NetworkError(`cannot read ${path}: ${code}; check the disk and its rights`, code, { cause: error });
  }
};
