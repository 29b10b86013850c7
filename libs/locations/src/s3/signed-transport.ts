import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { getCanonicalQuery, type SignatureV4 } from '@smithy/signature-v4';
import type { Dispatcher } from 'undici';
import { backoff, sleepFor, type Sleep } from '../backoff.js';
import { StoreFailed, StoreUnreachable } from '../errors.js';
import { createDispatcher } from '../http/dispatcher.js';
import { StallWatch } from '../http/stall-watch.js';
import { describeFailure, isTlsFailure, readS3Error, transportFailure } from '../http/transport.js';
import { escapeKey } from '../url.js';
import { storeError } from './answers.js';
import type { BucketAddress } from './config.js';

/** What a store may be given beside its config, for tests and special networks. */
export interface TransportOptions {
  now?: () => Date;
  random?: () => number;
  sleep?: Sleep;
  /** Milliseconds to connect, to the answer's head, and between two pieces. Default 30,000. */
  timeoutMs?: number;
}

/** A file's content, opened anew for each try. */
export interface StreamedBody {
  open: () => Readable;
  size: number;
  sha256: string;
}

/** A request to the bucket, before it is signed. */
export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Absent: the bucket itself. */
  key?: string;
  query?: Record<string, string>;
  /** Lower-case names; all of them are signed. */
  headers?: Record<string, string>;
  body?: Buffer | StreamedBody;
  /** True when a second arrival does what the first did, and nothing else. */
  repeatable: boolean;
}

const MAX_TRIES = 3;
/** No pause between two tries is longer, whatever the store asks for: the caller has time limits of its own. */
const MAX_PAUSE_MS = 5000;
const RETRIED_STATUS = new Set([429, 500, 502, 503, 504]);
/** After these a repetition would only double the time that is lost. */
const NOT_RETRIED = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'TIMEOUT']);
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** A try that may be repeated, and the error it ends in when it is not. */
class Repeatable {
  constructor(
    readonly error: StoreUnreachable | StoreFailed,
    readonly pauseMs: number,
  ) {}
}

/** Signs requests with the SDK's signer and sends them over pooled connections. */
export class SignedTransport {
  readonly #dispatcher: Dispatcher;
  readonly #timeoutMs: number;
  readonly #sleep: Sleep;
  readonly #random: () => number;
  readonly now: () => Date;

  constructor(
    readonly address: BucketAddress,
    private readonly signer: SignatureV4,
    options: TransportOptions,
  ) {
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#sleep = options.sleep ?? sleepFor;
    this.#random = options.random ?? Math.random;
    this.now = options.now ?? ((): Date => new Date());
    this.#dispatcher = createDispatcher({ timeoutMs: this.#timeoutMs, connections: 64 });
  }

  /** What a message calls this request. */
  where(request: Pick<S3Request, 'method' | 'key'>): string {
    return `${request.method} ${this.address.url}${request.key === undefined ? '' : `/${request.key}`}`;
  }

  /**
   * Sends a request and reads the answer with `read`, which is part of the try: a body that is cut off is asked for again. Statuses in
   * `expected` go to `read`, all others become errors.
   */
  async send<T>(
    request: S3Request,
    expected: number[],
    read: (response: Dispatcher.ResponseData) => T | Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#once(request, expected, read);
      if (!(outcome instanceof Repeatable)) return outcome.value;
      if (!request.repeatable || attempt === MAX_TRIES) throw outcome.error;
      const pauseMs = backoff({ attempt, firstMs: 200, maxMs: MAX_PAUSE_MS, random: this.#random });
      await this.#sleep(Math.max(pauseMs, Math.min(outcome.pauseMs, MAX_PAUSE_MS)));
    }
  }

  close(): void {
    void this.#dispatcher.destroy();
  }

  async #once<T>(
    request: S3Request,
    expected: number[],
    read: (response: Dispatcher.ResponseData) => T | Promise<T>,
  ): Promise<{ value: T } | Repeatable> {
    const where = this.where(request);
    try {
      const response = await this.#dispatch(request);
      if (expected.includes(response.statusCode)) return { value: await read(response) };
      const error = storeError(where, response.statusCode, response.headers, await readS3Error(response.body));
      if (error instanceof StoreFailed && RETRIED_STATUS.has(response.statusCode))
        return new Repeatable(error, error.retryAfterMs ?? 0);
      throw error;
    } catch (cause) {
      const code = transportFailure(cause);
      if (code === undefined) throw cause;
      const error = unreachable(where, code, cause);
      if (isTlsFailure(code) || NOT_RETRIED.has(code)) throw error;
      return new Repeatable(error, 0);
    }
  }

  async #dispatch(request: S3Request): Promise<Dispatcher.ResponseData> {
    const { origin, host, basePath } = this.address;
    const path = (request.key === undefined ? basePath : `${basePath}/${escapeKey(request.key)}`) || '/';
    const query = request.query ?? {};
    const { body } = request;
    const sha256 =
      body === undefined
        ? EMPTY_SHA256
        : Buffer.isBuffer(body)
          ? createHash('sha256').update(body).digest('hex')
          : body.sha256;
    const signed = await this.signer.sign(
      {
        method: request.method,
        protocol: 'https:',
        hostname: host,
        path,
        query,
        headers: { ...request.headers, host, 'x-amz-content-sha256': sha256 },
      },
      { signingDate: this.now() },
    );
    const wireQuery = getCanonicalQuery({ ...signed, query });
    const options = { origin, path: wireQuery === '' ? path : `${path}?${wireQuery}`, method: request.method };
    const headers = { ...signed.headers, 'accept-encoding': 'identity' };
    if (body === undefined || Buffer.isBuffer(body))
      return this.#dispatcher.request({ ...options, headers, body: body ?? null });
    return this.#dispatchStream(options, headers, body);
  }

  /** A body may take as long as it needs, as long as something moves. */
  async #dispatchStream(
    options: { origin: string; path: string; method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' },
    headers: Record<string, string>,
    body: StreamedBody,
  ): Promise<Dispatcher.ResponseData> {
    const stall = new StallWatch(this.#timeoutMs);
    try {
      return await this.#dispatcher.request({
        ...options,
        headers: { ...headers, 'content-length': String(body.size) },
        body: Readable.from(touching(body.open(), stall), { objectMode: false, highWaterMark: 1 }),
        headersTimeout: 0,
        signal: stall.signal,
      });
    } finally {
      stall.stop();
    }
  }
}

async function* touching(source: Readable, stall: StallWatch): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    yield chunk as Buffer;
    stall.touch();
  }
  stall.sent();
}

/** Says that no usable answer came. */
export const unreachable = (where: string, code: string, cause: unknown): StoreUnreachable =>
  new StoreUnreachable(
    `${where}: no answer from the store: ${describeFailure(code, cause)}; ${
      isTlsFailure(code) ? 'check its certificate and our clock' : 'check that it runs and the endpoint setting'
    }`,
    code,
    { cause },
  );
