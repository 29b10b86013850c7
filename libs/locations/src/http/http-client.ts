import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import type { S3SignedPolicy } from '#wire';
import { parseRetryAfter, sleepFor } from '../backoff.js';
import { NetworkError, UploadRefused } from '../errors.js';
import { createDispatcher } from './dispatcher.js';
import { formBody, postForm } from './post-form.js';
import { StallWatch } from './stall-watch.js';
import {
  dateOf,
  describeFailure,
  discard,
  headerOf,
  isTlsFailure,
  readLimited,
  readS3Error,
  transportFailure,
} from './transport.js';
import { uploadFailure } from './upload-answer.js';

/** How an agent reaches the bucket. */
export interface HttpClientOptions {
  /** `http://[name:password@]host:port`. */
  proxy?: string;
  /** PEM text of authorities trusted beside the system's. */
  extraCa?: string;
  /**
   * Milliseconds: the whole of a read; for an upload the longest time in which nothing moves. Default 60,000.
   */
  timeoutMs?: number;
}

/**
 * What a public read gave. `empty`: 403 or 404 (a store that forbids listing answers 403 for what is not there). `wait`: 429 or 5xx.
 * `etag` is exactly as received; `serverDate` is the answer's `Date`.
 */
export type FetchResult =
  | { kind: 'ok'; text: string; etag?: string; lastModified?: string; serverDate?: Date }
  | { kind: 'not-modified'; serverDate?: Date }
  | { kind: 'empty'; serverDate?: Date }
  | { kind: 'wait'; retryAfterMs?: number; status: number };

const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } => {
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
};

/** A validator that can be sent back as a header without changing a byte. */
const validatorOf = (value: string | undefined): string | undefined =>
  value !== undefined && /^[\x20-\x7e]{1,500}$/.test(value) ? value : undefined;

/** An agent's way to the bucket: conditional public reads and uploads by grant, without credentials. */
export class HttpClient {
  readonly #dispatcher: Dispatcher;
  readonly #timeoutMs: number;

  constructor(options: HttpClientOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    const { timeoutMs: _, ...rest } = options;
    this.#dispatcher = createDispatcher({ ...rest, timeoutMs: this.#timeoutMs, connections: 8 });
  }

  /**
   * Reads a public object unless it is still the one of `etag` (sent as `If-None-Match`; `lastModified`, as `If-Modified-Since`, only
   * when there is no ETag). Throws NetworkError, TooLarge, and the signal's reason.
   */
  async fetchPublic(
    url: string,
    options: { etag?: string; lastModified?: string; maxBytes: number; signal?: AbortSignal },
  ): Promise<FetchResult> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    const headers: Record<string, string> = { accept: '*/*', 'accept-encoding': 'identity' };
    if (options.etag !== undefined) headers['if-none-match'] = options.etag;
    else if (options.lastModified !== undefined) headers['if-modified-since'] = options.lastModified;
    const conditional = options.etag !== undefined || options.lastModified !== undefined;
    return this.#named('read', url, options.signal, async () => {
      const response = await this.#dispatcher.request({ ...target(url), method: 'GET', headers, signal });
      return readAnswer(url, response, conditional, options.maxBytes);
    });
  }

  /**
   * Sends a file by a grant, with its exact length, under a key that starts with the grant's prefix. Throws UploadRefused, UploadRetry,
   * NetworkError, and the signal's reason; when it returns, the store has the object.
   */
  async upload(
    policy: S3SignedPolicy,
    key: string,
    filePath: string,
    options: { contentType: string; signal?: AbortSignal; rateBitsPerSecond?: number },
  ): Promise<void> {
    if (!key.startsWith(policy.path_prefix))
      throw new UploadRefused(`the grant is for ${policy.path_prefix} and cannot store ${key}`, 'final', 0, 'prefix');
    const form = postForm(policy, key, options.contentType);
    const file = await open(filePath, 'r');
    const stall = new StallWatch(this.#timeoutMs);
    try {
      const { size } = await file.stat();
      if (size > policy.max_bytes || size < policy.min_bytes)
        throw new UploadRefused(
          `${filePath} has ${size} bytes, the grant for ${policy.path_prefix} takes ${policy.min_bytes} to ${policy.max_bytes}`,
          size > policy.max_bytes ? 'too-large' : 'final',
          0,
          size > policy.max_bytes ? 'EntityTooLarge' : 'EntityTooSmall',
        );
      const signal = options.signal === undefined ? stall.signal : AbortSignal.any([options.signal, stall.signal]);
      const body = formBody(form, file, filePath, size, {
        rateBitsPerSecond: options.rateBitsPerSecond,
        onProgress: () => stall.touch(),
        onSent: () => stall.sent(),
        sleep: sleepFor,
        nowMs: () => performance.now(),
        signal,
      });
      await this.#named('upload to', `${policy.url}/${key}`, options.signal, async () => {
        const response = await this.#dispatcher.request({
          ...target(policy.url),
          method: 'POST',
          headers: {
            'content-type': form.contentType,
            'content-length': String(form.head.length + size + form.tail.length),
          },
          body: Readable.from(body, { objectMode: false, highWaterMark: 1 }),
          headersTimeout: 0, // the watchdog's: undici's clock starts before the body is sent
          signal,
        });
        const answer = await readS3Error(response.body);
        if (response.statusCode >= 200 && response.statusCode < 300) return;
        const retryAfter = parseRetryAfter(headerOf(response.headers, 'retry-after'), dateOf(response.headers));
        throw uploadFailure(key, response.statusCode, answer, retryAfter);
      });
    } finally {
      stall.stop();
      await file.close();
    }
  }

  /** Closes the connections; what is under way fails. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** Gives failures of the network their name; an abort by the caller and faults of ours pass as they are. */
  async #named<T>(doing: string, url: string, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      signal?.throwIfAborted();
      const code = transportFailure(error);
      if (code === undefined) throw error;
      const todo = isTlsFailure(code)
        ? 'check the clock, the certificate and the extra CA'
        : 'check the address, the network and the proxy; it is tried again';
      throw new NetworkError(`cannot ${doing} ${url}: ${describeFailure(code, error)}; ${todo}`, code, {
        cause: error,
      });
    }
  }
}

/** Where a URL is dispatched to. */
const target = (url: string): { origin: string; path: string } => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw new NetworkError(`${JSON.stringify(url)} is not an http:// or https:// address`, 'bad-address');
  return { origin: parsed.origin, path: parsed.pathname + parsed.search };
};

const readAnswer = async (
  url: string,
  response: Dispatcher.ResponseData,
  conditional: boolean,
  maxBytes: number,
): Promise<FetchResult> => {
  const { statusCode: status, headers, body } = response;
  const serverDate = dateOf(headers);
  if (status === 200) {
    const encoding = headerOf(headers, 'content-encoding') ?? 'identity';
    if (encoding !== 'identity') {
      discard(body);
      throw new NetworkError(
        `${url} came with Content-Encoding ${encoding}, which was not asked for; switch compression off in what stands before the store`,
        'unexpected-encoding',
      );
    }
    const bytes = await readLimited(body, headers, maxBytes, url);
    return defined({
      kind: 'ok' as const,
      text: decodeText(url, bytes),
      etag: validatorOf(headerOf(headers, 'etag')),
      lastModified: validatorOf(headerOf(headers, 'last-modified')),
      serverDate,
    });
  }
  await readS3Error(body); // a short page is read so that the connection can be used again
  if (status === 304 && conditional) return defined({ kind: 'not-modified' as const, serverDate });
  if (status === 403 || status === 404) return defined({ kind: 'empty' as const, serverDate });
  if (status === 429 || status >= 500)
    return defined({
      kind: 'wait' as const,
      retryAfterMs: parseRetryAfter(headerOf(headers, 'retry-after'), serverDate),
      status,
    });
  throw new NetworkError(
    `${url} answered HTTP ${status}, which is no answer to a plain read (redirects are not followed); check the address and the proxy`,
    'unexpected-status',
  );
};

const decodeText = (url: string, bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new NetworkError(`${url} is not UTF-8 text; what was read is not used`, 'not-text', { cause: error });
  }
};
