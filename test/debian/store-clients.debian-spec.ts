import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Client } from '../contract/client.js';
import {
  FILESTORE_KEYS,
  fileStoreFolder,
  startFileStore,
  type FileStoreProcess,
} from '../support/filestore-process.js';

/*
 * The S3 clients that people have: each puts, gets, lists, syncs, uploads in parts and deletes on the file store.
 */
const BUCKET = 'evidence';
const { accessKeyId, secretAccessKey } = FILESTORE_KEYS.service;
const run = promisify(execFile);

/** How one client does it. Paths are of local files and folders, keys and prefixes of the bucket. */
interface Client {
  put(path: string, key: string): Promise<unknown>;
  get(key: string, path: string): Promise<unknown>;
  /** What it prints of a prefix. */
  list(prefix: string): Promise<string>;
  sync(folder: string, prefix: string): Promise<unknown>;
  /** In parts of 5 to 8 MiB. */
  multipart(path: string, key: string): Promise<unknown>;
  copy(from: string, to: string): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}

let root: Awaited<ReturnType<typeof fileStoreFolder>>;
let server: FileStoreProcess;
let service: S3Client;
let home: string;
const big = randomBytes(17 * 2 ** 20 + 123);

beforeAll(async () => {
  root = await fileStoreFolder();
  server = await startFileStore(root.root);
  service = s3Client({ endpoint: server.url, region: 'us-east-1' }, FILESTORE_KEYS.service);
  home = await mkdtemp(join(tmpdir(), 'rekall-clients-'));
  await writeFile(join(home, 'small é+ .txt'), 'hello');
  await writeFile(join(home, 'big'), big);
  await mkdir(join(home, 'tree/b'), { recursive: true });
  for (const name of ['a', 'b/1', 'b/2']) await writeFile(join(home, 'tree', name), name);
  await writeFile(
    join(home, 's3cfg'),
    [
      '[default]',
      `access_key = ${accessKeyId}`,
      `secret_key = ${secretAccessKey}`,
      `host_base = 127.0.0.1:${String(server.port)}`,
      `host_bucket = 127.0.0.1:${String(server.port)}`,
      'use_https = False',
      'signature_v2 = False',
    ].join('\n'),
  );
});
afterAll(async () => {
  service.destroy();
  await server.stop();
  await root.remove();
  await rm(home, { recursive: true, force: true });
});

async function program(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await run(name, args, {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    maxBuffer: 16 * 2 ** 20,
  });
  return stdout;
}

const aws = (...args: string[]) => program('/usr/bin/aws', ['--endpoint-url', server.url, 's3', ...args]);
const at = (key: string): string => `s3://${BUCKET}/${key}`;
const awsClient: Client = {
  put: (path, key) => aws('cp', path, at(key)),
  get: (key, path) => aws('cp', at(key), path),
  list: (prefix) => aws('ls', '--recursive', at(prefix)),
  sync: (folder, prefix) => aws('sync', folder, at(prefix), '--delete'),
  multipart: (path, key) => aws('cp', path, at(key)), // its threshold and parts are of 8 MiB
  copy: (from, to) => aws('cp', at(from), at(to)),
  delete: (key) => aws('rm', at(key)),
};

const s3cmd = (...args: string[]) => program('/usr/bin/s3cmd', ['-c', join(home, 's3cfg'), '--no-progress', ...args]);
const s3cmdClient: Client = {
  put: (path, key) => s3cmd('put', path, at(key)),
  get: (key, path) => s3cmd('get', at(key), path),
  list: (prefix) => s3cmd('ls', '--recursive', at(prefix)),
  sync: (folder, prefix) => s3cmd('sync', '--delete-removed', `${folder}/`, at(prefix)),
  multipart: (path, key) => s3cmd('put', '--multipart-chunk-size-mb=5', path, at(key)),
  copy: (from, to) => s3cmd('cp', at(from), at(to)),
  delete: (key) => s3cmd('del', at(key)),
};

const rclone = (...args: string[]) =>
  program('/usr/bin/rclone', ['--config', '/dev/null', '--retries', '1', '--low-level-retries', '1', ...args], {
    RCLONE_CONFIG_S_TYPE: 's3',
    RCLONE_CONFIG_S_PROVIDER: 'Other',
    RCLONE_CONFIG_S_ENDPOINT: server.url,
    RCLONE_CONFIG_S_ACCESS_KEY_ID: accessKeyId,
    RCLONE_CONFIG_S_SECRET_ACCESS_KEY: secretAccessKey,
  });
const remote = (key: string): string => `s:${BUCKET}/${key}`;
const rcloneClient: Client = {
  put: (path, key) => rclone('copyto', path, remote(key)),
  get: (key, path) => rclone('copyto', remote(key), path),
  list: (prefix) => rclone('lsf', '-R', remote(prefix)),
  sync: (folder, prefix) => rclone('sync', folder, remote(prefix)),
  multipart: (path, key) => rclone('copyto', '--s3-upload-cutoff', '5M', '--s3-chunk-size', '5M', path, remote(key)),
  copy: (from, to) => rclone('copyto', remote(from), remote(to)),
  delete: (key) => rclone('deletefile', remote(key)),
};

const PYTHON = `
import os, sys, boto3
from boto3.s3.transfer import TransferConfig
s3 = boto3.client('s3', endpoint_url=sys.argv[1])
bucket = sys.argv[2]
small = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
def list_keys(prefix):
    for page in s3.get_paginator('list_objects_v2').paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={'PageSize': 2}):
        for item in page.get('Contents', []):
            yield item['Key']
def sync(folder, prefix):
    wanted = set()
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            wanted.add(prefix + os.path.relpath(path, folder))
            s3.upload_file(path, bucket, prefix + os.path.relpath(path, folder))
    gone = [{'Key': key} for key in list_keys(prefix) if key not in wanted]
    if gone:
        s3.delete_objects(Bucket=bucket, Delete={'Objects': gone})
{
    'put': lambda path, key: s3.upload_file(path, bucket, key),
    'get': lambda key, path: s3.download_file(bucket, key, path),
    'list': lambda prefix: print('\\n'.join(list_keys(prefix))),
    'sync': sync,
    'multipart': lambda path, key: s3.upload_file(path, bucket, key, Config=small),
    'copy': lambda a, b: s3.copy({'Bucket': bucket, 'Key': a}, bucket, b, Config=small),
    'delete': lambda key: s3.delete_object(Bucket=bucket, Key=key),
}[sys.argv[3]](*sys.argv[4:])
`;
const python = (...args: string[]) => program('/usr/bin/python3', ['-c', PYTHON, server.url, BUCKET, ...args]);
const boto3Client: Client = {
  put: (path, key) => python('put', path, key),
  get: (key, path) => python('get', key, path),
  list: (prefix) => python('list', prefix),
  sync: (folder, prefix) => python('sync', folder, prefix),
  multipart: (path, key) => python('multipart', path, key),
  copy: (from, to) => python('copy', from, to),
  delete: (key) => python('delete', key),
};

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const keysUnder = async (prefix: string): Promise<string[]> => {
  const { Contents } = await service.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  return (Contents ?? []).map((item) => (item.Key ?? '').slice(prefix.length));
};
const read = (key: string) => service.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));

describe.each<[string, Client]>([
  ['aws s3', awsClient],
  ['s3cmd', s3cmdClient],
  ['rclone', rcloneClient],
  ['boto3', boto3Client],
])('%s', (name, client) => {
  const prefix = `${name.replace(' ', '-')}/`;
  const small = (): string => join(home, 'small é+ .txt');

  it('puts, lists, gets and deletes an object with a difficult name', async () => {
    const key = `${prefix}put/small é+ .txt`;
    await client.put(small(), key);
    expect(await (await read(key)).Body?.transformToString()).toBe('hello');
    expect(await client.list(`${prefix}put/`)).toContain('small é+ .txt');
    const target = join(home, `${name}-got`);
    await client.get(key, target);
    expect(await readFile(target, 'utf8')).toBe('hello');
    await client.delete(key);
    expect(await keysUnder(`${prefix}put/`)).toEqual([]);
  });

  it('uploads in parts, gets the whole back', async () => {
    await client.multipart(join(home, 'big'), `${prefix}parts/big`);
    const { ETag, Body } = await read(`${prefix}parts/big`);
    expect(ETag).toMatch(/^"[0-9a-f]{32}-[34]"$/);
    expect(hashOf((await Body?.transformToByteArray()) ?? new Uint8Array())).toBe(hashOf(big));
    const target = join(home, `${name}-big`);
    await client.get(`${prefix}parts/big`, target);
    expect(hashOf(await readFile(target))).toBe(hashOf(big));
  });

  it('copies within the bucket, a large object too', async () => {
    await client.put(small(), `${prefix}copy/from`);
    await client.copy(`${prefix}copy/from`, `${prefix}copy/to`);
    expect(await (await read(`${prefix}copy/to`)).Body?.transformToString()).toBe('hello');
    await client.copy(`${prefix}parts/big`, `${prefix}copy/big`);
    const { Body } = await read(`${prefix}copy/big`);
    expect(hashOf((await Body?.transformToByteArray()) ?? new Uint8Array())).toBe(hashOf(big));
  });

  it('syncs a folder: what came is uploaded, what went is deleted', async () => {
    const tree = join(home, `${prefix.slice(0, -1)}-tree`);
    await mkdir(join(tree, 'b'), { recursive: true });
    for (const file of ['a', 'b/1', 'b/2']) await writeFile(join(tree, file), file);
    await client.sync(tree, `${prefix}sync/`);
    expect(await keysUnder(`${prefix}sync/`)).toEqual(['a', 'b/1', 'b/2']);
    await rm(join(tree, 'b/1'));
    await writeFile(join(tree, 'b/3'), 'new');
    await client.sync(tree, `${prefix}sync/`);
    expect(await keysUnder(`${prefix}sync/`)).toEqual(['a', 'b/2', 'b/3']);
    expect(await readdir(join(tree, 'b'))).toEqual(['2', '3']);
  });
});
