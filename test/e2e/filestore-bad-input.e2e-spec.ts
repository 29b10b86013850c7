import { createHash, createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCode, postForm, presignPost } from '../contract/object-store.contract.js';
import { FILESTORE_KEYS } from '../support/filestore-process.js';
import { BUCKET, codeOf, EMPTY_SHA256, FileStoreWorld, REGION } from '../support/filestore-world.js';
import { rawHttp } from '../support/raw-http.js';

// One test for each kind of bad input that a store which faces the internet must refuse; each with what it must not do.
const KEY = 'tickets/bad-input';
const DAY = 86_400_000;

let world: FileStoreWorld;
beforeAll(async () => {
  world = await FileStoreWorld.start();
  await world.put(KEY, 'old');
  await world.put('flows/secret', 'the secret');
});
afterAll(() => world.stop());

const putUrl = (options: { expiresIn?: number; signingDate?: Date } = {}): Promise<string> =>
  getSignedUrl(world.upload, new PutObjectCommand({ Bucket: BUCKET, Key: KEY }), { expiresIn: 60, ...options });
const send = async (url: string, init: RequestInit): Promise<[number, string]> => {
  const answer = await fetch(url, init);
  return [answer.status, await errorCode(answer)];
};
const post = async (fields: Record<string, string>, body: string): Promise<[number, string]> => {
  const answer = await postForm(`${world.server.url}/${BUCKET}`, fields, body);
  return [answer.status, await errorCode(answer)];
};
const form = (conditions: [string, ...(string | number)[]][] = [], expires = 60) =>
  presignPost(world.upload, {
    Bucket: BUCKET,
    Key: KEY,
    Expires: expires,
    Conditions: conditions as NonNullable<Parameters<typeof presignPost>[1]['Conditions']>,
  });
const tampered = (signature: string): string => (signature.startsWith('0') ? '1' : '0') + signature.slice(1);

describe('bad input', () => {
  it('a tampered signature: in the query, in the header, in a form', async () => {
    const url = new URL(await putUrl());
    url.searchParams.set('X-Amz-Signature', tampered(url.searchParams.get('X-Amz-Signature') ?? ''));
    expect(await send(url.href, { method: 'PUT', body: 'new' })).toEqual([403, 'SignatureDoesNotMatch']);
    const head = await world.signedHead('GET', `/${BUCKET}/flows/secret`, { 'x-amz-content-sha256': EMPTY_SHA256 });
    const bent = head.replace(/Signature=([0-9a-f]+)/, (_all, value: string) => `Signature=${tampered(value)}`);
    expect(bent).not.toBe(head);
    expect(codeOf(await rawHttp(world.server.port, bent))).toEqual([403, 'SignatureDoesNotMatch']);
    const { fields } = await form();
    const signature = fields['X-Amz-Signature'] ?? '';
    expect(await post({ ...fields, 'X-Amz-Signature': tampered(signature) }, 'new')).toEqual([
      403,
      'SignatureDoesNotMatch',
    ]);
    expect(await world.read(KEY)).toBe('old');
  });

  it('expired: a URL, a form, a header of an hour ago; a URL for longer than seven days', async () => {
    const late = await putUrl({ expiresIn: 60, signingDate: new Date(Date.now() - 62_000) });
    expect(await send(late, { method: 'PUT', body: 'new' })).toEqual([403, 'AccessDenied']);
    const { fields } = await form([], -1);
    expect(await post(fields, 'new')).toEqual([403, 'AccessDenied']);
    const old = { 'x-amz-content-sha256': EMPTY_SHA256 };
    const head = await world.signedHead('GET', `/${BUCKET}/flows/secret`, old, {
      at: new Date(Date.now() - 3_600_000),
    });
    expect(codeOf(await rawHttp(world.server.port, head))).toEqual([403, 'RequestTimeTooSkewed']);
    const long = (await putUrl()).replace('X-Amz-Expires=60', `X-Amz-Expires=${String((7 * DAY) / 1_000 + 1)}`);
    expect(await send(long, { method: 'PUT', body: 'new' })).toEqual([403, 'AccessDenied']);
    expect(await world.read(KEY)).toBe('old');
  });

  it.each(['GET', 'HEAD', 'DELETE', 'POST'])('another method: a URL for PUT used with %s', async (method) => {
    const answer = await fetch(await putUrl(), { method });
    expect(answer.status).toBe(403);
    expect(await world.read(KEY)).toBe('old');
  });

  it('another key, another bucket: the signature covers the path', async () => {
    const url = await putUrl();
    const other = url.replace(KEY, 'tickets/other');
    expect(await send(other, { method: 'PUT', body: 'new' })).toEqual([403, 'SignatureDoesNotMatch']);
    expect(await world.exists('tickets/other')).toBe(false);
    const bucket = url.replace(`/${BUCKET}/`, '/another/');
    expect(await send(bucket, { method: 'PUT', body: 'new' })).toEqual([403, 'SignatureDoesNotMatch']);
    const client = await getSignedUrl(world.upload, new PutObjectCommand({ Bucket: 'another', Key: KEY }));
    expect(await send(client, { method: 'PUT', body: 'new' })).toEqual([403, 'AccessDenied']);
    const { fields } = await form();
    expect(await post({ ...fields, key: 'tickets/other' }, 'new')).toEqual([403, 'AccessDenied']);
    expect(await post({ ...fields, bucket: 'another' }, 'new')).toEqual([403, 'AccessDenied']);
    expect(await world.exists('tickets/other')).toBe(false);
  });

  it('a key outside of the prefix that the policy names, and outside of those of the key that signed', async () => {
    const grant = await presignPost(world.upload, {
      Bucket: BUCKET,
      Key: 'C.0000000000000001/vfs/${filename}',
      Conditions: [['starts-with', '$key', 'C.0000000000000001/vfs/']],
    });
    for (const key of ['C.0000000000000002/vfs/x', 'C.0000000000000001/vfs', 'flows/x', '/C.0000000000000001/vfs/x']) {
      expect([key, await post({ ...grant.fields, key }, 'new')]).toEqual([key, [403, 'AccessDenied']]);
      expect(await world.exists(key)).toBe(false);
    }
    const climbing = 'C.0000000000000001/vfs/../../flows/x'; // a key, not a path
    expect((await post({ ...grant.fields, key: climbing }, 'new'))[0]).toBe(204);
    expect([await world.exists('flows/x'), await world.read(climbing)]).toEqual([false, 'new']);
    const outside = await presignPost(world.upload, { Bucket: BUCKET, Key: 'flows/y' });
    expect(await post(outside.fields, 'new')).toEqual([403, 'AccessDenied']);
    expect(await world.exists('flows/y')).toBe(false);
  });

  it('a body too large or too small for the form, longer or shorter than its Content-Length', async () => {
    const { fields } = await form([['content-length-range', 3, 5]]);
    expect(await post(fields, 'toolong')).toEqual([400, 'EntityTooLarge']);
    expect(await post(fields, 'xx')).toEqual([400, 'EntityTooSmall']);
    const head = (length: number): Promise<string> =>
      world.signedHead('PUT', `/${BUCKET}/${KEY}`, {
        'content-length': String(length),
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      });
    expect(codeOf(await rawHttp(world.server.port, await head(6 * 2 ** 40)))).toEqual([400, 'EntityTooLarge']);
    const socket = connect(world.server.port, '127.0.0.1');
    socket.end(`${await head(10)}short`);
    expect(await text(socket)).not.toContain('200 OK');
    expect(await world.read(KEY)).toBe('old');
  });

  it.each([
    ['Content-MD5', { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }, 'BadDigest'],
    ['x-amz-content-sha256', { 'x-amz-content-sha256': EMPTY_SHA256 }, 'XAmzContentSHA256Mismatch'],
    ['x-amz-checksum-crc32', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'BadDigest'],
    ['x-amz-checksum-sha256', { 'x-amz-checksum-sha256': 'A'.repeat(43) + '=' }, 'BadDigest'],
  ])('a wrong checksum: %s', async (_name, wrong, code) => {
    const all = { 'content-length': '3', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...wrong };
    const head = await world.signedHead('PUT', `/${BUCKET}/${KEY}`, all);
    expect(codeOf(await rawHttp(world.server.port, head, 'new'))).toEqual([400, code]);
    expect(await world.read(KEY)).toBe('old');
  });

  /** aws-chunked as the documentation of SigV4 streaming gives it. @param bend changes the signature of a chunk */
  async function chunked(bend: (signature: string, index: number) => string): Promise<[number, string]> {
    const key = `${KEY}-chunked`;
    const chunks = ['a'.repeat(100), 'b'.repeat(50), ''];
    const head = await world.signedHead('PUT', `/${BUCKET}/${key}`, {
      'content-length': String(
        chunks.reduce((sum, chunk) => sum + chunk.length + chunk.length.toString(16).length + 17 + 64 + 4, 0),
      ),
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': '150',
    });
    const date = /x-amz-date: (\S+)/i.exec(head)?.[1] ?? '';
    const scope = `${date.slice(0, 8)}/${REGION}/s3/aws4_request`;
    let signing = Buffer.from(`AWS4${FILESTORE_KEYS.service.secretAccessKey}`);
    for (const part of scope.split('/')) signing = createHmac('sha256', signing).update(part).digest();
    const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex');
    let previous = /Signature=([0-9a-f]{64})/.exec(head)?.[1] ?? '';
    const body = chunks.map((chunk, index) => {
      const text = ['AWS4-HMAC-SHA256-PAYLOAD', date, scope, previous, EMPTY_SHA256, sha256(chunk)].join('\n');
      previous = createHmac('sha256', signing).update(text).digest('hex');
      return `${chunk.length.toString(16)};chunk-signature=${bend(previous, index)}\r\n${chunk}\r\n`;
    });
    return codeOf(await rawHttp(world.server.port, head, body.join('')));
  }

  it('a broken chunk signature, the last one too; with all of them right it is written', async () => {
    for (const broken of [0, 1, 2]) {
      const outcome = await chunked((signature, index) => (index === broken ? tampered(signature) : signature));
      expect([broken, outcome]).toEqual([broken, [403, 'SignatureDoesNotMatch']]);
      expect(await world.exists(`${KEY}-chunked`)).toBe(false);
    }
    expect(await chunked((signature) => signature)).toEqual([200, '']);
    expect(await world.read(`${KEY}-chunked`)).toBe('a'.repeat(100) + 'b'.repeat(50));
  });

  it('no Host, huge headers, a query parameter twice', async () => {
    const get = (target: string, more = 'Host: x\r\n'): Promise<{ status: number; text: string }> =>
      rawHttp(world.server.port, `GET ${target} HTTP/1.1\r\n${more}Connection: close\r\n\r\n`);
    expect((await get(`/${BUCKET}/public/x`, '')).status).toBe(400);
    expect((await get(`/${BUCKET}/public/x`, `Host: x\r\nX: ${'x'.repeat(100_000)}\r\n`)).status).toBe(431);
    const url = new URL(
      await getSignedUrl(world.service, new GetObjectCommand({ Bucket: BUCKET, Key: 'flows/secret' })),
    );
    const twice = `${url.pathname}${url.search}&X-Amz-Expires=604800`;
    expect(codeOf(await get(twice))).toEqual([400, 'InvalidArgument']);
  });

  it('pipelined garbage after a good request: that one is answered, the rest is refused, the server goes on', async () => {
    const head = (
      await world.signedHead('GET', `/${BUCKET}/flows/secret`, { 'x-amz-content-sha256': EMPTY_SHA256 })
    ).replace('connection: close\r\n', '');
    for (const garbage of [
      '\x00\x01\x02\r\n\r\n',
      'GET\r\n\r\n',
      '{"json": true}\r\n\r\n',
      'PUT /x HTTP/9.9\r\n\r\n',
    ]) {
      const socket = connect(world.server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(head + garbage);
      const answers = (await text(socket)).match(/HTTP\/1\.1 \d{3}/g);
      expect([garbage, answers?.slice(0, 1)]).toEqual([garbage, ['HTTP/1.1 200']]);
      expect(answers?.slice(1).every((status) => status === 'HTTP/1.1 400')).toBe(true);
    }
    expect(await world.read(KEY)).toBe('old');
  });

  it('double encoding: decoded once, so it is another key, which its signature does not cover', async () => {
    const key = 'tickets/a/b';
    const url = await getSignedUrl(world.upload, new PutObjectCommand({ Bucket: BUCKET, Key: key }));
    const once = url.replace('tickets/a/b', 'tickets%2Fa%2Fb'); // the same key by AWS's rule
    expect((await send(once, { method: 'PUT', body: 'new' }))[0]).toBe(200);
    const double = url.replace('tickets/a/b', 'tickets%252Fa%252Fb');
    expect(await send(double, { method: 'PUT', body: 'newer' })).toEqual([403, 'SignatureDoesNotMatch']);
    const public2 = await fetch(`${world.server.url}/${BUCKET}/public%252F..%252Fflows%252Fsecret`);
    expect(public2.status).toBe(403);
    expect(await world.read(key)).toBe('new');
  });
});
