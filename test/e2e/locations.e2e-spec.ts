import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFilestore, type Server } from '#embedded';
import {
  BucketMissing,
  EvidenceChanged,
  FileCache,
  HttpClient,
  openS3Store,
  PreconditionFailed,
  publicUrl,
  signUploadPolicy,
  StoreFailed,
  StoreRefused,
  StoreUnreachable,
  TooLarge,
  UploadRefused,
  uploadWithRetry,
  type ExpectedObject,
  type ObjectStore,
  type S3Config,
  type UploadPolicy,
} from '#locations';
import { keys, randomHex32, type S3SignedPolicy } from '#wire';

const CLIENT = 'C.0123456789abcdef';
const FLOW = 'F_0123456789abcdef';
const PREFIX = `${CLIENT}/vfs/`;

let dir: string;
let server: Server;
let config: S3Config;
let uploadConfig: S3Config;
let store: ObjectStore;
let client: HttpClient;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'locations-e2e-'));
  const service = { accessKey: 'SERVICE', secretKey: randomBytes(16).toString('hex') };
  const upload = { accessKey: 'UPLOAD', secretKey: randomBytes(16).toString('hex') };
  const configFile = join(dir, 'filestore.json');
  const quotas = [
    { pattern: 'tickets/', byClient: true, bytes: 1_000_000, objects: 2 },
    { pattern: 'C.*/vfs/', byClient: false, bytes: 100_000_000, objects: 1000 },
  ];
  await writeFile(
    configFile,
    JSON.stringify({
      root: join(dir, 'store'),
      port: 0,
      bucket: 'evidence',
      service,
      upload,
      quotas,
      logLevel: 'warn',
    }),
    { mode: 0o600 },
  );
  server = await startFilestore({ configFile });
  const common = { endpoint: server.ready, region: 'us-east-1', bucket: 'evidence' };
  config = { ...common, accessKeyId: service.accessKey, secretAccessKey: service.secretKey };
  uploadConfig = { ...common, accessKeyId: upload.accessKey, secretAccessKey: upload.secretKey };
  store = openS3Store(config);
  client = new HttpClient({ timeoutMs: 20_000 });
});

afterAll(async () => {
  store.close();
  await client.close();
  await server.stop();
  await rm(dir, { recursive: true });
});

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

const grant = (change: Partial<UploadPolicy> = {}): Promise<S3SignedPolicy> => {
  const now = new Date();
  return signUploadPolicy(uploadConfig, {
    prefix: PREFIX,
    template: '',
    minBytes: 1,
    maxBytes: 1_000_000,
    expiresAt: new Date(now.getTime() + 3_600_000),
    now,
    ...change,
  });
};

const spool = async (content: Buffer | string): Promise<string> => {
  const path = join(dir, `spool-${randomHex32()}`);
  await writeFile(path, content);
  return path;
};

const text = async (key: string): Promise<string> => {
  const found = await store.get(key, { maxBytes: 1_000_000 });
  if (found.kind !== 'found') throw new Error(`${key}: ${found.kind}`);
  return found.body.toString();
};

describe('the bucket with the service’s keys', () => {
  it('writes, reads, heads and conditionally reads an object', async () => {
    const { etag } = await store.put('flows/a!2e b+c/é.json', '{"é":1}', { contentType: 'application/json' });
    expect(etag).toBe(`"${createHash('md5').update('{"é":1}').digest('hex')}"`);
    const found = await store.get('flows/a!2e b+c/é.json', { maxBytes: 100, ifMatch: etag });
    expect(found).toMatchObject({ kind: 'found', body: Buffer.from('{"é":1}'), info: { size: 8, etag } });
    const head = await store.head('flows/a!2e b+c/é.json');
    expect(head).toMatchObject({ key: 'flows/a!2e b+c/é.json', size: 8, etag });
    expect(Math.abs(head!.serverDate.getTime() - Date.now())).toBeLessThan(60_000);
    expect(await store.get('flows/a!2e b+c/é.json', { maxBytes: 100, ifNoneMatch: etag })).toEqual({
      kind: 'not-modified',
    });
    expect(await failure(store.get('flows/a!2e b+c/é.json', { maxBytes: 100, ifMatch: '"00"' }))).toBeInstanceOf(
      PreconditionFailed,
    );
    expect(await failure(store.get('flows/a!2e b+c/é.json', { maxBytes: 7 }))).toBeInstanceOf(TooLarge);
    expect(await store.get('flows/none', { maxBytes: 1 })).toEqual({ kind: 'missing' });
    expect(await store.head('flows/none')).toBeUndefined();
  });

  it('writes once, and over what it read', async () => {
    const { etag } = await store.put('flows/once', 'one', { ifNoneMatch: '*' });
    expect(await failure(store.put('flows/once', 'two', { ifNoneMatch: '*' }))).toBeInstanceOf(PreconditionFailed);
    const { etag: next } = await store.put('flows/once', 'three', { ifMatch: etag });
    expect(next).not.toBe(etag);
    expect(await failure(store.put('flows/once', 'four', { ifMatch: etag }))).toBeInstanceOf(PreconditionFailed);
    expect(await text('flows/once')).toBe('three');
  });

  it.each(['k~-_.', "q'*()!", 'p%2Fq', 'a&b=c?d#e', '日本', 'x//y', '\x01', '<&>"'])(
    'keeps the key %j as it is',
    async (name) => {
      const key = `clients/${name}`;
      await store.put(key, name);
      expect(await text(key)).toBe(name);
      expect((await store.list({ prefix: key })).objects.map((object) => object.key)).toEqual([key]);
      await store.delete([key]);
      expect(await store.head(key)).toBeUndefined();
    },
  );

  it('streams a file up, and down whole and in ranges', async () => {
    const content = randomBytes(3_000_000);
    await store.putFile('exports/big', await spool(content));
    const read = async (range?: { start: number; end?: number }): Promise<Buffer> => {
      const found = await store.getStream('exports/big', range === undefined ? {} : { range });
      if (found.kind !== 'found') throw new Error('missing');
      expect(found.info.size).toBe(3_000_000);
      return Buffer.concat((await found.stream.toArray()) as Buffer[]);
    };
    expect((await read()).equals(content)).toBe(true);
    expect((await read({ start: 10, end: 19 })).equals(content.subarray(10, 20))).toBe(true);
    expect((await read({ start: 2_999_990 })).equals(content.subarray(2_999_990))).toBe(true);
    expect(await failure(store.getStream('exports/big', { range: { start: 3_000_000 } }))).toMatchObject({
      status: 416,
    });
    await store.putFile('exports/empty', await spool(''));
    expect(await text('exports/empty')).toBe('');
  });

  it('lists page after page in byte order, with delimiter and start, and deletes any number', async () => {
    const names = Array.from({ length: 1203 }, (_, i) => `ledger/many/${String(i).padStart(5, '0')}`);
    for (let at = 0; at < names.length; at += 50)
      await Promise.all(names.slice(at, at + 50).map((name) => store.put(name, 'x')));
    const first = await store.list({ prefix: 'ledger/many/' });
    expect(first.objects).toHaveLength(1000);
    expect(first.next).toBeDefined();
    const second = await store.list({ prefix: 'ledger/many/', token: first.next! });
    expect(second.next).toBeUndefined();
    expect([...first.objects, ...second.objects].map((object) => object.key)).toEqual(names);

    const all = async (options?: { startAfter: string }): Promise<string[]> => {
      const found: string[] = [];
      for await (const object of store.listAll('ledger/many/', options)) found.push(object.key);
      return found;
    };
    expect(await all()).toEqual(names);
    expect(await all({ startAfter: names[1200]! })).toEqual(names.slice(1201));
    expect(await store.list({ prefix: 'ledger/', delimiter: '/' })).toEqual({
      objects: [],
      prefixes: ['ledger/many/'],
    });
    expect((await store.list({ prefix: 'ledger/many/', maxKeys: 3 })).objects.map(({ key }) => key)).toEqual(
      names.slice(0, 3),
    );

    await store.delete([...names.slice(1), 'ledger/was-never-there']);
    expect(await all()).toEqual(names.slice(0, 1));
  });

  it('signs URLs by which anyone reads one object, and no other', async () => {
    await store.put('exports/a!b c', 'for download');
    const signed = await store.presignGet('exports/a!b c', { expiresInSeconds: 60 });
    expect(signed.url).not.toContain('x-amz-checksum');
    const answer = await fetch(signed.url);
    expect([answer.status, await answer.text()]).toEqual([200, 'for download']);
    expect((await fetch(signed.url.replace('a%21b', 'a%21c'))).status).toBe(403);
    expect((await fetch(signed.url.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000'))).status).toBe(403);
  });
});

describe('ping', () => {
  const ping = async (change: Partial<S3Config>, now = (): Date => new Date()): Promise<{ clockSkewMs: number }> => {
    const other = openS3Store({ ...config, ...change }, { now, sleep: async () => Promise.resolve() });
    try {
      return await other.ping();
    } finally {
      other.close();
    }
  };

  it('measures the skew of the clocks', async () => {
    expect(Math.abs((await ping({})).clockSkewMs)).toBeLessThan(5000);
    const skew = (await ping({}, () => new Date(Date.now() + 120_000))).clockSkewMs;
    expect(skew).toBeGreaterThan(115_000);
    expect(skew).toBeLessThan(126_000);
  });

  it('says what is wrong', async () => {
    const wrongSecret = await failure(ping({ secretAccessKey: 'wrong' }));
    expect(wrongSecret).toBeInstanceOf(StoreRefused);
    expect((wrongSecret as Error).message).toContain('check the secret key setting');
    const wrongKey = await failure(ping({ accessKeyId: 'NOBODY' }));
    expect(wrongKey).toBeInstanceOf(StoreRefused);
    expect((wrongKey as Error).message).toContain('check the access key setting');
    const wrongClock = await failure(ping({}, () => new Date(Date.now() - 86_400_000)));
    expect(wrongClock).toBeInstanceOf(StoreRefused);
    expect((wrongClock as Error).message).toContain('set the clock');
    expect(await failure(ping({ region: 'mars-1' }))).toBeInstanceOf(StoreRefused);
    expect(await failure(ping({ bucket: 'other' }))).toBeInstanceOf(BucketMissing);
    expect(await failure(ping({ endpoint: 'http://127.0.0.1:1' }))).toBeInstanceOf(StoreUnreachable);
  });

  it('shows that the upload-only key can neither list nor read', async () => {
    const limited = openS3Store(uploadConfig);
    try {
      await store.put(`${PREFIX}private`, 'x');
      expect(await failure(limited.ping())).toBeInstanceOf(StoreRefused);
      expect(await failure(limited.get(`${PREFIX}private`, { maxBytes: 10 }))).toBeInstanceOf(StoreRefused);
      expect(await failure(limited.delete([`${PREFIX}private`]))).toSatisfy(
        (error) => error instanceof StoreRefused || error instanceof StoreFailed,
      );
      expect(await text(`${PREFIX}private`)).toBe('x');
    } finally {
      limited.close();
    }
  });
});

describe('an agent', () => {
  it('reads public objects by their ETag, and nothing else', async () => {
    const secret = randomHex32();
    const key = keys.manifest(secret);
    const url = publicUrl(store.bucketUrl, key);
    expect(await client.fetchPublic(url, { maxBytes: 1000 })).toMatchObject({ kind: 'empty' });
    await store.put(key, '{"v":1}', { cacheControl: 'no-cache' });
    const first = await client.fetchPublic(url, { maxBytes: 1000 });
    if (first.kind !== 'ok') throw new Error(first.kind);
    expect(first.text).toBe('{"v":1}');
    expect(await client.fetchPublic(url, { maxBytes: 1000, etag: first.etag! })).toMatchObject({
      kind: 'not-modified',
    });
    expect(await client.fetchPublic(url, { maxBytes: 1000, lastModified: first.lastModified! })).toMatchObject({
      kind: 'not-modified',
    });
    await store.put(key, '{"v":2}');
    expect(await client.fetchPublic(url, { maxBytes: 1000, etag: first.etag! })).toMatchObject({
      kind: 'ok',
      text: '{"v":2}',
    });
    await store.put('flows/private', 'x');
    expect(await client.fetchPublic(publicUrl(store.bucketUrl, 'flows/private'), { maxBytes: 1000 })).toMatchObject({
      kind: 'empty',
    });
  });

  it('uploads by its grant what the service then reads byte for byte', async () => {
    const content = randomBytes(700_000);
    const key = keys.file(FLOW, CLIENT, Buffer.from('/tmp/sp ace/ü!/.hidden'), randomHex32(), '.gz');
    await client.upload(await grant(), key, await spool(content), { contentType: 'application/gzip' });
    const found = await store.get(key, { maxBytes: 1_000_000 });
    expect(found.kind === 'found' && found.body.equals(content)).toBe(true);
    expect((await store.list({ prefix: PREFIX })).objects.map((object) => object.key)).toContain(key);
  });

  it('is refused what the grant does not say, and stores nothing', async () => {
    const path = await spool(Buffer.alloc(2000));
    const key = `${PREFIX}files/x`;
    const send = async (policy: S3SignedPolicy, to = key): Promise<unknown> =>
      failure(client.upload(policy, to, path, { contentType: 'application/gzip' }));
    const good = await grant();
    // the agent lies to itself about the grant, so that the store has to refuse
    expect(await send({ ...good, path_prefix: 'C.' }, 'C.fedcba9876543210/vfs/x')).toMatchObject({ kind: 'forbidden' });
    expect(await send({ ...good, path_prefix: 'public/' }, 'public/x')).toMatchObject({ kind: 'forbidden' });
    expect(await send({ ...(await grant({ maxBytes: 1999 })), max_bytes: 1e6 })).toMatchObject({ kind: 'too-large' });
    expect(await send({ ...(await grant({ minBytes: 2001 })), min_bytes: 1 })).toMatchObject({ kind: 'final' });
    const past = new Date(Date.now() - 7_200_000);
    expect(await send(await grant({ now: past, expiresAt: new Date(past.getTime() + 3_600_000) }))).toMatchObject({
      kind: 'expired',
    });
    expect(await send({ ...good, fields: { ...good.fields, acl: 'public-read' } })).toBeInstanceOf(UploadRefused);
    expect(await send({ ...good, fields: { ...good.fields, 'x-amz-signature': '0'.repeat(64) } })).toMatchObject({
      kind: 'forbidden',
    });
    const foreign = await signUploadPolicy(
      { ...uploadConfig, secretAccessKey: 'guessed' },
      {
        prefix: PREFIX,
        template: '',
        minBytes: 1,
        maxBytes: 1e6,
        now: new Date(),
        expiresAt: new Date(Date.now() + 60_000),
      },
    );
    expect(await send(foreign)).toMatchObject({ kind: 'forbidden' });
    const outside = await grant({ prefix: 'flows/' });
    expect(await send(outside, 'flows/forged')).toMatchObject({ kind: 'forbidden' });
    expect(await store.head(key)).toBeUndefined();
    expect(await store.head('flows/forged')).toBeUndefined();
    expect(await store.head('public/x')).toBeUndefined();
  });

  it('is told when its quota is used up', async () => {
    const policy = await grant({ prefix: 'tickets/' });
    const path = await spool('ticket');
    const ticket = (seq: number): string => keys.startupTicket(CLIENT, randomHex32(), seq);
    await client.upload(policy, ticket(1), path, { contentType: 'application/json' });
    await client.upload(policy, ticket(2), path, { contentType: 'application/json' });
    const error = await failure(client.upload(policy, ticket(3), path, { contentType: 'application/json' }));
    expect(error).toMatchObject({ name: 'UploadRefused', kind: 'quota', code: 'QuotaExceeded' });
  });

  it('delivers with the new grant after the old one has ended', async () => {
    const past = new Date(Date.now() - 7_200_000);
    let policy = await grant({ now: past, expiresAt: new Date(past.getTime() + 3_600_000) });
    const key = `${PREFIX}files/late`;
    await uploadWithRetry(client, () => policy, key, await spool('late'), {
      signal: AbortSignal.timeout(20_000),
      onRefused: async () => {
        policy = await grant();
      },
    });
    expect(await text(key)).toBe('late');
  });

  it('delivers when the store is back', async () => {
    const { port } = new URL(server.ready);
    const other = join(dir, 'second');
    const service = { accessKey: 'SERVICE', secretKey: config.secretAccessKey };
    const upload = { accessKey: 'UPLOAD', secretKey: uploadConfig.secretAccessKey };
    const settings = { root: other, bucket: 'evidence', service, upload, logLevel: 'warn' };
    const configFile = join(dir, 'second.json');
    await writeFile(configFile, JSON.stringify({ ...settings, port: 0 }), { mode: 0o600 });
    let second = await startFilestore({ configFile });
    expect(new URL(second.ready).port).not.toBe(port);
    const policy = { ...(await grant()), url: `${second.ready}/evidence` };
    await writeFile(configFile, JSON.stringify({ ...settings, port: Number(new URL(second.ready).port) }), {
      mode: 0o600,
    });
    await second.stop();
    const waits: unknown[] = [];
    await uploadWithRetry(client, () => policy, `${PREFIX}files/patient`, await spool('patient'), {
      signal: AbortSignal.timeout(50_000),
      onWait: (error) => waits.push(error),
      sleep: async () => {
        if (waits.length === 2) second = await startFilestore({ configFile });
      },
    });
    expect(waits).toHaveLength(2);
    const reader = openS3Store({ ...config, endpoint: second.ready });
    expect(await reader.get(`${PREFIX}files/patient`, { maxBytes: 100 })).toMatchObject({
      body: Buffer.from('patient'),
    });
    reader.close();
    await second.stop();
  });
});

describe('the cache of checked copies', () => {
  const put = async (key: string, content: Buffer): Promise<ExpectedObject> => {
    const { etag } = await store.put(key, content);
    return { etag, storedBytes: content.length, storedSha256: createHash('sha256').update(content).digest('hex') };
  };
  const cacheDir = (): string => join(dir, `cache-${randomHex32()}`);

  it('downloads once for many, checks, and needs the store no more', async () => {
    const content = randomBytes(500_000);
    const expected = await put('C.x/vfs/a', content);
    const where = cacheDir();
    const cache = new FileCache(where, 10_000_000);
    const opened = await Promise.all(Array.from({ length: 5 }, () => cache.open(store, 'C.x/vfs/a', expected)));
    expect(new Set(opened.map(({ path }) => path)).size).toBe(1);
    expect((await readFile(opened[0]!.path)).equals(content)).toBe(true);
    expect(await readdir(where)).toHaveLength(1);
    expect((await stat(opened[0]!.path)).mode & 0o077).toBe(0);
    await store.delete(['C.x/vfs/a']);
    expect(await new FileCache(where, 10_000_000).open(store, 'C.x/vfs/a', expected)).toEqual(opened[0]);
  });

  it('says how the evidence changed, keeps nothing of it, and can be asked again', async () => {
    const content = Buffer.from('the evidence');
    const expected = await put('C.x/vfs/b', content);
    const where = cacheDir();
    const cache = new FileCache(where, 10_000_000);
    const open = (change: Partial<ExpectedObject>): Promise<unknown> =>
      failure(cache.open(store, 'C.x/vfs/b', { ...expected, ...change }));
    expect(await open({ storedSha256: '0'.repeat(64) })).toMatchObject({
      name: 'EvidenceChanged',
      difference: 'sha256',
    });
    expect(await open({ storedBytes: 11 })).toMatchObject({ name: 'EvidenceChanged', difference: 'length' });
    expect(await open({ etag: '"00ff"' })).toMatchObject({ name: 'EvidenceChanged', difference: 'etag' });
    await store.put('C.x/vfs/b', 'the EVIDENCE');
    const changed = await open({});
    expect(changed).toBeInstanceOf(EvidenceChanged);
    expect((changed as Error).message).toContain('evidence changed after it was reported');
    await store.delete(['C.x/vfs/b']);
    expect(await open({})).toMatchObject({ name: 'EvidenceChanged', difference: 'missing' });
    expect(await readdir(where)).toEqual([]);
    await store.put('C.x/vfs/b', content);
    expect((await readFile((await cache.open(store, 'C.x/vfs/b', expected)).path)).toString()).toBe('the evidence');
  });

  it('downloads again what was damaged on disk', async () => {
    const expected = await put('C.x/vfs/c', Buffer.from('whole'));
    const cache = new FileCache(cacheDir(), 1000);
    const { path } = await cache.open(store, 'C.x/vfs/c', expected);
    await writeFile(path, 'half', { flag: 'w' });
    await cache.open(store, 'C.x/vfs/c', expected);
    expect((await readFile(path)).toString()).toBe('whole');
  });

  it('removes what was opened longest ago, never what was just handed out', async () => {
    let now = Date.parse('2026-03-01T00:00:00Z');
    const where = cacheDir();
    const cache = new FileCache(where, 250, { now: () => new Date(now), graceMs: 60_000 });
    const open = async (name: string): Promise<string> => {
      const key = `C.x/vfs/lru-${name}`;
      return (await cache.open(store, key, await put(key, Buffer.alloc(100, name)))).path;
    };
    const there = async (): Promise<Set<string>> => new Set((await readdir(where)).map((name) => join(where, name)));
    const a = await open('a');
    now += 100_000;
    const b = await open('b');
    now += 100_000;
    await open('a');
    now += 100_000;
    const c = await open('c');
    expect(await there()).toEqual(new Set([a, c]));
    now += 1000;
    const d = await open('d');
    expect(await there()).toEqual(new Set([c, d]));
    now += 1000;
    const e = await open('e');
    expect(await there()).toEqual(new Set([c, d, e]));
    expect(b).not.toBe(a);
    const big = await put('C.x/vfs/big', Buffer.alloc(251));
    expect(await failure(cache.open(store, 'C.x/vfs/big', big))).toBeInstanceOf(TooLarge);
  });
});
