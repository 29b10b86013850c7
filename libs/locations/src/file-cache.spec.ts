import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawAnswer, startRawServer, type RawServer } from '../../../test/support/raw-http-server.js';
import { EvidenceChanged, StoreUnreachable } from './errors.js';
import { FileCache, type ExpectedObject } from './file-cache.js';
import type { ObjectStore } from './object-store.js';
import { openS3Store } from './s3/s3-store.js';

const META = { ETag: '"e"', 'Last-Modified': 'Sun, 01 Mar 2026 11:00:00 GMT' };
const BODY = 'the evidence';
const EXPECTED: ExpectedObject = {
  etag: '"e"',
  storedBytes: 12,
  storedSha256: createHash('sha256').update(BODY).digest('hex'),
};

const setUp = async (
  answer: (socket: Socket, number: number) => unknown,
): Promise<{ server: RawServer; store: ObjectStore; dir: string }> => {
  const server = await startRawServer((socket, _, number) => answer(socket, number));
  const store = openS3Store(
    { endpoint: server.url, region: 'r', bucket: 'evidence', accessKeyId: 'a', secretAccessKey: 'b' },
    { timeoutMs: 5000, sleep: async () => Promise.resolve() },
  );
  const dir = await mkdtemp(join(tmpdir(), 'locations-'));
  onTestFinished(async () => {
    store.close();
    await server.close();
    await rm(dir, { recursive: true });
  });
  return { server, store, dir };
};

describe('FileCache', () => {
  it('asks the store once, pinned to the ETag, however many want the copy at once', async () => {
    const { server, store, dir } = await setUp((socket) => socket.write(rawAnswer('200 OK', META, BODY)));
    const cache = new FileCache(dir, 1000);
    await Promise.all(Array.from({ length: 5 }, () => cache.open(store, 'k', EXPECTED)));
    await cache.open(store, 'k', EXPECTED);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers['if-match']).toBe('"e"');
  });

  it('keeps nothing of a download that is cut off, and the next one succeeds', async () => {
    const { store, dir } = await setUp((socket, number) => {
      if (number === 1) socket.end(rawAnswer('200 OK', META, BODY).slice(0, -6));
      else socket.write(rawAnswer('200 OK', META, BODY));
    });
    const cache = new FileCache(dir, 1000);
    await expect(cache.open(store, 'k', EXPECTED)).rejects.toThrow(StoreUnreachable);
    expect(await readdir(dir)).toEqual([]);
    expect(await readFile((await cache.open(store, 'k', EXPECTED)).path, 'utf8')).toBe(BODY);
  });

  it('stops a store that sends more than the ticket says', async () => {
    const { store, dir } = await setUp((socket) => socket.write(rawAnswer('200 OK', META, `${BODY}!`)));
    await expect(new FileCache(dir, 1000).open(store, 'k', EXPECTED)).rejects.toThrow(EvidenceChanged);
    expect(await readdir(dir)).toEqual([]);
  });

  it('leaves other files alone and clears away parts that nobody writes to any more', async () => {
    const { store, dir } = await setUp((socket) => socket.write(rawAnswer('200 OK', META, BODY)));
    const part = (letter: string): string => `${letter.repeat(64)}.${letter.repeat(16)}.part`;
    for (const name of ['notes.txt', part('a'), part('b')]) await writeFile(join(dir, name), 'x'.repeat(2000));
    await utimes(join(dir, part('a')), 1, 1);
    await utimes(join(dir, 'notes.txt'), 1, 1);
    const { path } = await new FileCache(dir, 12).open(store, 'k', EXPECTED);
    expect(new Set((await readdir(dir)).map((name) => join(dir, name)))).toEqual(
      new Set([path, join(dir, 'notes.txt'), join(dir, part('b'))]),
    );
  });
});
