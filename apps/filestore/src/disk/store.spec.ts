import { closeSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_BYTES, toBytes, toText } from '../bytes.js';
import { lockFolder } from './lock.js';
import { DiskStore } from './store.js';

const MD5_OF_A = '0cc175b9c0f1b6a831c399e269772661'; // RFC 1321, A.5

describe('DiskStore', () => {
  let root: string;
  let store: DiskStore;
  let now = 1_000;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'filestore-'));
    store = DiskStore.open(root, 'bucket', () => now);
  });
  afterEach(() => {
    store.close();
    rmSync(root, { recursive: true });
  });

  async function put(key: string, text: string, onlyNew = false): Promise<boolean> {
    const incoming = store.incoming();
    try {
      await incoming.write(Buffer.from(text));
      const etag = (await incoming.digest()).toString('hex');
      const given = { etag, headers: { 'content-type': 'text/plain' }, user: { a: 'b' } };
      return (await store.put(toBytes(key), incoming, given, { onlyNew, before: () => () => undefined })).done;
    } finally {
      await incoming.discard();
    }
  }

  function get(key: string): string | undefined {
    const opened = store.open(toBytes(key));
    if (opened === undefined) return undefined;
    try {
      return readFileSync(opened.fd, 'utf8').slice(0, opened.meta.size);
    } finally {
      closeSync(opened.fd);
    }
  }

  async function list(options: { prefix?: string; after?: string; delimiter?: string } = {}): Promise<string[]> {
    const bytes = (text = ''): typeof NO_BYTES => toBytes(text);
    const found: string[] = [];
    const query = { prefix: bytes(options.prefix), after: bytes(options.after), delimiter: bytes(options.delimiter) };
    for await (const item of store.list(query)) found.push((item.kind === 'prefix' ? 'P ' : '') + toText(item.key));
    return found;
  }

  const filesUnder = (folder: string): string[] => readdirSync(join(root, folder), { recursive: true }).map(String);

  it('keeps content and metadata in one file, and gives both back after it was opened again', async () => {
    now = 1_767_323_045_678;
    await put('dir/a', 'a');
    store.close();
    store = DiskStore.open(root, 'bucket', () => 0);
    expect(store.head(toBytes('dir/a'))).toEqual({
      key: 'dir/a',
      size: 1,
      etag: MD5_OF_A,
      modified: 1_767_323_045_678,
      headers: { 'content-type': 'text/plain' },
      user: { a: 'b' },
    });
    expect(get('dir/a')).toBe('a');
    expect(filesUnder('buckets/bucket')).toEqual(['d-dir', 'd-dir/f-a']);
  });

  it('replaces, and leaves nothing temporary behind', async () => {
    await put('k', 'old');
    await put('k', 'new');
    expect(get('k')).toBe('new');
    expect(await put('k', 'newer', true)).toBe(false);
    expect(get('k')).toBe('new');
    expect(filesUnder('temporary')).toEqual([]);
  });

  it('lets exactly one of eight racing writers of a new key win', async () => {
    const texts = Array.from({ length: 8 }, (_unused, index) => `writer ${String(index)}`);
    const wins = await Promise.all(texts.map((text) => put('race/k', text, true)));
    expect(wins.filter(Boolean)).toHaveLength(1);
    expect(get('race/k')).toBe(texts[wins.indexOf(true)]);
  });

  it('keeps a body of many pieces whole', async () => {
    const incoming = store.incoming();
    const piece = Buffer.alloc(50_000, 'x');
    for (let index = 0; index < 20; index++) await incoming.write(piece);
    const etag = (await incoming.digest()).toString('hex');
    await store.put(
      toBytes('big'),
      incoming,
      { etag, headers: {}, user: {} },
      { onlyNew: false, before: () => () => undefined },
    );
    expect(get('big')).toBe('x'.repeat(1_000_000));
  });

  it('removes emptied folders, so that a listing does not show them, and makes them again', async () => {
    await put('a/b/c', '1');
    expect(await store.delete(toBytes('a/b/c'), () => () => undefined)).toBe(true);
    expect(await store.delete(toBytes('a/b/c'), () => () => undefined)).toBe(false);
    expect(filesUnder('buckets/bucket')).toEqual([]);
    expect(await list({ delimiter: '/' })).toEqual([]);
    await put('a/b/c', '2');
    expect(get('a/b/c')).toBe('2');
  });

  it('loses no write while neighbours empty the folder under it', async () => {
    const rounds = Array.from({ length: 30 }, async (_unused, index) => {
      await put(`shared/deep/${String(index)}`, 'x');
      if (index % 2 === 0) await store.delete(toBytes(`shared/deep/${String(index)}`), () => () => undefined);
    });
    await Promise.all(rounds);
    expect(await list()).toEqual(
      Array.from({ length: 15 }, (_unused, index) => `shared/deep/${String(index * 2 + 1)}`).toSorted(),
    );
  });

  it('leaves an object alone when its change is refused at the last moment', async () => {
    await put('k', 'old');
    const incoming = store.incoming();
    await incoming.write(Buffer.from('new'));
    const refused = store.put(
      toBytes('k'),
      incoming,
      { etag: 'e', headers: {}, user: {} },
      {
        onlyNew: false,
        before: (present) => {
          expect(present?.size).toBe(3);
          throw new Error('refused');
        },
      },
    );
    await expect(refused).rejects.toThrow('refused');
    await incoming.discard();
    expect(get('k')).toBe('old');
    expect(filesUnder('temporary')).toEqual([]);
  });

  it('removes what an earlier run left unfinished', () => {
    store.close();
    writeFileSync(join(root, 'temporary', 'half'), 'x');
    store = DiskStore.open(root, 'bucket', () => 0);
    expect(filesUnder('temporary')).toEqual([]);
  });

  it('says of a damaged file that it is damaged, never gives a part of it', async () => {
    await put('k', 'content');
    store.close();
    truncateSync(join(root, 'buckets/bucket/f-k'), 20);
    store = DiskStore.open(root, 'bucket', () => 0);
    expect(() => store.open(toBytes('k'))).toThrow('trailer');
  });

  it('refuses a folder that a running process serves, and takes one over from a dead process', () => {
    expect(() => DiskStore.open(root, 'bucket', () => 0)).toThrow('served by process');
    const other = join(root, 'other-lock');
    writeFileSync(other, '999999999 1');
    const unlock = lockFolder(other);
    expect(readFileSync(other, 'utf8')).toMatch(new RegExp(`^${String(process.pid)} `));
    unlock();
  });

  it('refuses a root whose path leaves no room for long keys', () => {
    expect(() => DiskStore.open(`/${'x'.repeat(900)}`, 'bucket', () => 0)).toThrow('choose a shorter one');
  });

  describe('listing', () => {
    const LONG = 'l'.repeat(79);
    const KEYS = [
      'A',
      'a',
      'a!',
      'a/',
      'a/b',
      'a/b/c',
      'a0',
      'b//x',
      LONG,
      `${LONG}m`,
      `${LONG}m/z`,
      `${LONG}m!`,
      `${LONG}mn`,
      'z/😀',
      'z/\uffff',
      'é',
    ];

    beforeEach(async () => {
      for (const key of KEYS) await put(key, key);
    });

    const inOrder = (keys: readonly string[]): string[] =>
      keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

    /** What S3's documentation says a listing is: filter, then roll up. */
    function model({
      prefix = '',
      after = '',
      delimiter = '',
    }: {
      prefix?: string;
      after?: string;
      delimiter?: string;
    }): string[] {
      const found: string[] = [];
      for (const key of inOrder(KEYS)) {
        if (!key.startsWith(prefix) || Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0) continue;
        const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
        const common = key.slice(0, at + delimiter.length);
        const item = at < 0 ? key : `P ${common}`;
        if (found.at(-1) !== item && (at < 0 || common !== after)) found.push(item);
      }
      return found;
    }

    it('is in UTF-8 byte order, not in that of UTF-16', async () => {
      const all = await list();
      expect(all).toEqual(inOrder(KEYS));
      expect(all.indexOf('z/\uffff')).toBeLessThan(all.indexOf('z/😀'));
    });

    it('agrees with the definition for every prefix, start and delimiter of a small world', async () => {
      const texts = ['', 'a', 'a!', 'a/', 'a/b', 'a/b/', 'b/', LONG, `${LONG}m`, `${LONG}m/`, 'z', 'zz'];
      for (const prefix of texts) {
        for (const after of texts) {
          for (const delimiter of ['', '/', 'b', 'm', '//']) {
            const query = { prefix, after, delimiter };
            expect([query, await list(query)]).toEqual([query, model(query)]);
          }
        }
      }
    });

    it('sees changes that were answered before it began', async () => {
      await list();
      await put('a/b/new', 'x');
      await store.delete(toBytes('A'), () => () => undefined);
      expect(await list()).toEqual(inOrder([...KEYS.filter((key) => key !== 'A'), 'a/b/new']));
    });
  });
});
