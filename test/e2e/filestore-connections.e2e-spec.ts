import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Client } from '../contract/object-store.contract.js';
import {
  FILESTORE_KEYS,
  fileStoreFolder,
  startFileStore,
  type FileStoreProcess,
} from '../support/filestore-process.js';
import { rawHttp } from '../support/raw-http.js';
import { selfSigned } from '../support/self-signed.js';

const BUCKET = 'evidence';
const ORIGIN = 'https://console.example';

let folder: Awaited<ReturnType<typeof fileStoreFolder>>;
beforeAll(async () => {
  folder = await fileStoreFolder();
});
afterAll(() => folder.remove());

/** Runs with a server that is started with these options. */
async function serving<T>(args: readonly string[], task: (server: FileStoreProcess) => Promise<T>): Promise<T> {
  const server = await startFileStore(folder.root, args);
  try {
    return await task(server);
  } finally {
    await server.stop();
  }
}

const serviceOf = (server: FileStoreProcess, url = server.url) =>
  s3Client({ endpoint: url, region: 'us-east-1' }, FILESTORE_KEYS.service);
const put = (server: FileStoreProcess, key: string, body: string) =>
  serviceOf(server).send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
const head = (server: FileStoreProcess, path: string, ...lines: string[]): string =>
  [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${String(server.port)}`, ...lines, '', ''].join('\r\n');

async function open(server: FileStoreProcess): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What an open descriptor of a process is; empty when it is gone. */
function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${String(pid)}/fd/${fd}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Resolves with what comes until the predicate holds. */
async function until(socket: Socket, holds: (received: string) => boolean): Promise<string> {
  let received = '';
  const done = Promise.withResolvers<string>();
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    if (holds(received)) done.resolve(received);
  });
  socket.on('close', () => done.resolve(received));
  return done.promise;
}

describe('connections', () => {
  it('more than are served wait, unread, and are served in their turn', () =>
    serving(['--connections', '2', '--waiting-connections', '1'], async (server) => {
      await put(server, 'public/x', 'content');
      const url = await getSignedUrl(serviceOf(server), new PutObjectCommand({ Bucket: BUCKET, Key: 'slow' }));
      const { pathname, search } = new URL(url);
      const uploads = [];
      for (let index = 0; index < 2; index++) {
        const socket = await open(server);
        socket.write(
          `PUT ${pathname}${search} HTTP/1.1\r\nHost: 127.0.0.1:${String(server.port)}\r\nContent-Length: 4\r\nConnection: close\r\n` +
            'Expect: 100-continue\r\n\r\n',
        );
        expect(await until(socket, (received) => received.includes('\r\n\r\n'))).toContain('100 Continue');
        uploads.push(socket);
      }
      const waiter = await open(server);
      waiter.write(head(server, `/${BUCKET}/public/x`, 'Connection: close'));
      const answer = until(waiter, (received) => received.endsWith('content'));
      const tooMany = await open(server);
      await once(tooMany, 'close'); // by then the waiter has been seen, and waits
      expect(waiter.bytesRead).toBe(0);
      const [first, second] = uploads;
      first?.write('done');
      expect(await answer).toMatch(/^HTTP\/1\.1 200 .*content$/s);
      second?.write('done');
      expect(await until(second ?? waiter, (received) => received.includes('200 OK'))).toContain('200 OK');
    }));

  it('connections that are only kept alive make room', () =>
    serving(['--connections', '2'], async (server) => {
      await put(server, 'public/x', 'content');
      const kept = [];
      for (let index = 0; index < 2; index++) {
        const socket = await open(server);
        const answered = until(socket, (received) => received.endsWith('content'));
        socket.write(head(server, `/${BUCKET}/public/x`));
        expect(await answered).toContain('200 OK');
        kept.push(socket);
      }
      expect((await rawHttp(server.port, head(server, `/${BUCKET}/public/x`))).status).toBe(200);
    }));

  it('a client that goes in the middle of a download, and one that stops reading, hold nobody up', () =>
    serving([], async (server) => {
      const body = randomBytes(8 * 2 ** 20);
      await serviceOf(server).send(new PutObjectCommand({ Bucket: BUCKET, Key: 'public/large', Body: body }));
      const stuck = await Promise.all(Array.from({ length: 100 }, () => open(server)));
      for (const socket of stuck) {
        socket.pause();
        socket.write(head(server, `/${BUCKET}/public/large`));
      }
      const going = await open(server);
      going.once('data', () => going.destroy());
      going.write(head(server, `/${BUCKET}/public/large`));
      await once(going, 'close');
      for (let round = 0; round < 3; round++) {
        const answer = await fetch(`${server.url}/${BUCKET}/public/large`);
        expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
      }
      for (const socket of stuck) socket.destroy();
      const files = (): string[] =>
        readdirSync(`/proc/${String(server.pid)}/fd`).filter((fd) => linkOf(server.pid, fd).includes('f-large'));
      await expect.poll(files, { timeout: 5_000 }).toEqual([]); // every file is closed again
    }));

  it('what a client that has gone asked for is not read to its end', () =>
    serving([], async (server) => {
      const bytes = 64 * 2 ** 20;
      await serviceOf(server).send(
        new PutObjectCommand({ Bucket: BUCKET, Key: 'public/large', Body: Buffer.alloc(bytes, 'e') }),
      );
      const readBytes = (): number =>
        Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${String(server.pid)}/io`, 'utf8'))?.[1]);
      const files = (): string[] =>
        readdirSync(`/proc/${String(server.pid)}/fd`).filter((fd) => linkOf(server.pid, fd).includes('f-large'));
      const before = readBytes();
      const request = head(server, `/${BUCKET}/public/large`);
      for (const requests of [request, request + request]) {
        const socket = await open(server);
        socket.once('data', () => socket.resetAndDestroy());
        socket.write(requests);
        await once(socket, 'close');
        await expect.poll(files, { timeout: 5_000 }).toEqual([]);
      }
      expect(readBytes() - before).toBeGreaterThan(0);
      expect(readBytes() - before).toBeLessThan(bytes / 2);
    }));

  it(
    'clients that dribble their heads or bodies are cut off (408, RequestTimeout), and hold nobody up',
    () =>
      serving([], async (server) => {
        await put(server, 'public/x', 'content');
        const url = await getSignedUrl(serviceOf(server), new PutObjectCommand({ Bucket: BUCKET, Key: 'dribbled' }));
        const { pathname, search } = new URL(url);
        const host = `Host: 127.0.0.1:${String(server.port)}`;
        const beginnings = [
          `GET / HTTP/1.1\r\n${host}\r\nX-Slow: `,
          `PUT ${pathname}${search} HTTP/1.1\r\n${host}\r\nContent-Length: 1000000\r\n\r\n`,
        ];
        const stuck = await Promise.all(
          Array.from({ length: 200 }, async (_unused, index) => {
            const socket = await open(server);
            socket.write(beginnings[index % 2] ?? '');
            return socket;
          }),
        );
        const dribble = setInterval(() => stuck.forEach((socket) => socket.write('a')), 500);
        const answers = stuck.map((socket) => until(socket, () => false));
        for (let index = 0; index < 50; index++) {
          expect((await fetch(`${server.url}/${BUCKET}/public/x`)).status).toBe(200);
        }
        for (const [index, answer] of (await Promise.all(answers)).entries()) {
          expect(answer).toContain(index % 2 === 0 ? '408 Request Timeout' : '<Code>RequestTimeout</Code>');
        }
        clearInterval(dribble);
        expect((await fetch(`${server.url}/${BUCKET}/dribbled`)).status).toBe(403);
        expect(readdirSync(join(folder.root, 'temporary'))).toEqual([]);
      }),
    90_000,
  );
});

describe('addresses', () => {
  it('BUCKET.localhost names the bucket, in signatures too; another host does not', () =>
    serving(['--domain', 'localhost', '--domain', 's3.example'], async (server) => {
      await put(server, 'public/x', 'content');
      const get = (host: string, path: string) =>
        rawHttp(server.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect((await get(`evidence.localhost:${String(server.port)}`, '/public/x')).text).toMatch(/content$/);
      expect((await get('evidence.s3.example', '/public/x')).text).toMatch(/content$/);
      expect((await get('EVIDENCE.s3.example', '/public/x')).status).toBe(200);
      expect((await get('evidence.other.example', '/public/x')).status).toBe(403);
      expect((await get('evidence.s3.example', `/${BUCKET}/public/x`)).status).toBe(403); // a key of that name
      const client = new S3Client({
        endpoint: 'http://s3.example',
        region: 'us-east-1',
        credentials: FILESTORE_KEYS.service,
      });
      await put(server, 'private', 'signed for');
      const signed = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: BUCKET, Key: 'private' })));
      expect([signed.host, signed.pathname]).toEqual(['evidence.s3.example', '/private']);
      expect((await get(signed.host, signed.pathname + signed.search)).text).toMatch(/signed for$/);
      expect((await get('evidence.localhost', signed.pathname + signed.search)).status).toBe(403);
    }));

  it('an answer learnt for one host is not given for another', () =>
    serving(['--domain', 's3.example'], async (server) => {
      await put(server, 'public/x', 'content');
      await put(server, 'evidence/public/x', 'content');
      const get = (host: string, ...lines: string[]) =>
        rawHttp(
          server.port,
          [`GET /${BUCKET}/public/x HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines, '', ''].join('\r\n'),
        );
      const etag = /etag: ("[0-9a-f]+")/i.exec((await get('s3.example')).text)?.[1] ?? '';
      expect((await get('s3.example', `If-None-Match: ${etag}`)).status).toBe(304);
      expect((await get('evidence.s3.example', `If-None-Match: ${etag}`)).status).toBe(403);
    }));

  it('pages of the named origins may read and ask; others may not', () =>
    serving(['--cors-origin', ORIGIN], async (server) => {
      await put(server, 'public/x', 'content');
      const url = `${server.url}/${BUCKET}/public/x`;
      const allowed = await fetch(url, { headers: { Origin: ORIGIN } });
      expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(allowed.headers.get('access-control-expose-headers')).toContain('ETag');
      const other = await fetch(url, { headers: { Origin: 'https://evil.example' } });
      expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([200, null]);
      const ask = (origin: string, method: string) =>
        fetch(url, { method: 'OPTIONS', headers: { Origin: origin, 'Access-Control-Request-Method': method } });
      expect((await ask(ORIGIN, 'PUT')).status).toBe(200);
      expect((await ask(ORIGIN, 'PATCH')).status).toBe(403);
      expect((await ask('https://evil.example', 'PUT')).status).toBe(403);
    }));
});

describe('TLS', () => {
  it('serves https when it is given a certificate and its key', async () => {
    const { cert, key } = await selfSigned();
    const files = { cert: join(folder.root, 'cert.pem'), key: join(folder.root, 'key.pem') };
    await writeFile(files.cert, cert);
    await writeFile(files.key, key);
    await serving(['--tls-cert', files.cert, '--tls-key', files.key], async (server) => {
      expect(server.url).toMatch(/^https:/);
      const sent = httpsRequest(`${server.url}/${BUCKET}/public/none`, { ca: cert, agent: false }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      expect([answer.statusCode, await text(answer)]).toEqual([403, expect.stringContaining('AccessDenied')]);
    });
  });
});
