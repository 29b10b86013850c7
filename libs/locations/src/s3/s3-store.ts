import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SignatureV4 } from '@smithy/signature-v4';
import type { S3SignedUrl } from '#wire';
import { PreconditionFailed, StoreFailed, TooLarge } from '../errors.js';
import { readLimited, readS3Error, transportFailure } from '../http/transport.js';
import type { GetResult, GetStreamResult, ListPage, ObjectInfo, ObjectStore, PutOptions } from '../object-store.js';
import { etagOf, infoOf, serverDateOf, storeError } from './answers.js';
import { bucketAddress, type S3Config } from './config.js';
import { deleteRequestXml, fitsXml, MAX_DELETE_KEYS, parseDeleteErrors } from './delete-objects.js';
import { MAX_LIST_BYTES, parseListPage } from './list-objects.js';
import { presignGet } from './presign-get.js';
import { SignedTransport, unreachable, type StreamedBody, type TransportOptions } from './signed-transport.js';
import { createSigner } from './signer.js';

/** What one PUT can carry: 5 GiB. */
const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** Opens a bucket; nothing is sent yet (see `ping`). Throws LocationConfigError. */
export function openS3Store(config: S3Config, options: TransportOptions = {}): ObjectStore {
  return new S3Store(config, options);
}

/** A write's If-Match takes the ETag without its quotes: Ceph 16 knows it in no other form, AWS and our own store in both. */
const unquoted = (etag: string): string => etag.replace(/^"(.*)"$/, '$1');

class S3Store implements ObjectStore {
  readonly #transport: SignedTransport;
  readonly #signer: SignatureV4;

  constructor(config: S3Config, options: TransportOptions) {
    this.#signer = createSigner(config);
    this.#transport = new SignedTransport(bucketAddress(config), this.#signer, options);
  }

  get bucketUrl(): string {
    return this.#transport.address.url;
  }

  async put(key: string, body: Uint8Array | string, options: PutOptions = {}): Promise<{ etag: string }> {
    const bytes =
      typeof body === 'string' ? Buffer.from(body, 'utf8') : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return this.#put(key, bytes, options);
  }

  async putFile(key: string, path: string, options: PutOptions = {}): Promise<{ etag: string }> {
    const { size } = await stat(path);
    if (size > MAX_PUT_BYTES)
      throw new TooLarge(
        `${path} has ${size} bytes, one PUT takes ${MAX_PUT_BYTES}: ${key} was not written`,
        MAX_PUT_BYTES,
      );
    if (size === 0) return this.#put(key, Buffer.alloc(0), options);
    const open = (): Readable => createReadStream(path, { end: size - 1 });
    const hash = createHash('sha256');
    await pipeline(open(), hash);
    return this.#put(key, { open, size, sha256: hash.digest('hex') }, options);
  }

  async get(key: string, options: { maxBytes: number; ifMatch?: string; ifNoneMatch?: string }): Promise<GetResult> {
    const request = {
      method: 'GET' as const,
      key,
      headers: {
        ...(options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }),
        ...(options.ifNoneMatch === undefined ? {} : { 'if-none-match': options.ifNoneMatch }),
      },
      repeatable: true,
    };
    const where = this.#transport.where(request);
    return this.#transport.send(request, [200, 304, 404, 412], async ({ statusCode, headers, body }) => {
      if (statusCode === 200) {
        const info = infoOf(where, key, headers);
        const serverDate = serverDateOf(where, headers);
        return { kind: 'found', body: await readLimited(body, headers, options.maxBytes, where), info, serverDate };
      }
      const error = await readS3Error(body);
      if (statusCode === 304 && options.ifNoneMatch !== undefined) return { kind: 'not-modified' };
      if (isMissing(statusCode, error.code)) return { kind: 'missing' };
      if (statusCode === 412 && options.ifMatch !== undefined) throw evidenceChanged(where, options.ifMatch);
      throw storeError(where, statusCode, headers, error);
    });
  }

  async getStream(
    key: string,
    options: { ifMatch?: string; range?: { start: number; end?: number } } = {},
  ): Promise<GetStreamResult> {
    const { ifMatch, range } = options;
    const request = {
      method: 'GET' as const,
      key,
      headers: {
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...(range === undefined ? {} : { range: `bytes=${range.start}-${range.end ?? ''}` }),
      },
      repeatable: true,
    };
    const where = this.#transport.where(request);
    const wanted = range === undefined ? 200 : 206;
    return this.#transport.send(request, [wanted, 404, 412], async ({ statusCode, headers, body }) => {
      if (statusCode === wanted) {
        const info = infoOf(where, key, headers);
        return { kind: 'found', stream: relay(where, body), info };
      }
      const error = await readS3Error(body);
      if (isMissing(statusCode, error.code)) return { kind: 'missing' };
      if (statusCode === 412 && ifMatch !== undefined) throw evidenceChanged(where, ifMatch);
      throw storeError(where, statusCode, headers, error);
    });
  }

  async head(key: string): Promise<(ObjectInfo & { serverDate: Date }) | undefined> {
    const request = { method: 'HEAD' as const, key, repeatable: true };
    const where = this.#transport.where(request);
    return this.#transport.send(request, [200, 404], async ({ statusCode, headers, body }) => {
      await readS3Error(body);
      if (statusCode === 404) return undefined;
      return { ...infoOf(where, key, headers), serverDate: serverDateOf(where, headers) };
    });
  }

  async list(options: Parameters<ObjectStore['list']>[0]): Promise<ListPage> {
    const query = {
      'list-type': '2',
      'encoding-type': 'url',
      prefix: options.prefix,
      ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }),
      ...(options.startAfter === undefined ? {} : { 'start-after': options.startAfter }),
      ...(options.token === undefined ? {} : { 'continuation-token': options.token }),
      ...(options.maxKeys === undefined ? {} : { 'max-keys': String(options.maxKeys) }),
    };
    const where = `LIST ${this.bucketUrl}/${options.prefix}`;
    return this.#transport.send({ method: 'GET', query, repeatable: true }, [200], async ({ headers, body }) =>
      parseListPage((await readLimited(body, headers, MAX_LIST_BYTES, where)).toString('utf8'), where),
    );
  }

  async *listAll(prefix: string, options: { startAfter?: string } = {}): AsyncGenerator<ObjectInfo> {
    for (let token: string | undefined; ;) {
      const page = await this.list({ prefix, ...options, ...(token === undefined ? {} : { token }) });
      yield* page.objects;
      if (page.next === undefined) return;
      token = page.next;
    }
  }

  async delete(keys: string[]): Promise<void> {
    const together = keys.filter(fitsXml);
    for (let at = 0; at < together.length; at += MAX_DELETE_KEYS)
      await this.#deleteBatch(together.slice(at, at + MAX_DELETE_KEYS));
    for (const key of keys.filter((one) => !fitsXml(one)))
      await this.#transport.send({ method: 'DELETE', key, repeatable: true }, [200, 204], async ({ body }) => {
        await readS3Error(body);
      });
  }

  async presignGet(key: string, options: { expiresInSeconds: number; ifMatchEtag?: never }): Promise<S3SignedUrl> {
    return presignGet(this.#signer, this.#transport.address, key, options.expiresInSeconds, this.#transport.now());
  }

  async ping(): Promise<{ clockSkewMs: number }> {
    const request = {
      method: 'GET' as const,
      query: { 'list-type': '2', 'max-keys': '1' },
      repeatable: true,
    };
    const where = this.#transport.where(request);
    return this.#transport.send(request, [200], async ({ headers, body }) => {
      const ours = this.#transport.now().getTime();
      await readLimited(body, headers, MAX_LIST_BYTES, where);
      return { clockSkewMs: ours - serverDateOf(where, headers).getTime() };
    });
  }

  close(): void {
    this.#transport.close();
  }

  async #put(key: string, body: Buffer | StreamedBody, options: PutOptions): Promise<{ etag: string }> {
    const request = {
      method: 'PUT' as const,
      key,
      headers: {
        'content-type': options.contentType ?? 'application/octet-stream',
        ...(options.cacheControl === undefined ? {} : { 'cache-control': options.cacheControl }),
        ...(options.ifNoneMatch === undefined ? {} : { 'if-none-match': options.ifNoneMatch }),
        ...(options.ifMatch === undefined ? {} : { 'if-match': unquoted(options.ifMatch) }),
      },
      body,
      repeatable: options.ifNoneMatch === undefined && options.ifMatch === undefined,
    };
    return this.#transport.send(request, [200], async ({ headers, body: answer }) => {
      await readS3Error(answer);
      return { etag: etagOf(this.#transport.where(request), headers) };
    });
  }

  async #deleteBatch(keys: string[]): Promise<void> {
    const body = Buffer.from(deleteRequestXml(keys), 'utf8');
    const request = {
      method: 'POST' as const,
      query: { delete: '' },
      headers: {
        'content-type': 'application/xml',
        'content-md5': createHash('md5').update(body).digest('base64'), // what every engine asks for here
      },
      body,
      repeatable: true,
    };
    const where = `DELETE of ${keys.length} objects in ${this.bucketUrl}`;
    await this.#transport.send(request, [200], async ({ headers, body: answer }) => {
      const xml = (await readLimited(answer, headers, MAX_LIST_BYTES, where)).toString('utf8');
      const [first, ...others] = await parseDeleteErrors(xml);
      if (first !== undefined)
        throw new StoreFailed(
          `${where}: ${others.length + 1} were not deleted, first ${JSON.stringify(first.key)}: ${first.code}; the others are gone`,
          200,
          first.code,
        );
    });
  }
}

/** A 404 of the object, not of the bucket. */
const isMissing = (status: number, code: string): boolean => status === 404 && code !== 'NoSuchBucket';

const evidenceChanged = (where: string, etag: string): PreconditionFailed =>
  new PreconditionFailed(`${where}: evidence changed after it was reported: its ETag is no longer ${etag}`);

/** The body as a stream of its own, whose failures have their name; destroyed, it closes the connection. */
const relay = (where: string, body: Readable): Readable => {
  const out = new PassThrough();
  out.on('error', () => undefined); // a failure before the reader has begun must not end the process: reading throws it
  body.on('error', (error) => {
    const code = transportFailure(error);
    out.destroy(code === undefined ? error : unreachable(where, code, error));
  });
  out.on('close', () => body.destroy());
  return body.pipe(out);
};
