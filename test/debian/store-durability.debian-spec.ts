import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Client } from '../contract/client.js';
import {
  FILESTORE_KEYS,
  fileStoreFolder,
  startFileStore,
  type FileStoreProcess,
} from '../support/filestore-process.js';

const BUCKET = 'evidence';
const run = promisify(execFile);
const clientOf = (server: FileStoreProcess): S3Client =>
  s3Client({ endpoint: server.url, region: 'us-east-1' }, FILESTORE_KEYS.service);

/** The system calls that the server makes for one PUT, in the order in which they ended. */
async function trace(
  server: FileStoreProcess,
  folder: string,
  more: Partial<PutObjectCommandInput>,
): Promise<string[]> {
  const file = join(folder, 'trace');
  const calls = 'trace=openat,fsync,fdatasync,rename,renameat,renameat2,link,linkat,write,writev';
  const strace = spawn('strace', ['-f', '-y', '-s', '64', '-e', calls, '-o', file, '-p', String(server.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface({ input: strace.stderr })) {
    if (line.includes('attached')) break;
  }
  await clientOf(server).send(new PutObjectCommand({ Bucket: BUCKET, Key: 'traced/key', Body: 'content', ...more }));
  strace.kill('SIGINT');
  await once(strace, 'exit');
  // A call that another thread interrupted is told in two lines: what counts is where it ended.
  const begun = new Map<string, string>();
  return (await readFile(file, 'utf8')).split('\n').flatMap((line) => {
    const [, pid = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (text.endsWith('<unfinished ...>')) {
      begun.set(pid, text.slice(0, -'<unfinished ...>'.length));
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    return [resumed === undefined ? text : (begun.get(pid) ?? '') + resumed];
  });
}

/** From now on every fsync of this folder fails, as on a disk that breaks; gives what ends that. */
async function failSyncsOf(server: FileStoreProcess, folder: string): Promise<() => Promise<unknown>> {
  const args = ['-f', '-P', folder, '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO', '-p', String(server.pid)];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface({ input: strace.stderr });
  await new Promise<void>((resolve) => lines.on('line', (line) => line.includes('attached') && resolve()));
  return async () => {
    const ended = once(strace, 'exit');
    strace.kill('SIGINT');
    return ended;
  };
}

describe('the order of one PUT, by strace', () => {
  let root: Awaited<ReturnType<typeof fileStoreFolder>>;
  let server: FileStoreProcess;
  let folder: string;
  beforeAll(async () => {
    root = await fileStoreFolder();
    server = await startFileStore(root.root);
    folder = await mkdtemp(join(tmpdir(), 'rekall-strace-'));
    await clientOf(server).send(new PutObjectCommand({ Bucket: BUCKET, Key: 'traced/before', Body: 'x' }));
  });
  afterAll(async () => {
    await server.stop();
    await root.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it.each<[string, Partial<PutObjectCommandInput>, RegExp]>([
    ['rename', {}, /^rename(?:at2?)?\(.*\/temporary\/[0-9a-f-]{36}".*\/d-traced\/f-key".* = 0$/],
    [
      'link, where it may not replace',
      { IfNoneMatch: '*', Key: 'traced/once' },
      /^link(?:at)?\(.*\/temporary\/[0-9a-f-]{36}".*\/d-traced\/f-once".* = 0$/,
    ],
  ])('the file is synced, then %s, then the folder is synced, then 200 is sent', async (_how, more, move) => {
    const calls = await trace(server, folder, more);
    const indexOf = (pattern: RegExp): number => calls.findIndex((call) => pattern.test(call));
    const steps = [
      indexOf(/^fsync\(\d+<.*\/temporary\/[0-9a-f-]{36}>\) += 0$/),
      indexOf(move),
      indexOf(/^fsync\(\d+<.*\/buckets\/evidence\/d-traced>\) += 0$/),
      indexOf(/^writev?\(.*HTTP\/1\.1 200 OK/),
    ];
    expect(steps).not.toContain(-1);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  });
});

describe('a folder that cannot be synced (EIO, by strace)', () => {
  const CLIENT = 'C.0123456789abcdef';
  let root: Awaited<ReturnType<typeof fileStoreFolder>>;
  let server: FileStoreProcess;
  beforeAll(async () => {
    root = await fileStoreFolder();
    const config = join(root.root, 'config.json');
    await writeFile(config, JSON.stringify({ quotas: [{ pattern: 'C.*/vfs/', bytes: 100, objects: 100 }] }));
    server = await startFileStore(join(root.root, 'store'), ['--config', config]);
  });
  afterAll(async () => {
    await server.stop();
    await root.remove();
  });

  const put = (client: S3Client, Key: string, Body: string): Promise<unknown> =>
    client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));

  it('of a new folder: the PUT fails, and the next one below it syncs it before the 200', async () => {
    const objects = join(root.root, 'store/buckets/evidence');
    await put(clientOf(server), 'before', 'x');
    const failing = await failSyncsOf(server, objects);
    await expect(put(clientOf(server), 'made/one', 'x')).rejects.toMatchObject({ name: 'InternalError' });
    await failing();
    const calls = await trace(server, root.root, { Key: 'made/two' });
    const synced = calls.findIndex((call) => /^fsync\(\d+<.*\/buckets\/evidence>\) += 0$/.test(call));
    expect(synced).toBeGreaterThan(-1);
    expect(calls.findIndex((call) => /^writev?\(.*HTTP\/1\.1 200 OK/.test(call))).toBeGreaterThan(synced);
    const again = await trace(server, root.root, { Key: 'made/three' });
    expect(again.some((call) => call.includes('/buckets/evidence>)'))).toBe(false);
  });

  it('after the object is there: the PUT fails, and its bytes are counted', async () => {
    const upload = s3Client({ endpoint: server.url, region: 'us-east-1' }, FILESTORE_KEYS.upload);
    await put(upload, `${CLIENT}/vfs/first`, 'x'.repeat(10));
    const files = await readdir(root.root, { recursive: true, withFileTypes: true });
    const folder = files.find((file) => file.name === 'f-first')!.parentPath;
    const failing = await failSyncsOf(server, folder);
    await expect(put(upload, `${CLIENT}/vfs/second`, 'x'.repeat(60))).rejects.toMatchObject({ name: 'InternalError' });
    await failing();
    const there = await clientOf(server).send(new GetObjectCommand({ Bucket: BUCKET, Key: `${CLIENT}/vfs/second` }));
    expect((await there.Body?.transformToString())?.length).toBe(60);
    await expect(put(upload, `${CLIENT}/vfs/third`, 'x'.repeat(60))).rejects.toMatchObject({ name: 'QuotaExceeded' });
    await put(upload, `${CLIENT}/vfs/second`, 'x'.repeat(30));
    await put(upload, `${CLIENT}/vfs/third`, 'x'.repeat(60));
  });
});

describe('a full disk', () => {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const asRoot = (...args: string[]) => {
    const [program = '', ...rest] = [...sudo, ...args];
    return run(program, rest);
  };
  let disk: string;
  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), 'rekall-disk-'));
    const who = `uid=${String(process.getuid?.() ?? 0)},gid=${String(process.getgid?.() ?? 0)},mode=0700`;
    await asRoot('mount', '-t', 'tmpfs', '-o', `size=4m,${who}`, 'tmpfs', disk);
  });
  afterAll(async () => {
    await asRoot('umount', disk);
    await rm(disk, { recursive: true });
  });

  it('503 with Retry-After; what is there stays and is served; with room again it goes on', async () => {
    const root = join(disk, 'store');
    const server = await startFileStore(root);
    const client = clientOf(server);
    const put = async (key: string, size: number): Promise<Response> => {
      const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: BUCKET, Key: key }));
      return fetch(url, { method: 'PUT', body: Buffer.alloc(size, key) });
    };
    expect((await put('kept', 1_000_000)).status).toBe(200);
    expect((await put('fits', 2_000_000)).status).toBe(200);
    for (const key of ['kept', 'new']) {
      const answer = await put(key, 3_000_000);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
      expect(await answer.text()).toContain('The disk is full. Nothing was changed.');
    }
    expect(await readdir(join(root, 'temporary'))).toEqual([]);
    const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'kept' }));
    expect(ContentLength).toBe(1_000_000);
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(Buffer.alloc(1_000_000, 'kept'))).toBe(true);
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: BUCKET, Key: 'new' }));
    expect((await fetch(url)).status).toBe(404);
    expect((await put('fits', 10)).status).toBe(200);
    expect((await put('new', 2_000_000)).status).toBe(200);
    await server.stop();
  });
});
