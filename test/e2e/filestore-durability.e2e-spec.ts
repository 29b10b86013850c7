import { createHash, randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it } from 'vitest';
import { refusal, s3Client } from '../contract/object-store.contract.js';
import {
  FILESTORE_KEYS,
  fileStoreFolder,
  startFileStore,
  type FileStoreProcess,
} from '../support/filestore-process.js';

const BUCKET = 'evidence';
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? '8');
const SEED = Number(process.env['KILL_SEED'] ?? randomInt(2 ** 31));
const FIVE_MIB = 5 * 2 ** 20;
const WRITERS = 6;
const KEYS = 3;

const clientOf = (server: FileStoreProcess): S3Client =>
  s3Client({ endpoint: server.url, region: 'us-east-1' }, FILESTORE_KEYS.service);
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Mulberry32: the same numbers for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes of a kind of their own: a piece of one object is found in no other. */
function content(next: () => number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(size / 4));
  const salt = Math.floor(next() * 2 ** 32);
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(index + 1, 0x9e3779b1) ^ salt;
  if (size > 0) bytes[size - 1] = salt & 0xff;
  return bytes;
}

/** Hash of the content, or `none`. */
type State = string;

/** What one key may hold: what was answered last, or what was asked for since. */
interface Expected {
  answered: State;
  asked: State | undefined;
}

/** One writer with keys of its own: each is changed by one request at a time. */
class Writer {
  readonly expected = new Map<string, Expected>();
  private readonly next: () => number;

  constructor(private readonly name: number) {
    this.next = random(SEED + name);
  }

  /** Changes objects until the server is gone. @param told after each answer */
  async work(client: S3Client, told: () => void): Promise<void> {
    for (;;) {
      const key = `kill/${String(this.name)}/${String(Math.floor(this.next() * KEYS))}`;
      const entry = this.expected.get(key) ?? { answered: 'none', asked: undefined };
      this.expected.set(key, entry);
      const dice = this.next();
      try {
        if (dice < 0.15) {
          entry.asked = 'none';
          await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
        } else if (dice < 0.2) {
          const parts = [content(this.next, FIVE_MIB), content(this.next, 1_000)];
          entry.asked = hashOf(Buffer.concat(parts));
          await multipart(client, key, parts);
        } else {
          const body = content(this.next, Math.floor(this.next() * 200_000));
          entry.asked = hashOf(body);
          await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
        }
      } catch (error) {
        if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== undefined) throw error;
        return; // the server is gone: no answer
      }
      entry.answered = entry.asked;
      entry.asked = undefined;
      told();
    }
  }
}

async function multipart(client: S3Client, key: string, parts: readonly Buffer[]): Promise<void> {
  const place = { Bucket: BUCKET, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
  const sent = [];
  for (const [index, Body] of parts.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }));
    sent.push({ PartNumber, ETag });
  }
  await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: sent } }));
}

async function stateOf(client: S3Client, key: string): Promise<State> {
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    return hashOf(Buffer.from((await Body?.transformToByteArray()) ?? []));
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return 'none';
    throw error;
  }
}

/** Every key holds the old or the new, whole; then the checker goes on from what it found. */
async function check(client: S3Client, writers: readonly Writer[]): Promise<void> {
  const there: string[] = [];
  for (const { expected } of writers) {
    for (const [key, entry] of expected) {
      const found = await stateOf(client, key);
      const allowed = entry.asked === undefined ? [entry.answered] : [entry.answered, entry.asked];
      expect(allowed, `${key} (KILL_SEED=${String(SEED)})`).toContain(found);
      entry.answered = found;
      entry.asked = undefined;
      if (found !== 'none') there.push(key);
    }
  }
  const listed = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'kill/' }));
  expect((listed.Contents ?? []).map((item) => item.Key)).toEqual(there.toSorted());
}

describe('durability', () => {
  it('kill -9 in the middle of an upload leaves the old object; temporary files go at the next start', async () => {
    const own = await fileStoreFolder();
    let running = await startFileStore(own.root);
    await clientOf(running).send(new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: 'old' }));
    const url = await getSignedUrl(clientOf(running), new PutObjectCommand({ Bucket: BUCKET, Key: 'k' }));
    const { pathname, search } = new URL(url);
    const socket = connect(running.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `PUT ${pathname}${search} HTTP/1.1\r\nHost: 127.0.0.1:${String(running.port)}\r\nContent-Length: 1000000\r\n\r\n`,
    );
    socket.write(Buffer.alloc(900_000));
    await expect.poll(() => readdirSync(join(own.root, 'temporary')).length, { timeout: 5_000 }).toBe(1);
    await running.kill9();
    running = await startFileStore(own.root);
    expect(readdirSync(join(own.root, 'temporary'))).toEqual([]);
    expect(await stateOf(clientOf(running), 'k')).toBe(hashOf(Buffer.from('old')));
    await running.stop();
    await own.remove();
  });

  it(`kill -9 at any moment leaves old or new, never half: ${String(ROUNDS)} rounds, KILL_SEED=${String(SEED)}`, async () => {
    const own = await fileStoreFolder();
    const writers = Array.from({ length: WRITERS }, (_unused, index) => new Writer(index));
    const next = random(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const running = await startFileStore(own.root);
      const client = clientOf(running);
      await check(client, writers);
      let left = 10 + Math.floor(next() * 60);
      const enough = Promise.withResolvers<undefined>();
      const working = writers.map((writer) =>
        writer.work(client, () => {
          if (--left === 0) enough.resolve(undefined);
        }),
      );
      await enough.promise;
      await running.kill9();
      await Promise.all(working);
      client.destroy();
    }
    const running = await startFileStore(own.root);
    await check(clientOf(running), writers);
    await running.stop();
    await own.remove();
  }, 180_000);

  it('a multipart upload goes on after kill -9: its parts are there', async () => {
    const own = await fileStoreFolder();
    let running = await startFileStore(own.root);
    const place = { Bucket: BUCKET, Key: 'resumed' };
    const { UploadId } = await clientOf(running).send(new CreateMultipartUploadCommand(place));
    const part = async (PartNumber: number, Body: Buffer) => {
      const { ETag } = await clientOf(running).send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }));
      return { PartNumber, ETag };
    };
    const bodies = [Buffer.alloc(FIVE_MIB, 1), Buffer.from('the rest')] as const;
    const first = await part(1, bodies[0]);
    await running.kill9();
    running = await startFileStore(own.root);
    const parts = [first, await part(2, bodies[1])];
    await clientOf(running).send(
      new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: parts } }),
    );
    expect(await stateOf(clientOf(running), 'resumed')).toBe(hashOf(Buffer.concat(bodies)));
    await running.stop();
    await own.remove();
  });

  it('a file that cannot grow: 503 with Retry-After, the old object stays, and what fits goes on', async () => {
    const own = await fileStoreFolder();
    const limited = ['/bin/bash', '-c', 'ulimit -f 1024 && exec "$@"', 'bash']; // 1 MiB a file
    const running = await startFileStore(own.root, [], limited);
    const client = clientOf(running);
    const put = (body: Buffer) => client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'full', Body: body }));
    await put(Buffer.from('old'));
    const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: BUCKET, Key: 'full' }));
    const answer = await fetch(url, { method: 'PUT', body: Buffer.alloc(2_000_000) });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
    expect(await answer.text()).toContain('<Code>ServiceUnavailable</Code>');
    expect(await stateOf(client, 'full')).toBe(hashOf(Buffer.from('old')));
    expect(readdirSync(join(own.root, 'temporary'))).toEqual([]);
    expect((await refusal(put(Buffer.from('new')))).status).toBe(200);
    await running.stop();
    await own.remove();
  });
});
