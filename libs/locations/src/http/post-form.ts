import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { S3SignedPolicy } from '#wire';
import { FileChanged, LocationConfigError } from '../errors.js';
import type { Sleep } from '../backoff.js';

/** Bytes read from the file at a time. */
const CHUNK_BYTES = 65_536;
/** Other fields than the file stay under this many bytes, or engines refuse the form. */
const MAX_FIELD_BYTES = 20_000;

/** A form whose length is known before it is sent. */
export interface PostForm {
  contentType: string;
  /** Everything before the file's bytes. */
  head: Buffer;
  /** Everything after them. */
  tail: Buffer;
}

/** Builds the multipart form of a POST policy around a file: key, the signed fields as they are, Content-Type, the file last. */
export const postForm = (policy: S3SignedPolicy, key: string, contentType: string): PostForm => {
  if (!/^[\x21-\x7e]+\/[\x20-\x7e]+$/.test(contentType))
    throw new LocationConfigError(`the content type ${JSON.stringify(contentType)} is none; give type/subtype`);
  const boundary = `form-${randomBytes(16).toString('hex')}`;
  const fields: [string, string][] = [
    ['key', key],
    ...Object.entries(policy.fields).filter(([name]) => !/^(key|content-type|file)$/i.test(name)),
    ['Content-Type', contentType],
  ];
  let head = '';
  for (const [name, value] of fields) {
    if (!/^[A-Za-z0-9_-]{1,100}$/.test(name))
      throw new LocationConfigError(
        `the grant for ${policy.path_prefix} has a form field ${JSON.stringify(name)}: unusable`,
      );
    head += `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  }
  if (Buffer.byteLength(head) > MAX_FIELD_BYTES)
    throw new LocationConfigError(
      `the form fields for ${key} have ${Buffer.byteLength(head)} bytes, the limit is ${MAX_FIELD_BYTES}`,
    );
  head += `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: ${contentType}\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    head: Buffer.from(head, 'utf8'),
    tail: Buffer.from(`\r\n--${boundary}--\r\n`, 'utf8'),
  };
};

/** How the body of a form is paced and watched. */
export interface PacingOptions {
  /** Bits per second; absent means as fast as it goes. */
  rateBitsPerSecond: number | undefined;
  /** Called whenever the connection has taken a piece. */
  onProgress: () => void;
  /** Called when it has taken the last one. */
  onSent: () => void;
  sleep: Sleep;
  /** Milliseconds of a clock that never goes back. */
  nowMs: () => number;
  signal: AbortSignal;
}

/** The pieces of a form around exactly `size` bytes of an open file; a file that became shorter meanwhile is an error. */
export async function* formBody(
  form: PostForm,
  file: FileHandle,
  path: string,
  size: number,
  options: PacingOptions,
): AsyncGenerator<Buffer> {
  const rate = options.rateBitsPerSecond;
  const bytesPerMs = rate === undefined ? undefined : rate / 8000;
  // at most a quarter of a second's bytes at once, so that a low rate is steady and not one burst a second
  const chunkBytes =
    bytesPerMs === undefined ? CHUNK_BYTES : Math.max(1, Math.min(CHUNK_BYTES, Math.floor(bytesPerMs * 250)));
  const startMs = options.nowMs();
  yield form.head;
  for (let at = 0; at < size;) {
    options.onProgress();
    // a fresh buffer each time: the connection may still hold the last one
    const { bytesRead, buffer } = await file.read(
      Buffer.allocUnsafe(chunkBytes),
      0,
      Math.min(chunkBytes, size - at),
      at,
    );
    if (bytesRead === 0)
      throw new FileChanged(
        `${path} became shorter while it was sent: ${at} of ${size} bytes were there; nothing was stored`,
      );
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
    const waitMs = bytesPerMs === undefined ? 0 : startMs + at / bytesPerMs - options.nowMs();
    if (waitMs > 0) await options.sleep(waitMs, options.signal);
  }
  yield form.tail;
  options.onSent();
}
