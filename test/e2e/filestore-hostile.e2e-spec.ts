import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCode } from '../contract/object-store.contract.js';
import { BUCKET, codeOf, EMPTY_SHA256, FileStoreWorld } from '../support/filestore-world.js';
import { rawHttp } from '../support/raw-http.js';

let world: FileStoreWorld;
beforeAll(async () => {
  world = await FileStoreWorld.start();
});
afterAll(() => world.stop());

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
    await world.put('flows/secret', 'the secret');
    expect(codeOf(await rawHttp(world.server.port, line(target)))).toEqual([403, 'AccessDenied']);
  });

  it.each([
    ['invalid UTF-8', `/${BUCKET}/public/%ff`, 'InvalidURI'],
    ['an overlong form', `/${BUCKET}/public/%c0%ae`, 'InvalidURI'],
    ['half an escape', `/${BUCKET}/public/%4`, 'InvalidURI'],
    ['a key of 1,025 bytes', `/${BUCKET}/${'x'.repeat(1_025)}`, 'KeyTooLongError'],
    ['a query parameter twice', `/${BUCKET}?prefix=a&prefix=b`, 'InvalidArgument'],
    ['an absolute address', 'http://x/evidence/public/x', 'InvalidURI'],
  ])('%s: 400', async (_what, target, code) => {
    expect(codeOf(await rawHttp(world.server.port, line(target)))).toEqual([400, code]);
  });

  it('no Host, two Hosts, garbage, huge headers, unknown methods: refused in one answer each', async () => {
    expect(
      (await rawHttp(world.server.port, `GET /${BUCKET}/public/x HTTP/1.1\r\nConnection: close\r\n\r\n`)).status,
    ).toBe(400);
    expect((await rawHttp(world.server.port, line('/', 'Host: y\r\n'))).status).toBe(400);
    expect((await rawHttp(world.server.port, '\x16\x03\x01 garbage\r\n\r\n')).status).toBe(400);
    expect((await rawHttp(world.server.port, line('/', `X: ${'x'.repeat(100_000)}\r\n`))).status).toBe(431);
    expect((await rawHttp(world.server.port, line('/').replace('GET', 'PROPFIND'))).status).toBe(405);
    expect(
      (
        await rawHttp(
          world.server.port,
          `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        )
      ).status,
    ).toBe(400);
  });

  it('a request after a good one on the same connection cannot borrow its rights', async () => {
    const head = (
      await world.signedHead('GET', `/${BUCKET}/flows/secret`, { 'x-amz-content-sha256': EMPTY_SHA256 })
    ).replace('connection: close\r\n', '');
    const socket = connect(world.server.port, '127.0.0.1');
    socket.write(head + line(`/${BUCKET}/flows/secret`));
    const answers = (await text(socket)).match(/HTTP\/1\.1 \d{3}/g);
    expect(answers).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
  });

  it('what is not built says so: NotImplemented', async () => {
    for (const query of ['acl', 'policy', 'cors', 'lifecycle', 'versions', 'object-lock', 'tagging', 'encryption']) {
      for (const method of ['GET', 'PUT']) {
        const headers = await world.signed(method, `/${BUCKET}`, {}, { query: { [query]: '' } });
        const url = `/${BUCKET}?${query}=`;
        const answer = await fetch(world.server.url + url, { method, headers });
        expect([query, method, answer.status, await errorCode(answer)]).toEqual([query, method, 501, 'NotImplemented']);
      }
    }
  });
});
