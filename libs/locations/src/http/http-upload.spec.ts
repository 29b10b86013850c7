import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { S3SignedPolicy } from '#wire';
import { rawAnswer } from '../../../../test/support/raw-http-server.js';
import { client, failure, serve } from '../../../../test/support/http-client.js';
import { FileChanged, LocationConfigError, NetworkError, UploadRefused, UploadRetry } from '../errors.js';

describe('upload', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'locations-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const policyFor = (url: string, change: Partial<S3SignedPolicy> = {}): S3SignedPolicy => ({
    __type__: 'S3SignedPolicy',
    url: `${url}/bucket`,
    path_prefix: 'tickets/',
    path_template: '',
    fields: { policy: 'cG9saWN5', 'x-amz-signature': '00ff' },
    min_bytes: 1,
    max_bytes: 10_000_000,
    expires_at: '2026-03-08T00:00:00.000Z',
    ...change,
  });
  const spool = async (content: Buffer | string): Promise<string> => {
    const path = join(dir, 'spool');
    await writeFile(path, content);
    return path;
  };

  it('posts a form with its exact length: key, signed fields, type, the file last', async () => {
    const server = await serve(async (socket, request) => {
      await request.body;
      socket.write(rawAnswer('204 No Content', {}));
    });
    const content = randomBytes(300_000);
    await client().upload(policyFor(server.url), 'tickets/a!2e', await spool(content), {
      contentType: 'application/gzip',
    });
    const [request] = server.requests;
    expect(request?.method).toBe('POST');
    expect(request?.path).toBe('/bucket');
    expect(request?.headers).not.toHaveProperty('transfer-encoding');
    const [, boundary = ''] =
      /^multipart\/form-data; boundary=(\S{20,})$/.exec(request!.headers['content-type']!) ?? [];
    const field = (name: string, value: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const expected = Buffer.concat([
      Buffer.from(
        field('key', 'tickets/a!2e') +
          field('policy', 'cG9saWN5') +
          field('x-amz-signature', '00ff') +
          field('Content-Type', 'application/gzip') +
          `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n` +
          'Content-Type: application/gzip\r\n\r\n',
      ),
      content,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    expect(request?.headers['content-length']).toBe(String(expected.length));
    expect((await request!.body).equals(expected)).toBe(true);
  });

  it.each([
    ['403 Forbidden', 'AccessDenied', 'Invalid according to Policy: Policy expired.', 'expired'],
    ['403 Forbidden', 'AccessDenied', 'Access Denied', 'forbidden'],
    ['403 Forbidden', 'InvalidAccessKeyId', 'The key is gone', 'forbidden'],
    ['403 Forbidden', 'QuotaExceeded', 'used up', 'quota'],
    ['400 Bad Request', 'EntityTooLarge', 'too large', 'too-large'],
    ['413 Payload Too Large', '', '', 'too-large'],
    ['400 Bad Request', 'EntityTooSmall', 'too small', 'final'],
    ['400 Bad Request', 'InvalidPolicyDocument', 'no', 'final'],
  ])('takes %s %s (%s) for a refusal', async (status, code, message, kind) => {
    const server = await serve(async (socket, request) => {
      await request.body;
      socket.write(rawAnswer(status, {}, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`));
    });
    const error = await failure(
      client().upload(policyFor(server.url), 'tickets/a', await spool('x'), { contentType: 'a/b' }),
    );
    expect(error).toBeInstanceOf(UploadRefused);
    expect(error).toMatchObject({ kind, code, status: Number(status.slice(0, 3)) });
    expect((error as Error).message).toContain('tickets/a');
  });

  it.each([
    ['503 Busy', '<Error><Code>ServiceUnavailable</Code></Error>', 503],
    ['500 Oops', '', 500],
    ['429 Slow', '<Error><Code>SlowDown</Code></Error>', 429],
    ['400 Bad Request', '<Error><Code>RequestTimeout</Code></Error>', 400],
    ['404 Not Found', '<Error><Code>NoSuchBucket</Code></Error>', 404],
    ['400 Bad Request', '<html>captive portal</html>', 400],
    ['302 Found', '<html>login</html>', 302],
    ['407 Proxy', '', 407],
  ])('does not give up evidence for %s %s', async (status, body, number) => {
    const server = await serve(async (socket, request) => {
      await request.body;
      socket.write(rawAnswer(status, { 'Retry-After': '3' }, body));
    });
    const error = await failure(
      client().upload(policyFor(server.url), 'tickets/a', await spool('x'), { contentType: 'a/b' }),
    );
    expect(error).toBeInstanceOf(UploadRetry);
    expect(error).toMatchObject({ status: number, retryAfterMs: 3000 });
  });

  it('sees a refusal that comes before the file was sent', async () => {
    const server = await serve((socket) => {
      socket.write(rawAnswer('403 Forbidden', { connection: 'close' }, '<Error><Code>QuotaExceeded</Code></Error>'));
    });
    const error = await failure(
      client().upload(policyFor(server.url), 'tickets/a', await spool(Buffer.alloc(8_000_000)), { contentType: 'a/b' }),
    );
    expect(error).toMatchObject({ name: 'UploadRefused', kind: 'quota' });
  });

  it('sends nothing that the grant cannot take', async () => {
    const server = await serve(() => undefined);
    const http = client();
    const path = await spool('four');
    const attempt = (key: string, change: Partial<S3SignedPolicy>): Promise<unknown> =>
      failure(http.upload(policyFor(server.url, change), key, path, { contentType: 'a/b' }));
    expect(await attempt('other/a', {})).toMatchObject({ name: 'UploadRefused', kind: 'final', status: 0 });
    expect(await attempt('tickets/a', { max_bytes: 3 })).toMatchObject({ name: 'UploadRefused', kind: 'too-large' });
    expect(await attempt('tickets/a', { min_bytes: 5 })).toMatchObject({ name: 'UploadRefused', kind: 'final' });
    expect(await attempt('tickets/a', { fields: { 'a"\r\nx': '1' } })).toBeInstanceOf(LocationConfigError);
    expect(await attempt('tickets/a', { fields: { policy: 'x'.repeat(20_000) } })).toBeInstanceOf(LocationConfigError);
    expect(server.requests).toHaveLength(0);
  });

  it('fails when the peer closes in the middle', async () => {
    const server = await serve((socket) => socket.resetAndDestroy());
    const error = await failure(
      client().upload(policyFor(server.url), 'tickets/a', await spool(Buffer.alloc(5_000_000)), { contentType: 'a/b' }),
    );
    expect(error).toBeInstanceOf(NetworkError);
  });

  it('gives up on a peer that takes nothing more', async () => {
    const server = await serve((socket) => socket.pause());
    const error = await failure(
      client({ timeoutMs: 300 }).upload(
        policyFor(server.url, { max_bytes: 100_000_000 }),
        'tickets/a',
        await spool(Buffer.alloc(50_000_000)),
        {
          contentType: 'a/b',
        },
      ),
    );
    expect(error).toMatchObject({ name: 'NetworkError', code: 'TIMEOUT' });
  });

  it('gives up on a peer that takes all and does not answer', async () => {
    const server = await serve(() => undefined);
    const error = await failure(
      client({ timeoutMs: 300 }).upload(policyFor(server.url), 'tickets/a', await spool('x'), { contentType: 'a/b' }),
    );
    expect(error).toMatchObject({ name: 'NetworkError', code: 'TIMEOUT' });
  });

  it('keeps to the rate, which is no stall however long it takes', async () => {
    const server = await serve(async (socket, request) => {
      await request.body;
      socket.write(rawAnswer('204 No Content', {}));
    });
    const started = performance.now();
    // 100,000 bytes at 800 kbit/s are one second, with a stall limit of 600 ms
    await client({ timeoutMs: 600 }).upload(policyFor(server.url), 'tickets/a', await spool(Buffer.alloc(100_000)), {
      contentType: 'a/b',
      rateBitsPerSecond: 800_000,
    });
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  it('goes on with a peer that takes it slowly, for longer than the stall limit', async () => {
    const server = await serve(async (socket, request) => {
      socket.on('data', () => {
        socket.pause();
        setTimeout(() => socket.resume(), 5);
      });
      await request.body;
      socket.write(rawAnswer('204 No Content', {}));
    });
    const started = performance.now();
    await client({ timeoutMs: 1000 }).upload(
      policyFor(server.url, { max_bytes: 100_000_000 }),
      'tickets/a',
      await spool(Buffer.alloc(25_000_000)),
      { contentType: 'a/b' },
    );
    expect(performance.now() - started).toBeGreaterThan(1500);
  });

  it('stores nothing of a file that becomes shorter meanwhile', async () => {
    const path = await spool(Buffer.alloc(200_000));
    const server = await serve(() => void truncate(path, 10));
    const error = await failure(
      client().upload(policyFor(server.url), 'tickets/a', path, { contentType: 'a/b', rateBitsPerSecond: 800_000 }),
    );
    expect(error).toBeInstanceOf(FileChanged);
    let complete = false;
    void server.requests[0]?.body.then(() => (complete = true));
    await new Promise(setImmediate);
    expect(complete).toBe(false);
  });

  it('passes an abort and a missing file on as they are', async () => {
    const abort = new AbortController();
    const reason = new Error('cancelled');
    const server = await serve(() => abort.abort(reason));
    const http = client();
    const policy = policyFor(server.url);
    const options = { contentType: 'a/b', signal: abort.signal };
    expect(await failure(http.upload(policy, 'tickets/a', await spool('x'), options))).toBe(reason);
    expect(await failure(http.upload(policy, 'tickets/a', join(dir, 'gone'), { contentType: 'a/b' }))).toMatchObject({
      code: 'ENOENT',
    });
  });
});
