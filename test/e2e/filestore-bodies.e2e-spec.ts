import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presignPost, refusal } from '../contract/object-store.contract.js';
import { FILESTORE_KEYS } from '../support/filestore-process.js';
import { BUCKET, codeOf, EMPTY_SHA256, FileStoreWorld, REGION } from '../support/filestore-world.js';
import { rawHttp } from '../support/raw-http.js';

let world: FileStoreWorld;
beforeAll(async () => {
  world = await FileStoreWorld.start();
});
afterAll(() => world.stop());

describe('bodies', () => {
  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'the SDK with its default settings: chunks with a %s trailer, checked and kept [AWS guide: checking object integrity]',
    async (algorithm) => {
      const client = new S3Client({
        endpoint: world.server.url,
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
    await world.put('body/1', 'old');
    const path = `/${BUCKET}/body/1`;
    const send = async (headers: Record<string, string>, body = 'hello') =>
      codeOf(
        await rawHttp(
          world.server.port,
          await world.signedHead('PUT', path, { 'content-length': '5', ...headers }),
          body,
        ),
      );
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
    const chunked = await world.signedHead('PUT', path, { ...noLength, 'transfer-encoding': 'chunked' });
    expect(codeOf(await rawHttp(world.server.port, chunked, '5\r\nhello\r\n0\r\n\r\n'))).toEqual([
      411,
      'MissingContentLength',
    ]);
    expect(await world.read('body/1')).toBe('old');
    expect(await send({ ...unsigned, 'x-amz-checksum-crc32': 'NhCmhg==' })).toEqual([200, '']);
    expect(await world.read('body/1')).toBe('hello');
  });

  it('a connection cut in the middle of an upload leaves the old object and no temporary file', async () => {
    await world.put('body/cut', 'old');
    const head = await world.signedHead('PUT', `/${BUCKET}/body/cut`, {
      'content-length': '1000000',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    });
    const socket = connect(world.server.port, '127.0.0.1');
    socket.write(head);
    socket.write(Buffer.alloc(500_000));
    await expect.poll(() => readdirSync(join(world.server.root, 'temporary')).length, { timeout: 5_000 }).toBe(1);
    socket.destroy();
    await expect.poll(() => readdirSync(join(world.server.root, 'temporary')).length, { timeout: 5_000 }).toBe(0);
    expect(await world.read('body/cut')).toBe('old');
  });

  it('Expect: 100-continue is answered only when the head is good [RFC 9110 10.1.1]', async () => {
    const headers = { 'content-length': '5', expect: '100-continue', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const good = await rawHttp(world.server.port, await world.signedHead('PUT', `/${BUCKET}/expect`, headers), 'hello');
    expect(good.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    const bad = (await world.signedHead('PUT', `/${BUCKET}/expect`, headers)).replace(/Signature=./, 'Signature=z');
    const refused = await rawHttp(world.server.port, bad);
    expect(refused.text).not.toContain('100 Continue');
    expect(codeOf(refused)).toEqual([403, 'SignatureDoesNotMatch']);
  });

  it('large bodies, hashed in a thread beside: each ETag is the MD5 of its own; a cut one disturbs none; it stops', async () => {
    const own = await FileStoreWorld.start();
    const bodies = Array.from({ length: 20 }, (_unused, index) =>
      Buffer.alloc(4 * 2 ** 20 + index * 100_001, index + 1),
    );
    const head = await own.signedHead('PUT', `/${BUCKET}/large/cut`, {
      'content-length': '50000000',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    });
    const cut = connect(own.server.port, '127.0.0.1');
    cut.write(head);
    cut.write(Buffer.alloc(5_000_000));
    const written = await Promise.all(bodies.map((body, index) => own.put(`large/${String(index)}`, body)));
    cut.destroy();
    const md5 = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;
    expect(written.map(({ ETag }) => ETag)).toEqual(bodies.map(md5));
    const answer = await own.service.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'large/19' }));
    const back = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
    expect(back.equals(bodies[19] ?? Buffer.alloc(0))).toBe(true);
    expect(await own.exists('large/cut')).toBe(false);
    await own.stop(); // the thread holds nothing up
  });

  it('500 uploads at once all succeed: load waits', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, (_unused, index) =>
        refusal(world.put(`load/${String(index)}`, `body ${String(index)}`)),
      ),
    );
    expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await world.read('load/499')).toBe('body 499');
  });
});

describe('POST forms, byte by byte', () => {
  const boundary = 'XXBOUNDARYXX';
  async function form(
    fields: (own: Record<string, string>) => [string, string][],
    content: string,
    end = `\r\n--${boundary}--\r\n`,
  ): Promise<string> {
    const { fields: own } = await presignPost(world.upload, {
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
    expect((await rawHttp(world.server.port, request)).status).toBe(204);
    expect(await world.read('tickets/form')).toBe('hello');
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
    await world.put('tickets/form', 'old');
    const request = await form(fields, 'hello', end === '' ? undefined : end);
    expect(codeOf(await rawHttp(world.server.port, request))).toEqual(expected);
    expect(await world.read('tickets/form')).toBe('old');
  });

  it('a form without a file, and a body that is no form', async () => {
    const none = `--${boundary}\r\nContent-Disposition: form-data; name="key"\r\n\r\nx\r\n--${boundary}--\r\n`;
    const head = (type: string, length: number): string =>
      `POST /${BUCKET} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${String(length)}\r\nConnection: close\r\n\r\n`;
    expect(
      codeOf(await rawHttp(world.server.port, head(`multipart/form-data; boundary=${boundary}`, none.length), none)),
    ).toEqual([400, 'InvalidArgument']);
    expect(codeOf(await rawHttp(world.server.port, head('text/plain', 5), 'hello'))).toEqual([
      400,
      'MalformedPOSTRequest',
    ]);
  });
});
