import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  rawAnswer,
  startRawServer,
  type RawRequest,
  type RawServer,
} from '../../../../test/support/raw-http-server.js';
import { BucketMissing, PreconditionFailed, StoreFailed, StoreRefused, StoreUnreachable, TooLarge } from '../errors.js';
import type { ObjectStore } from '../object-store.js';
import { openS3Store } from './s3-store.js';

const NOW = new Date('2026-03-01T12:00:30.250Z');
const META = {
  ETag: '"00ff"',
  'Last-Modified': 'Sun, 01 Mar 2026 11:00:00 GMT',
  Date: 'Sun, 01 Mar 2026 12:00:00 GMT',
};
const SECRET = 'service/secret+key';

type Answer = (socket: Socket, request: RawRequest, number: number) => unknown;

/** A peer that answers after the whole body of a request, and a store on it that does not really wait. */
const setUp = async (
  answer: Answer,
  timeoutMs = 3000,
): Promise<{ server: RawServer; store: ObjectStore; waits: number[] }> => {
  const server = await startRawServer(async (socket, request, number) => {
    await request.body;
    await answer(socket, request, number);
  });
  const waits: number[] = [];
  const store = openS3Store(
    { endpoint: server.url, region: 'eu-west-1', bucket: 'evidence', accessKeyId: 'SERVICE', secretAccessKey: SECRET },
    {
      now: () => NOW,
      random: () => 0.5,
      timeoutMs,
      sleep: async (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
    },
  );
  onTestFinished(async () => {
    store.close();
    await server.close();
  });
  return { server, store, waits };
};

/** Answers in turn; undefined cuts the connection. */
const inTurn =
  (...answers: (string | undefined)[]): Answer =>
  (socket, _, number) => {
    const answer = answers[number - 1];
    if (answer === undefined) socket.resetAndDestroy();
    else socket.write(answer);
  };

const errorAnswer = (status: string, code: string, headers: Record<string, string> = {}): string =>
  rawAnswer(status, headers, `<Error><Code>${code}</Code><Message>said the store</Message></Error>`);

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

/** Checks a request's SigV4 from what came over the wire, written out from AWS's description. */
const expectSigned = async (request: RawRequest): Promise<void> => {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    request.headers['authorization'] ?? '',
  );
  const [, credential = '', signedHeaders = '', signature] = match ?? [];
  expect(credential).toBe('SERVICE/20260301/eu-west-1/s3/aws4_request');
  const amz = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'));
  for (const name of ['host', ...amz]) expect(signedHeaders.split(';')).toContain(name);
  const bodyHash = createHash('sha256')
    .update(await request.body)
    .digest('hex');
  expect(request.headers['x-amz-content-sha256']).toBe(bodyHash);
  expect(request.headers['x-amz-date']).toBe('20260301T120030Z');
  const [path = '', query = ''] = request.path.split('?');
  const canonical = [
    request.method,
    path,
    query.split('&').sort().join('&'),
    ...signedHeaders.split(';').map((name) => `${name}:${request.headers[name] ?? ''}`),
    '',
    signedHeaders,
    bodyHash,
  ].join('\n');
  const hmac = (key: Buffer | string, data: string): Buffer => createHmac('sha256', key).update(data).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${SECRET}`, '20260301'), 'eu-west-1'), 's3'), 'aws4_request');
  const toSign = `AWS4-HMAC-SHA256\n20260301T120030Z\n20260301/eu-west-1/s3/aws4_request\n${createHash('sha256').update(canonical).digest('hex')}`;
  expect(signature).toBe(hmac(key, toSign).toString('hex'));
};

const EMPTY_LIST = rawAnswer('200 OK', META, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');

describe('what is sent', () => {
  it('signs every request over what really goes out: path, query, headers, body', async () => {
    const { server, store } = await setUp((socket, request) => {
      if (request.method === 'POST') socket.write(rawAnswer('200 OK', {}, '<DeleteResult/>'));
      else if (request.method === 'DELETE') socket.write(rawAnswer('204 No Content', {}));
      else if (request.path.includes('list-type')) socket.write(EMPTY_LIST);
      else socket.write(rawAnswer('200 OK', META));
    });
    const key = "a!2e/b c+d~('*)é%2F";
    await store.put(key, 'body', { cacheControl: 'no-cache', contentType: 'application/json' });
    await store.put('a/../b', 'dots', { ifNoneMatch: '*' });
    await store.get(key, { maxBytes: 10 });
    await store.list({ prefix: key, delimiter: '/', startAfter: 'a&b', token: 'x=+/', maxKeys: 3 });
    await store.delete(['a&b', '\x01']);
    await store.ping();
    expect(server.requests.map((request) => `${request.method} ${request.path}`)).toEqual([
      'PUT /evidence/a%212e/b%20c%2Bd~%28%27%2A%29%C3%A9%252F',
      'PUT /evidence/a/../b',
      'GET /evidence/a%212e/b%20c%2Bd~%28%27%2A%29%C3%A9%252F',
      'GET /evidence?continuation-token=x%3D%2B%2F&delimiter=%2F&encoding-type=url&list-type=2&max-keys=3' +
        '&prefix=a%212e%2Fb%20c%2Bd~%28%27%2A%29%C3%A9%252F&start-after=a%26b',
      'POST /evidence?delete=',
      'DELETE /evidence/%01',
      'GET /evidence?list-type=2&max-keys=1',
    ]);
    for (const request of server.requests) await expectSigned(request);
    const [put, onlyNew] = server.requests;
    expect(put?.headers).toMatchObject({ 'cache-control': 'no-cache', 'content-type': 'application/json' });
    expect((await put!.body).toString()).toBe('body');
    expect(onlyNew?.headers['if-none-match']).toBe('*');
    const del = server.requests[4]!;
    expect(del.headers['content-md5']).toBe(
      createHash('md5')
        .update(await del.body)
        .digest('base64'),
    );
  });

  it('streams a file with its length and hash, again when the connection is cut', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'locations-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const content = Buffer.alloc(300_000, 'evidence');
    await writeFile(join(dir, 'file'), content);
    const { server, store } = await setUp(inTurn(undefined, rawAnswer('200 OK', META)));
    expect(await store.putFile('exports/x', join(dir, 'file'))).toEqual({ etag: '"00ff"' });
    expect(server.requests).toHaveLength(2);
    for (const request of server.requests) {
      expect((await request.body).equals(content)).toBe(true);
      expect(request.headers['content-length']).toBe('300000');
      await expectSigned(request);
    }
  });

  it('deletes any number of keys, a thousand at a time', async () => {
    const { server, store } = await setUp((socket) => socket.write(rawAnswer('200 OK', {}, '<DeleteResult/>')));
    await store.delete([]);
    expect(server.requests).toHaveLength(0);
    await store.delete(Array.from({ length: 2001 }, (_, i) => `k${i}`));
    const counts = await Promise.all(
      server.requests.map(async ({ body }) => (await body).toString().split('<Object>').length - 1),
    );
    expect(counts).toEqual([1000, 1000, 1]);
  });
});

describe('what is repeated', () => {
  it('asks again, three times in all, after a cut connection, a torn body and a 503', async () => {
    const torn = `HTTP/1.1 200 OK\r\nETag: "e"\r\nLast-Modified: ${META.Date}\r\nDate: ${META.Date}\r\ncontent-length: 10\r\n\r\nhalf`;
    const { server, store } = await setUp((socket, _, number) => {
      if (number === 1) socket.resetAndDestroy();
      else if (number === 2) socket.end(torn);
      else socket.write(rawAnswer('200 OK', META, '0123456789'));
    });
    expect(await store.get('k', { maxBytes: 10 })).toMatchObject({ kind: 'found', body: Buffer.from('0123456789') });
    expect(server.requests).toHaveLength(3);
  });

  it('gives up after the third 503, waits as asked, at most 5 s, and says how long the store wanted', async () => {
    const { server, store, waits } = await setUp((socket) =>
      socket.write(errorAnswer('503 Busy', 'ServiceUnavailable', { 'Retry-After': '3600' })),
    );
    const error = await failure(store.get('k', { maxBytes: 1 }));
    expect(error).toBeInstanceOf(StoreFailed);
    expect(error).toMatchObject({ status: 503, code: 'ServiceUnavailable', retryAfterMs: 3_600_000 });
    expect(server.requests).toHaveLength(3);
    expect(waits).toEqual([5000, 5000]);
  });

  it('repeats a plain write, but never a conditional one', async () => {
    const { server, store } = await setUp(inTurn(undefined, rawAnswer('200 OK', META), undefined));
    expect(await store.put('k', 'x')).toEqual({ etag: '"00ff"' });
    expect(await failure(store.put('k', 'x', { ifNoneMatch: '*' }))).toBeInstanceOf(StoreUnreachable);
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    ['400 Bad Request', 'InvalidArgument'],
    ['403 Forbidden', 'AccessDenied'],
    ['501 Not Implemented', 'NotImplemented'],
  ])('asks once when the answer is %s', async (status, code) => {
    const { server, store } = await setUp((socket) => socket.write(errorAnswer(status, code)));
    await failure(store.get('k', { maxBytes: 1 }));
    expect(server.requests).toHaveLength(1);
  });

  it('does not wait twice for a store that is silent', async () => {
    const { server, store } = await setUp(() => undefined);
    const error = await failure(store.head('k'));
    expect(error).toBeInstanceOf(StoreUnreachable);
    expect(server.requests).toHaveLength(1);
  });
});

describe('what answers mean', () => {
  it.each([
    ['403 Forbidden', 'InvalidAccessKeyId', StoreRefused, 'access key setting'],
    ['403 Forbidden', 'SignatureDoesNotMatch', StoreRefused, 'secret key setting'],
    ['403 Forbidden', 'RequestTimeTooSkewed', StoreRefused, 'set the clock'],
    ['403 Forbidden', 'AccessDenied', StoreRefused, 'check its policy'],
    ['400 Bad Request', 'AuthorizationHeaderMalformed', StoreRefused, 'region'],
    ['404 Not Found', 'NoSuchBucket', BucketMissing, 'bucket setting'],
    ['400 Bad Request', 'InvalidArgument', StoreFailed, 'InvalidArgument'],
  ])('%s %s', async (status, code, kind, advice) => {
    const { store } = await setUp((socket) => socket.write(errorAnswer(status, code)));
    for (const attempt of [
      store.ping(),
      store.list({ prefix: '' }),
      store.get('k', { maxBytes: 1 }),
      store.put('k', ''),
    ]) {
      const error = await failure(attempt);
      expect(error).toBeInstanceOf(kind);
      expect((error as Error).message).toContain(advice);
      expect((error as Error).message).not.toContain(SECRET);
    }
  });

  it('tells a missing object from a changed one and from one that is the same', async () => {
    const { store } = await setUp((socket, request) => {
      if (request.headers['if-match'] !== undefined)
        socket.write(errorAnswer('412 Precondition Failed', 'PreconditionFailed'));
      else if (request.headers['if-none-match'] !== undefined) socket.write(rawAnswer('304 Not Modified', {}));
      else socket.write(errorAnswer('404 Not Found', 'NoSuchKey'));
    });
    expect(await store.get('k', { maxBytes: 1 })).toEqual({ kind: 'missing' });
    expect(await store.getStream('k')).toEqual({ kind: 'missing' });
    expect(await store.get('k', { maxBytes: 1, ifNoneMatch: '"e"' })).toEqual({ kind: 'not-modified' });
    const changed = await failure(store.get('k', { maxBytes: 1, ifMatch: '"e"' }));
    expect(changed).toBeInstanceOf(PreconditionFailed);
    expect((changed as Error).message).toContain('evidence changed');
    expect(await failure(store.getStream('k', { ifMatch: '"e"' }))).toBeInstanceOf(PreconditionFailed);
  });

  it('names an object under public/ without the secret', async () => {
    const { store } = await setUp((socket) => socket.write(errorAnswer('403 Forbidden', 'AccessDenied')));
    const error = await failure(store.get(`public/${'0f'.repeat(16)}/manifest`, { maxBytes: 1 }));
    expect((error as Error).message).toContain('/evidence/public/***/manifest');
    expect((error as Error).message).not.toContain('0f0f');
  });

  it('reads no more than allowed', async () => {
    const { store, server } = await setUp((socket) => socket.write(rawAnswer('200 OK', META, 'x'.repeat(11))));
    expect(await failure(store.get('k', { maxBytes: 10 }))).toBeInstanceOf(TooLarge);
    expect(await store.get('k', { maxBytes: 11 })).toMatchObject({ kind: 'found' });
    expect(server.requests).toHaveLength(2);
  });

  it('refuses answers without what S3 always sends', async () => {
    const { store } = await setUp((socket) => socket.write(rawAnswer('200 OK', {}, 'x')));
    expect(await failure(store.get('k', { maxBytes: 10 }))).toMatchObject({
      name: 'StoreFailed',
      code: 'no-Last-Modified',
    });
    expect(await failure(store.put('k', 'x'))).toMatchObject({ name: 'StoreFailed', code: 'no-ETag' });
    expect(await failure(store.list({ prefix: '' }))).toMatchObject({ code: 'not-a-listing' });
    expect(await failure(store.ping())).toMatchObject({ code: 'no-Date' });
  });

  it('says which objects were not deleted', async () => {
    const { store } = await setUp((socket) =>
      socket.write(
        rawAnswer(
          '200 OK',
          {},
          '<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>',
        ),
      ),
    );
    const error = await failure(store.delete(['a', 'b', 'c']));
    expect(error).toBeInstanceOf(StoreFailed);
    expect((error as Error).message).toContain('2 were not deleted, first "a": AccessDenied');
  });

  it('measures the clocks against each other', async () => {
    const { store } = await setUp((socket) => socket.write(EMPTY_LIST));
    expect(await store.ping()).toEqual({ clockSkewMs: 30_250 });
  });
});

describe('a stream', () => {
  const head = (length: number): string =>
    `HTTP/1.1 200 OK\r\nETag: "e"\r\nLast-Modified: ${META.Date}\r\ncontent-length: ${length}\r\n\r\n`;

  it('fails by name when the connection is cut in the middle', async () => {
    const { store } = await setUp((socket) => socket.end(`${head(100)}half`));
    const found = await store.getStream('k');
    if (found.kind !== 'found') throw new Error('missing');
    expect(found.info.size).toBe(100);
    expect(await failure(found.stream.toArray())).toBeInstanceOf(StoreUnreachable);
  });

  it('throws a failure that came before anyone read, and harms nothing until then', async () => {
    const cut = Promise.withResolvers<undefined>();
    const { store } = await setUp((socket) => {
      socket.on('close', () => cut.resolve(undefined));
      socket.end(`${head(100)}half`);
    });
    const found = await store.getStream('k');
    if (found.kind !== 'found') throw new Error('missing');
    await cut.promise;
    await vi.waitUntil(() => found.stream.destroyed);
    expect(await failure(found.stream.toArray())).toBeInstanceOf(StoreUnreachable);
  });

  it('closes the connection when it is not wanted any more', async () => {
    const closed = Promise.withResolvers<undefined>();
    const { store } = await setUp((socket) => {
      socket.on('close', () => closed.resolve(undefined));
      socket.write(`${head(1_000_000_000)}begin`);
    }, 600_000); // no time limit closes it instead
    const found = await store.getStream('k');
    if (found.kind !== 'found') throw new Error('missing');
    found.stream.destroy();
    await closed.promise;
  });

  it('gives the size of the whole object with a range, and takes no whole object for a part', async () => {
    const { store, server } = await setUp(
      inTurn(
        rawAnswer('206 Partial Content', { ...META, 'Content-Range': 'bytes 2-4/10' }, '234'),
        rawAnswer('200 OK', META, 'all'),
      ),
    );
    const found = await store.getStream('k', { range: { start: 2, end: 4 } });
    if (found.kind !== 'found') throw new Error('missing');
    expect(found.info.size).toBe(10);
    expect(Buffer.concat((await found.stream.toArray()) as Buffer[]).toString()).toBe('234');
    expect(server.requests[0]?.headers['range']).toBe('bytes=2-4');
    expect(await failure(store.getStream('k', { range: { start: 2 } }))).toBeInstanceOf(StoreFailed);
    expect(server.requests[1]?.headers['range']).toBe('bytes=2-');
  });
});
