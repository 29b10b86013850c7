import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { S3SignedPolicy } from '#wire';
import { NetworkError, TooLarge } from '../errors.js';
import { publicUrl } from '../url.js';
import { FolderBucket } from './folder-bucket.js';

let folder: string;
let bucket: FolderBucket;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekall folder!-'));
  const root = pathToFileURL(folder).href;
  bucket = new FolderBucket(root);
  await mkdir(join(folder, 'public'));
  url = publicUrl(root, 'public/manifest');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const policy: S3SignedPolicy = {
  __type__: 'S3SignedPolicy',
  url: 'https://s3.example.org/evidence',
  path_prefix: 'hunts/H_00000000000000aa/vfs/',
  path_template: '',
  fields: {},
  min_bytes: 1,
  max_bytes: 10,
  expires_at: '2026-03-08T00:00:00.000Z',
};

it('reads what is public, and says when it is the same', async () => {
  expect(await bucket.fetchPublic(url, { maxBytes: 100 })).toEqual({ kind: 'empty' });
  await writeFile(join(folder, 'public/manifest'), 'one');
  const first = await bucket.fetchPublic(url, { maxBytes: 100 });
  // printf one | sha256sum
  const etag = '"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"';
  expect(first).toEqual({ kind: 'ok', text: 'one', etag });
  expect(await bucket.fetchPublic(url, { maxBytes: 100, etag })).toEqual({ kind: 'not-modified' });
  await writeFile(join(folder, 'public/manifest'), 'two');
  expect(await bucket.fetchPublic(url, { maxBytes: 100, etag })).toMatchObject({ kind: 'ok', text: 'two' });
});

it('refuses what is too large, no text, or no file', async () => {
  await writeFile(join(folder, 'public/manifest'), 'x'.repeat(101));
  await expect(bucket.fetchPublic(url, { maxBytes: 100 })).rejects.toBeInstanceOf(TooLarge);
  await writeFile(join(folder, 'public/manifest'), Buffer.from([0xff, 0xfe]));
  await expect(bucket.fetchPublic(url, { maxBytes: 100 })).rejects.toMatchObject({ code: 'not-text' });
  await rm(join(folder, 'public/manifest'));
  await mkdir(join(folder, 'public/manifest'));
  await expect(bucket.fetchPublic(url, { maxBytes: 1_000_000 })).rejects.toBeInstanceOf(NetworkError);
});

it('writes within prefix and size of the grant, as a store would', async () => {
  const file = join(folder, 'result');
  await writeFile(file, '12345');
  const key = `${policy.path_prefix}analysis/pslist/x.gz`;
  await bucket.upload(policy, key, file, {});
  expect(await readFile(join(folder, key), 'utf8')).toBe('12345');
  await expect(bucket.upload(policy, 'hunts/other', file, {})).rejects.toMatchObject({ code: 'prefix' });
  await writeFile(file, 'x'.repeat(11));
  await expect(bucket.upload(policy, `${key}2`, file, {})).rejects.toMatchObject({ kind: 'too-large' });
  await writeFile(file, '');
  await expect(bucket.upload(policy, `${key}3`, file, {})).rejects.toMatchObject({ kind: 'final' });
});
