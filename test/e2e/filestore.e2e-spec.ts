import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { Sha256 } from '@aws-crypto/sha256-js';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCode, postForm, presignPost, refusal, s3Client } from '../contract/object-store.contract.js';
import {
  FILESTORE_KEYS,
  FILESTORE_MAIN,
  fileStoreEnvironment,
  fileStoreFolder,
  startFileStore,
  type FileStoreProcess,
} from '../support/filestore-process.js';
import { rawHttp } from '../support/raw-http.js';

const BUCKET = 'evidence';
const REGION = 'us-east-1';
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

let folder: Awaited<ReturnType<typeof fileStoreFolder>>;
let server: FileStoreProcess;
let service: S3Client;
let upload: S3Client;

beforeAll(async () => {
  folder = await fileStoreFolder();
  server = await startFileStore(folder.root);
  service = s3Client({ endpoint: server.url, region: REGION }, FILESTORE_KEYS.service);
  upload = s3Client({ endpoint: server.url, region: REGION }, FILESTORE_KEYS.upload);
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const put = (key: string, body: string | Buffer, client = service) =>
  client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
const read = async (key: string): Promise<string> => {
  const answer = await service.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return (await answer.Body?.transformToString()) ?? '';
};
const exists = async (key: string): Promise<boolean> => (await refusal(read(key))).code !== 'NoSuchKey';

/** Signs a request with the SDK's own signer, with whatever headers one likes, and gives the head to send. */
async function signedHead(
  method: string,
  path: string,
  headers: Record<string, string>,
  options: { unsigned?: string[]; at?: Date; region?: string; name?: string } = {},
): Promise<string> {
  const signer = new SignatureV4({
    credentials: FILESTORE_KEYS.service,
    region: options.region ?? REGION,
    service: options.name ?? 's3',
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const host = `127.0.0.1:${String(server.port)}`;
  const signed = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: server.port,
      path,
      query: {},
      headers: { host, ...headers },
    },
    {
      unsignableHeaders: new Set(options.unsigned ?? []),
      ...(options.at === undefined ? {} : { signingDate: options.at }),
    },
  );
  const lines = Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}connection: close\r\n\r\n`;
}

const codeOf = (answer: { status: number; text: string }): [number, string] => [
  answer.status,
  /<Code>([^<]*)/.exec(answer.text)?.[1] ?? '',
];

describe('signatures that Ceph accepts and AWS refuses [engines.md: the differences]', () => {
  const presignPut = (client: S3Client, key: string, options: object = {}) =>
    getSignedUrl(client, new PutObjectCommand({ Bucket: BUCKET, Key: key }), { expiresIn: 60, ...options });

  it.each(['x-amz-copy-source', 'x-amz-acl', 'x-amz-meta-a', 'x-amz-tagging', 'x-amz-unknown'])(
    'a pre-signed PUT with an unsigned %s: 403, nothing written',
    async (name) => {
      await put('flows/secret', 'the secret');
      for (const [client, key] of [
        [upload, 'tickets/evil'],
        [service, 'any/evil'],
      ] as const) {
        const value = name === 'x-amz-copy-source' ? `/${BUCKET}/flows/secret` : 'public-read';
        const answer = await fetch(await presignPut(client, key), {
          method: 'PUT',
          headers: { [name]: value },
          body: '',
        });
        expect([answer.status, await errorCode(answer)]).toEqual([403, 'AccessDenied']);
        expect(await exists(key)).toBe(false);
      }
    },
  );

  it('a copy-source that is signed: the upload-only key may not, the service copies', async () => {
    await put('flows/secret', 'the secret');
    const source = { 'x-amz-copy-source': `/${BUCKET}/flows/secret`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const head = await signedHead('PUT', `/${BUCKET}/copy`, { ...source, 'content-length': '0' });
    expect((await rawHttp(server.port, head)).status).toBe(200);
    expect(await read('copy')).toBe('the secret');
    const signer = new SignatureV4({
      credentials: FILESTORE_KEYS.upload,
      region: REGION,
      service: 's3',
      sha256: Sha256,
      uriEscapePath: false,
    });
    const request = {
      method: 'PUT',
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: server.port,
      path: `/${BUCKET}/tickets/copy`,
      headers: { host: `127.0.0.1:${String(server.port)}`, ...source },
    };
    const signed = await signer.sign(request);
    const answer = await fetch(`${server.url}${request.path}`, { method: 'PUT', headers: signed.headers, body: '' });
    expect([answer.status, await errorCode(answer)]).toEqual([403, 'AccessDenied']);
    expect(await exists('tickets/copy')).toBe(false);
  });

  it('a URL dated tomorrow, another region, another service, a host that is not signed', async () => {
    await put('sig/1', 'x');
    const url = await getSignedUrl(service, new GetObjectCommand({ Bucket: BUCKET, Key: 'sig/1' }), {
      expiresIn: 60,
      signingDate: new Date(Date.now() + 86_400_000),
    });
    expect((await fetch(url)).status).toBe(403);
    const headers = { 'x-amz-content-sha256': EMPTY_SHA256 };
    const path = `/${BUCKET}/sig/1`;
    expect((await rawHttp(server.port, await signedHead('GET', path, headers))).status).toBe(200);
    expect(codeOf(await rawHttp(server.port, await signedHead('GET', path, headers, { region: 'eu-west-1' })))).toEqual(
      [400, 'AuthorizationHeaderMalformed'],
    );
    expect(codeOf(await rawHttp(server.port, await signedHead('GET', path, headers, { name: 'sts' })))).toEqual([
      400,
      'AuthorizationHeaderMalformed',
    ]);
    expect(codeOf(await rawHttp(server.port, await signedHead('GET', path, headers, { unsigned: ['host'] })))).toEqual([
      403,
      'AccessDenied',
    ]);
    expect(
      codeOf(
        await rawHttp(
          server.port,
          await signedHead('GET', path, { ...headers, 'x-amz-meta-a': '1' }, { unsigned: ['x-amz-meta-a'] }),
        ),
      ),
    ).toEqual([403, 'AccessDenied']);
    for (const shift of [-901_000, 901_000]) {
      const head = await signedHead('GET', path, headers, { at: new Date(Date.now() + shift) });
      expect(codeOf(await rawHttp(server.port, head))).toEqual([403, 'RequestTimeTooSkewed']);
    }
  });

  it('304 carries ETag and Last-Modified, and takes a list, a weak tag and *', async () => {
    await put('public/poll', 'x');
    const url = `${server.url}/${BUCKET}/public/poll`;
    const first = await fetch(url);
    const etag = first.headers.get('etag') ?? '';
    for (const tags of [etag, `"other", ${etag}`, `W/${etag}`, '*', etag.slice(1, -1)]) {
      const answer = await fetch(url, { headers: { 'If-None-Match': tags } });
      expect([tags, answer.status, answer.headers.get('etag')]).toEqual([tags, 304, etag]);
      expect(answer.headers.get('last-modified')).toBe(first.headers.get('last-modified'));
      expect(Date.parse(answer.headers.get('date') ?? '')).not.toBeNaN();
    }
  });

  it('a poll sees a change and a removal at once, also when it was answered 304 before', async () => {
    const url = `${server.url}/${BUCKET}/public/hot`;
    for (let round = 0; round < 30; round++) {
      const { ETag = '' } = await put('public/hot', `version ${String(round)}`);
      await fetch(url);
      expect((await fetch(url, { headers: { 'If-None-Match': ETag } })).status).toBe(304);
      await put('public/hot', `version ${String(round)}+`);
      expect(await (await fetch(url, { headers: { 'If-None-Match': ETag } })).text()).toBe(`version ${String(round)}+`);
    }
  });

  it('a continuation token that is none: 400', async () => {
    const list = service.send(new ListObjectsV2Command({ Bucket: BUCKET, ContinuationToken: 'bm9uZQ==' }));
    expect(await refusal(list)).toEqual({ status: 400, code: 'InvalidArgument' });
  });
});

describe('bodies', () => {
  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'the SDK with its default settings: chunks with a %s trailer, checked and kept [AWS guide: checking object integrity]',
    async (algorithm) => {
      const client = new S3Client({
        endpoint: server.url,
        region: REGION,
        forcePathStyle: true,
        credentials: FILESTORE_KEYS.service,
      });
      const body = randomBytes(200_000);
      const key = `sum/${algorithm}`;
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body, ChecksumAlgorithm: algorithm }));
      const answer = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key, ChecksumMode: 'ENABLED' }));
      expect(answer[`Checksum${algorithm}`]).toBeTypeOf('string');
      expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
      client.destroy();
    },
  );

  it('a checksum, a hash or a length that does not fit: 400, and the old object stays [AWS API error codes]', async () => {
    await put('body/1', 'old');
    const path = `/${BUCKET}/body/1`;
    const send = async (headers: Record<string, string>, body = 'hello') =>
      codeOf(await rawHttp(server.port, await signedHead('PUT', path, { 'content-length': '5', ...headers }), body));
    const unsigned = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    expect(await send({ 'x-amz-content-sha256': EMPTY_SHA256 })).toEqual([400, 'XAmzContentSHA256Mismatch']);
    expect(await send({ ...unsigned, 'x-amz-checksum-crc32': 'AAAAAA==' })).toEqual([400, 'BadDigest']);
    expect(await send({ ...unsigned, 'x-amz-checksum-xxhash64': 'AAAAAA==' })).toEqual([501, 'NotImplemented']);
    expect(await send({ ...unsigned, 'content-md5': 'AAAA' })).toEqual([400, 'InvalidDigest']);
    expect(
      await send(
        { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'x-amz-decoded-content-length': '9' },
        '5\r\nhe',
      ),
    ).toEqual([400, 'IncompleteBody']);
    const { 'content-length': _none, ...noLength } = { 'content-length': '', ...unsigned };
    const chunked = await signedHead('PUT', path, { ...noLength, 'transfer-encoding': 'chunked' });
    expect(codeOf(await rawHttp(server.port, chunked, '5\r\nhello\r\n0\r\n\r\n'))).toEqual([
      411,
      'MissingContentLength',
    ]);
    expect(await read('body/1')).toBe('old');
    expect(await send({ ...unsigned, 'x-amz-checksum-crc32': 'NhCmhg==' })).toEqual([200, '']);
    expect(await read('body/1')).toBe('hello');
  });

  it('a connection cut in the middle of an upload leaves the old object and no temporary file', async () => {
    await put('body/cut', 'old');
    const head = await signedHead('PUT', `/${BUCKET}/body/cut`, {
      'content-length': '1000000',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write(head);
    socket.write(Buffer.alloc(500_000));
    await expect.poll(() => readdirSync(join(folder.root, 'temporary')).length, { timeout: 5_000 }).toBe(1);
    socket.destroy();
    await expect.poll(() => readdirSync(join(folder.root, 'temporary')).length, { timeout: 5_000 }).toBe(0);
    expect(await read('body/cut')).toBe('old');
  });

  it('Expect: 100-continue is answered only when the head is good [RFC 9110 10.1.1]', async () => {
    const headers = { 'content-length': '5', expect: '100-continue', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const good = await rawHttp(server.port, await signedHead('PUT', `/${BUCKET}/expect`, headers), 'hello');
    expect(good.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    const bad = (await signedHead('PUT', `/${BUCKET}/expect`, headers)).replace(/Signature=./, 'Signature=z');
    const refused = await rawHttp(server.port, bad);
    expect(refused.text).not.toContain('100 Continue');
    expect(codeOf(refused)).toEqual([403, 'SignatureDoesNotMatch']);
  });

  it('500 uploads at once all succeed: load waits', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, (_unused, index) => refusal(put(`load/${String(index)}`, `body ${String(index)}`))),
    );
    expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await read('load/499')).toBe('body 499');
  });
});

describe('the upload-only key', () => {
  it('puts under its prefixes by PUT and by form, and nowhere else', async () => {
    for (const key of [
      'tickets/Startup/C.0123456789abcdef/n.json',
      'C.0123456789abcdef/vfs/files/x',
      'hunts/H_1/vfs/files/x',
    ]) {
      expect((await refusal(put(key, 'x', upload))).status).toBe(200);
      const { url, fields } = await presignPost(upload, { Bucket: BUCKET, Key: `${key}2` });
      expect((await postForm(url, fields, 'x')).status).toBe(204);
    }
    for (const key of [
      'public/s/manifest',
      'flows/F_1/1.json',
      'ledger/x',
      'tickets',
      'C.0/other',
      'hunts/vfs/x',
      'x/tickets/y',
    ]) {
      expect(await refusal(put(key, 'x', upload))).toEqual({ status: 403, code: 'AccessDenied' });
      const { url, fields } = await presignPost(upload, { Bucket: BUCKET, Key: key });
      expect((await postForm(url, fields, 'x')).status).toBe(403);
      expect(await exists(key)).toBe(false);
    }
  });

  it('reads, lists, deletes nothing, not even what it wrote or what is public; learns nothing by If-Match', async () => {
    await put('tickets/own', 'x', upload);
    await put('public/read', 'x');
    for (const key of ['tickets/own', 'public/read', 'tickets/none']) {
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        const answer = await rawHttp(
          server.port,
          await signedHeadAs(FILESTORE_KEYS.upload, method, `/${BUCKET}/${key}`),
        );
        expect([method, key, answer.status]).toEqual([method, key, 403]);
      }
    }
    for (const path of [`/${BUCKET}`, '/']) {
      expect((await rawHttp(server.port, await signedHeadAs(FILESTORE_KEYS.upload, 'GET', path))).status).toBe(403);
    }
    const ifMatch = upload.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: 'tickets/own', Body: 'y', IfMatch: '"x"' }),
    );
    expect((await refusal(ifMatch)).status).toBe(403);
    expect(await read('tickets/own')).toBe('x');
  });

  async function signedHeadAs(
    credentials: { accessKeyId: string; secretAccessKey: string },
    method: string,
    path: string,
  ): Promise<string> {
    const signer = new SignatureV4({
      credentials,
      region: REGION,
      service: 's3',
      sha256: Sha256,
      uriEscapePath: false,
    });
    const host = `127.0.0.1:${String(server.port)}`;
    const signed = await signer.sign({
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: server.port,
      path,
      query: {},
      headers: { host },
    });
    const lines = Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `${method} ${path} HTTP/1.1\r\n${lines.join('')}connection: close\r\n\r\n`;
  }
});

describe('hostile requests', () => {
  const line = (target: string, more = ''): string =>
    `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}Connection: close\r\n\r\n`;

  it.each([
    `/${BUCKET}/public/../../../../etc/passwd`,
    `/${BUCKET}/public/..%2f..%2f..%2f..%2fetc/passwd`,
    `/${BUCKET}/public/%2e%2e/%2e%2e/%2e%2e/etc/passwd`,
    `/${BUCKET}/public/%252e%252e%252fetc`,
    `/${BUCKET}/public/%00/etc/passwd`,
    `/${BUCKET}/public/..%5c..%5cetc`,
    `/${BUCKET}/public/../flows/secret`,
    '/../../etc/passwd',
    '//etc/passwd',
  ])('%s is only a key, and nothing is there', async (target) => {
    await put('flows/secret', 'the secret');
    expect(codeOf(await rawHttp(server.port, line(target)))).toEqual([403, 'AccessDenied']);
  });

  it.each([
    ['invalid UTF-8', `/${BUCKET}/public/%ff`, 'InvalidURI'],
    ['an overlong form', `/${BUCKET}/public/%c0%ae`, 'InvalidURI'],
    ['half an escape', `/${BUCKET}/public/%4`, 'InvalidURI'],
    ['a key of 1,025 bytes', `/${BUCKET}/${'x'.repeat(1_025)}`, 'KeyTooLongError'],
    ['a query parameter twice', `/${BUCKET}?prefix=a&prefix=b`, 'InvalidArgument'],
    ['an absolute address', 'http://x/evidence/public/x', 'InvalidURI'],
  ])('%s: 400', async (_what, target, code) => {
    expect(codeOf(await rawHttp(server.port, line(target)))).toEqual([400, code]);
  });

  it('no Host, two Hosts, garbage, huge headers, unknown methods: refused in one answer each', async () => {
    expect((await rawHttp(server.port, `GET /${BUCKET}/public/x HTTP/1.1\r\nConnection: close\r\n\r\n`)).status).toBe(
      400,
    );
    expect((await rawHttp(server.port, line('/', 'Host: y\r\n'))).status).toBe(400);
    expect((await rawHttp(server.port, '\x16\x03\x01 garbage\r\n\r\n')).status).toBe(400);
    expect((await rawHttp(server.port, line('/', `X: ${'x'.repeat(100_000)}\r\n`))).status).toBe(431);
    expect((await rawHttp(server.port, line('/').replace('GET', 'PROPFIND'))).status).toBe(405);
    expect(
      (
        await rawHttp(
          server.port,
          `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        )
      ).status,
    ).toBe(400);
  });

  it('a request after a good one on the same connection cannot borrow its rights', async () => {
    const head = (await signedHead('GET', `/${BUCKET}/flows/secret`, { 'x-amz-content-sha256': EMPTY_SHA256 })).replace(
      'connection: close\r\n',
      '',
    );
    const socket = connect(server.port, '127.0.0.1');
    socket.write(head + line(`/${BUCKET}/flows/secret`));
    const answers = (await text(socket)).match(/HTTP\/1\.1 \d{3}/g);
    expect(answers).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
  });

  it('what is not built says so: NotImplemented', async () => {
    for (const query of ['acl', 'policy', 'cors', 'lifecycle', 'versions', 'object-lock', 'tagging', 'encryption']) {
      for (const method of ['GET', 'PUT']) {
        const url = `/${BUCKET}?${query}=`;
        const signer = new SignatureV4({
          credentials: FILESTORE_KEYS.service,
          region: REGION,
          service: 's3',
          sha256: Sha256,
          uriEscapePath: false,
        });
        const host = `127.0.0.1:${String(server.port)}`;
        const request = {
          method,
          protocol: 'http:',
          hostname: '127.0.0.1',
          port: server.port,
          path: `/${BUCKET}`,
          query: { [query]: '' },
          headers: { host },
        };
        const { headers } = await signer.sign(request);
        const answer = await fetch(server.url + url, { method, headers });
        expect([query, method, answer.status, await errorCode(answer)]).toEqual([query, method, 501, 'NotImplemented']);
      }
    }
  });
});

describe('POST forms, byte by byte', () => {
  const boundary = 'XXBOUNDARYXX';
  async function form(
    fields: (own: Record<string, string>) => [string, string][],
    content: string,
    end = `\r\n--${boundary}--\r\n`,
  ): Promise<string> {
    const { fields: own } = await presignPost(upload, {
      Bucket: BUCKET,
      Key: 'tickets/form',
      Conditions: [['content-length-range', 1, 1_000]],
    });
    const parts = fields(own).map(
      ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const body = `${parts.join('')}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: text/plain\r\n\r\n${content}${end}`;
    return `POST /${BUCKET} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: ${String(body.length)}\r\nConnection: close\r\n\r\n${body}`;
  }

  it('takes field names in any case, and ignores fields after the file', async () => {
    const end = `\r\n--${boundary}\r\nContent-Disposition: form-data; name="acl"\r\n\r\npublic-read\r\n--${boundary}--\r\n`;
    const request = await form(
      (own) => Object.entries(own).map(([name, value]) => [name.toUpperCase(), value]),
      'hello',
      end,
    );
    expect((await rawHttp(server.port, request)).status).toBe(204);
    expect(await read('tickets/form')).toBe('hello');
  });

  it.each<[string, (own: Record<string, string>) => [string, string][], string, [number, string]]>([
    ['a field twice', (own) => [...Object.entries(own), ['key', 'tickets/other']], '', [400, 'InvalidArgument']],
    [
      'fields over 20 kB',
      (own) => [['x-ignore-this', 'x'.repeat(20_001)], ...Object.entries(own)],
      '',
      [400, 'MaxPostPreDataLengthExceeded'],
    ],
    ['no key', (own) => Object.entries(own).filter(([name]) => name !== 'key'), '', [400, 'InvalidArgument']],
    [
      'no signature',
      (own) => Object.entries(own).filter(([name]) => name !== 'X-Amz-Signature'),
      '',
      [400, 'InvalidArgument'],
    ],
    ['a form that ends early', (own) => Object.entries(own), '\r\n--XX', [400, 'MalformedPOSTRequest']],
  ])('%s', async (_what, fields, end, expected) => {
    await put('tickets/form', 'old');
    const request = await form(fields, 'hello', end === '' ? undefined : end);
    expect(codeOf(await rawHttp(server.port, request))).toEqual(expected);
    expect(await read('tickets/form')).toBe('old');
  });

  it('a form without a file, and a body that is no form', async () => {
    const none = `--${boundary}\r\nContent-Disposition: form-data; name="key"\r\n\r\nx\r\n--${boundary}--\r\n`;
    const head = (type: string, length: number): string =>
      `POST /${BUCKET} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${String(length)}\r\nConnection: close\r\n\r\n`;
    expect(
      codeOf(await rawHttp(server.port, head(`multipart/form-data; boundary=${boundary}`, none.length), none)),
    ).toEqual([400, 'InvalidArgument']);
    expect(codeOf(await rawHttp(server.port, head('text/plain', 5), 'hello'))).toEqual([400, 'MalformedPOSTRequest']);
  });
});

describe('the program', () => {
  async function program(
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(process.execPath, [FILESTORE_MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([
      buffer(child.stdout),
      buffer(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    return { code, out: out.toString(), err: err.toString() };
  }
  const bare = { PATH: process.env['PATH'] };

  it('--help says what there is', async () => {
    const { code, out } = await program(['--help'], bare);
    expect(code).toBe(0);
    for (const option of [
      '--root',
      '--bucket',
      '--access-key',
      '--upload-prefix',
      '--public-prefix',
      '--config',
      'REKALL_FILESTORE_',
    ]) {
      expect(out).toContain(option);
    }
  });

  it.each<[string, string[], string]>([
    ['an unknown option', ['--rot', 'x'], "unknown option '--rot'"],
    ['missing settings', [], '--root: is missing'],
    ['a port that is none', ['--port', 'http'], '--port:'],
    [
      'no such configuration file',
      ['--config', '/nonexistent/file.json'],
      'cannot read the configuration file /nonexistent/file.json',
    ],
    ['an argument too many', ['serve'], 'too many arguments'],
  ])('%s: one clear line, exit code 1', async (_what, args, message) => {
    const { code, out, err } = await program(args, bare);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(err).not.toContain('    at ');
  });

  it('a port in use, a folder in use, a folder that is a file: one clear line, exit code 1', async () => {
    const own = await fileStoreFolder();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const inUse = await program(['--port', port], fileStoreEnvironment(own.root));
    expect([inUse.code, inUse.err]).toEqual([
      1,
      `rekall-filestore: 127.0.0.1:${port} is in use: choose another --port, or stop the program that has it\n`,
    ]);
    taken.close();
    const second = await program([], fileStoreEnvironment(folder.root));
    expect(second.code).toBe(1);
    expect(second.err).toContain(`served by process ${String(server.pid)} already`);
    const file = join(own.root, 'file');
    writeFileSync(file, '');
    const notFolder = await program([], fileStoreEnvironment(file));
    expect(notFolder.code).toBe(1);
    expect(notFolder.err).toMatch(/^rekall-filestore: E[A-Z]+: .*\n$/);
    await own.remove();
  });

  it('SIGTERM lets a running upload end, then stops with 0; the folder can be served again', async () => {
    const own = await fileStoreFolder();
    const running = await startFileStore(own.root);
    const client = s3Client({ endpoint: running.url, region: REGION }, FILESTORE_KEYS.service);
    const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: BUCKET, Key: 'last' }), { expiresIn: 60 });
    const { pathname, search, host } = new URL(url);
    const socket = connect(running.port, '127.0.0.1');
    socket.write(
      `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
    );
    const answer = text(socket);
    await once(socket, 'readable'); // 100 Continue: the upload runs
    const stopped = running.stop();
    socket.write('hello');
    expect(await answer).toContain('HTTP/1.1 200 OK');
    expect(await stopped).toBe(0);
    const again = await startFileStore(own.root);
    const read2 = await s3Client({ endpoint: again.url, region: REGION }, FILESTORE_KEYS.service).send(
      new GetObjectCommand({ Bucket: BUCKET, Key: 'last' }),
    );
    expect(await read2.Body?.transformToString()).toBe('hello');
    await again.stop();
    await own.remove();
  });

  it('takes its settings from a file, so that no secret is in the process list', async () => {
    const own = await fileStoreFolder();
    const config = join(own.root, 'config.json');
    writeFileSync(
      config,
      JSON.stringify({ publicPrefix: 'open/', quotas: [{ pattern: 'C.*/vfs/', bytes: 10, objects: 5 }] }),
    );
    const running = await startFileStore(own.root, ['--config', config]);
    const as = (keys: typeof FILESTORE_KEYS.service | typeof FILESTORE_KEYS.upload): S3Client =>
      s3Client({ endpoint: running.url, region: REGION }, keys);
    await as(FILESTORE_KEYS.service).send(new PutObjectCommand({ Bucket: BUCKET, Key: 'open/x', Body: 'x' }));
    expect((await fetch(`${running.url}/${BUCKET}/open/x`)).status).toBe(200);
    const write = (key: string, body: string) =>
      refusal(as(FILESTORE_KEYS.upload).send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body })));
    expect((await write('C.1/vfs/a', '12345678')).status).toBe(200);
    expect(await write('C.1/vfs/b', '123')).toEqual({ status: 403, code: 'QuotaExceeded' });
    expect((await write('C.2/vfs/b', '123')).status).toBe(200);
    expect((await write('C.1/vfs/a', '1')).status).toBe(200);
    expect((await write('C.1/vfs/b', '123')).status).toBe(200);
    await running.stop();
    await own.remove();
  });
});
