import 'reflect-metadata';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawAnswer, startRawServer } from '../../../../test/support/raw-http-server.js';
import { type Answer, answering, client, failure, serve } from '../../../../test/support/http-client.js';
import { LocationConfigError, NetworkError, TooLarge } from '../errors.js';
import { selfSigned } from '../../../../test/support/self-signed.js';
import { HttpClient } from './http-client.js';

const DATE = 'Sun, 01 Mar 2026 12:00:00 GMT';

describe('fetchPublic', () => {
  it('gives text, validators as received and the server’s time, and asks with the ETag alone', async () => {
    const server = await serve((socket, _, number) =>
      socket.write(
        number === 1
          ? rawAnswer('200 OK', { ETag: 'W/"Aa-1"', 'Last-Modified': DATE, Date: DATE }, '{"é":1}')
          : rawAnswer('304 Not Modified', { Date: DATE }),
      ),
    );
    const http = client();
    const first = await http.fetchPublic(`${server.url}/b/public/x/manifest`, { maxBytes: 100 });
    expect(first).toEqual({
      kind: 'ok',
      text: '{"é":1}',
      etag: 'W/"Aa-1"',
      lastModified: DATE,
      serverDate: new Date(DATE),
    });
    const again = await http.fetchPublic(`${server.url}/b/public/x/manifest`, {
      maxBytes: 100,
      etag: 'W/"Aa-1"',
      lastModified: DATE,
    });
    expect(again).toEqual({ kind: 'not-modified', serverDate: new Date(DATE) });
    const [one, two] = server.requests;
    expect(one?.headers).not.toHaveProperty('if-none-match');
    expect(one?.headers['accept-encoding']).toBe('identity');
    expect(two?.headers['if-none-match']).toBe('W/"Aa-1"');
    expect(two?.headers).not.toHaveProperty('if-modified-since');
  });

  it('asks by time only where there is no ETag', async () => {
    const server = await serve(answering('304 Not Modified', {}));
    expect(await client().fetchPublic(server.url, { maxBytes: 1, lastModified: DATE })).toEqual({
      kind: 'not-modified',
    });
    expect(server.requests[0]?.headers['if-modified-since']).toBe(DATE);
  });

  it.each([
    ['403 Forbidden', { kind: 'empty' }],
    ['404 Not Found', { kind: 'empty' }],
    ['429 Too Many Requests', { kind: 'wait', status: 429, retryAfterMs: 7000 }],
    ['500 Oops', { kind: 'wait', status: 500, retryAfterMs: 7000 }],
    ['503 Busy', { kind: 'wait', status: 503, retryAfterMs: 7000 }],
  ])('takes %s for what it means', async (status, expected) => {
    const server = await serve(answering(status, { 'Retry-After': '7' }, '<Error><Code>X</Code></Error>'));
    expect(await client().fetchPublic(server.url, { maxBytes: 1 })).toEqual(expected);
  });

  it.each(['304 Not Modified', '302 Found', '401 Unauthorized', '206 Partial Content'])(
    'takes an unasked %s for no answer',
    async (status) => {
      const server = await serve(answering(status, { Location: 'http://127.0.0.1:1/' }));
      const error = await failure(client().fetchPublic(server.url, { maxBytes: 100 }));
      expect(error).toBeInstanceOf(NetworkError);
      expect(error).toMatchObject({ code: 'unexpected-status' });
      expect(server.requests).toHaveLength(1);
    },
  );

  it('stops at the limit when the length is announced, before the body', async () => {
    const server = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n'));
    const error = await failure(client().fetchPublic(server.url, { maxBytes: 1_048_576 }));
    expect(error).toBeInstanceOf(TooLarge);
    expect(error).toMatchObject({ limit: 1_048_576 });
  });

  it('stops at the limit of an endless body and cuts the connection', async () => {
    const cut = Promise.withResolvers<number>();
    const server = await serve((socket) => {
      let sent = 0;
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk)) sent += 65_536;
      };
      socket.on('drain', more);
      socket.on('close', () => cut.resolve(sent));
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      more();
    });
    const error = await failure(client().fetchPublic(server.url, { maxBytes: 1_048_576 }));
    expect(error).toBeInstanceOf(TooLarge);
    expect(await cut.promise).toBeLessThan(64 * 1_048_576);
  });

  it.each<[string, Answer]>([
    [
      'closes in the middle of the body',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"half":'),
    ],
    [
      'closes in the middle of a chunk',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\nabc'),
    ],
    ['closes without a word', (socket) => socket.end()],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
    ['speaks something else', (socket) => socket.end('220 mail.example.org ESMTP\r\n')],
    [
      'sends two lengths',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc'),
    ],
    [
      'sends more than it said',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: -2\r\n\r\nabc'),
    ],
  ])('gives no text of a server that %s', async (_, answer) => {
    const server = await serve(answer);
    const error = await failure(
      client().fetchPublic(`${server.url}/public/${'0f'.repeat(16)}/manifest`, { maxBytes: 1000 }),
    );
    expect(error).toBeInstanceOf(NetworkError);
    expect((error as Error).message).toContain(`${server.url}/public/***/manifest`);
    expect((error as Error).message).not.toContain('0f0f');
  });

  it('gives up on a server that dribbles, after the whole time limit', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const error = await failure(client({ timeoutMs: 300 }).fetchPublic(server.url, { maxBytes: 1_000_000 }));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ code: 'TIMEOUT' });
  });

  it('gives up on a server that never answers', async () => {
    const server = await serve(() => undefined);
    const error = await failure(client({ timeoutMs: 200 }).fetchPublic(server.url, { maxBytes: 1 }));
    expect(error).toBeInstanceOf(NetworkError);
  });

  it('says that nobody listens', async () => {
    const server = await startRawServer(() => undefined);
    await server.close();
    expect(await failure(client().fetchPublic(server.url, { maxBytes: 1 }))).toMatchObject({
      name: 'NetworkError',
      code: 'ECONNREFUSED',
    });
  });

  it('passes an abort on as the reason, not as a failure of the network', async () => {
    const abort = new AbortController();
    const reason = new Error('the agent stops');
    const server = await serve(() => abort.abort(reason));
    expect(await failure(client().fetchPublic(server.url, { maxBytes: 1, signal: abort.signal }))).toBe(reason);
  });

  it('does not take a time limit of the caller for its own', async () => {
    const server = await serve(() => undefined);
    const signal = AbortSignal.timeout(100);
    expect(await failure(client().fetchPublic(server.url, { maxBytes: 1, signal }))).toBe(signal.reason);
  });

  it('refuses bytes that are not UTF-8 and encodings that were not asked for', async () => {
    const binary = await serve((socket) =>
      socket.write(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe', 'latin1')),
    );
    expect(await failure(client().fetchPublic(binary.url, { maxBytes: 10 }))).toMatchObject({ code: 'not-text' });
    const gzip = await serve(answering('200 OK', { 'Content-Encoding': 'gzip' }, 'xx'));
    expect(await failure(client().fetchPublic(gzip.url, { maxBytes: 10 }))).toMatchObject({
      code: 'unexpected-encoding',
    });
  });

  it('keeps no validator that could not be sent back byte for byte', async () => {
    const server = await serve((socket) =>
      socket.write(Buffer.from('HTTP/1.1 200 OK\r\netag: "\xe9"\r\ncontent-length: 1\r\n\r\nx', 'latin1')),
    );
    expect(await client().fetchPublic(server.url, { maxBytes: 10 })).toEqual({ kind: 'ok', text: 'x' });
  });

  it('keeps connections from one poll to the next', async () => {
    const ports = new Set<number | undefined>();
    const server = await serve((socket) => {
      ports.add(socket.remotePort);
      socket.write(rawAnswer('404 Not Found', {}, 'x'.repeat(500)));
    });
    const http = client();
    for (let i = 0; i < 20; i++) await http.fetchPublic(server.url, { maxBytes: 1 });
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});

describe('proxy and extra CA', () => {
  it('forwards plain HTTP through the proxy, with its password, and never shows that', async () => {
    const proxy = await serve(answering('200 OK', {}, 'by proxy'));
    const http = client({ proxy: `http://joe:secret@127.0.0.1:${proxy.port}` });
    expect(await http.fetchPublic('http://bucket.invalid/b/k', { maxBytes: 100 })).toMatchObject({ text: 'by proxy' });
    const [request] = proxy.requests;
    expect(request?.path).toBe('http://bucket.invalid/b/k');
    expect(request?.headers['proxy-authorization']).toBe(`Basic ${Buffer.from('joe:secret').toString('base64')}`);
    expect(() => new HttpClient({ proxy: 'socks5://joe:secret@h' })).toThrow(LocationConfigError);
    expect(() => new HttpClient({ proxy: 'socks5://joe:secret@h' })).not.toThrow('secret');
  });

  it('says that the proxy refuses to reach an HTTPS address', async () => {
    const proxy = await serve((socket, request) => {
      if (request.method === 'CONNECT') socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    const http = client({ proxy: proxy.url });
    const error = await failure(http.fetchPublic('https://bucket.invalid/b/k', { maxBytes: 100 }));
    expect(error).toBeInstanceOf(NetworkError);
    expect((error as Error).message).toContain('407');
  });

  it('trusts a server of an extra CA only when it is given', async () => {
    const { cert, key } = await selfSigned();
    const server = createTlsServer({ cert, key }, (_, response) => response.end('over TLS'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const error = await failure(client().fetchPublic(url, { maxBytes: 100 }));
    expect(error).toBeInstanceOf(NetworkError);
    expect((error as Error).message).toContain('check the clock, the certificate and the extra CA');
    expect(await client({ extraCa: cert }).fetchPublic(url, { maxBytes: 100 })).toMatchObject({ text: 'over TLS' });
    expect(() => new HttpClient({ extraCa: 'no pem' })).toThrow(LocationConfigError);
  });
});
