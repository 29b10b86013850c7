import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectionSpec } from '#wire';
import { createCollection } from './index.js';
import { checkCollectionFile, type UnpackLimits, unpackCollection } from './reader.js';

const SPEC = CollectionSpec.parse({
  __type__: 'Collection',
  name: 'c',
  tables: [{ name: 't', columns: [{ name: 'n', type: 'int' }] }],
});
const LIMITS: UnpackLimits = { maxBytes: 64 * 1024 * 1024, maxRatio: 100 };

let folder: string;
let content: Buffer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'collection-integrity-'));
  const path = join(folder, 'good.sqlite');
  const origin = {
    client_id: 'C.1',
    flow_id: 'F_1',
    attempt: 1,
    spec_digest: 'd',
    created_at: 't',
    agent_version: '1',
  };
  const writer = createCollection(path, SPEC, origin);
  writer.insert('t', { n: 1 });
  writer.finish('t');
  content = readFileSync(path);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
/** Unpacks these stored bytes; whatever happens must leave no half file. */
const unpack = async (stored: Uint8Array, limits: UnpackLimits = LIMITS) => {
  const out = join(folder, 'out.sqlite');
  try {
    return await unpackCollection(place('stored.gz', stored), out, limits);
  } catch (error) {
    expect(existsSync(out)).toBe(false);
    throw error;
  }
};
const changed = (change: (file: Buffer) => void): Buffer => {
  const copy = Buffer.from(content);
  change(copy);
  return copy;
};
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const refusal = (reason: string) => expect.objectContaining({ name: 'CollectionRefused', reason }) as Error;

describe('unpackCollection', () => {
  it('gives the content back, with size and hash, when all that is expected is so', async () => {
    const stored = gzipSync(content);
    const expected = {
      contentBytes: content.length,
      contentSha256: sha256(content),
      storedBytes: stored.length,
      storedSha256: sha256(stored),
    };
    await expect(unpack(stored, { ...LIMITS, expected })).resolves.toEqual({
      contentBytes: content.length,
      contentSha256: sha256(content),
    });
    expect(readFileSync(join(folder, 'out.sqlite')).equals(content)).toBe(true);
  });

  it.each(['contentSha256', 'storedSha256', 'contentBytes', 'storedBytes'] as const)(
    'says that evidence changed when %s is another',
    async (field) => {
      const expected = { [field]: field.endsWith('Bytes') ? 7 : sha256(Buffer.from('other')) };
      const error: unknown = await unpack(gzipSync(content), { ...LIMITS, expected }).catch(
        (caught: unknown) => caught,
      );
      expect(error).toEqual(refusal('digest'));
      expect(String(error)).toContain('evidence changed after it was reported');
    },
  );

  it.each([
    ['no gzip at all', () => Buffer.from('hello'), 'bad-gzip'],
    ['an empty object', () => Buffer.alloc(0), 'bad-gzip'],
    ['gzip cut short', () => gzipSync(content).subarray(0, -9), 'bad-gzip'],
    ['a damaged checksum', () => changedGzip(), 'bad-gzip'],
    ['zeros behind the gzip data', () => Buffer.concat([gzipSync(content), Buffer.alloc(1_000_000)]), 'trailing-data'],
    ['text behind the gzip data', () => Buffer.concat([gzipSync(content), Buffer.from('<script>')]), 'bad-gzip'],
    ['a second member behind the first', () => Buffer.concat([gzipSync(content), gzipSync('more')]), 'page-count'],
    ['something that is no SQLite', () => gzipSync('plain text '.repeat(100)), 'not-sqlite'],
    ['SQLite cut short', () => gzipSync(content.subarray(0, -4096)), 'page-count'],
    ['half a page more', () => gzipSync(Buffer.concat([content, Buffer.alloc(100)])), 'page-count'],
    ['a lie about the page count', () => gzipSync(changed((file) => file.writeUInt32BE(1_000_000, 28))), 'page-count'],
    ['a page size of 3', () => gzipSync(changed((file) => file.writeUInt16BE(3, 16))), 'page-count'],
    ['the write version of WAL', () => gzipSync(changed((file) => file.writeUInt8(2, 18))), 'wal'],
    ['the read version of WAL', () => gzipSync(changed((file) => file.writeUInt8(2, 19))), 'wal'],
    ['a page count that is not valid', () => gzipSync(changed((file) => file.writeUInt32BE(99, 92))), 'header'],
    ['UTF-16', () => gzipSync(changed((file) => file.writeUInt32BE(2, 56))), 'header'],
    ['reserved space in pages', () => gzipSync(changed((file) => file.writeUInt8(32, 20))), 'header'],
  ])('refuses %s', async (_what, stored, reason) => {
    await expect(unpack(stored())).rejects.toEqual(refusal(reason));
  });

  const changedGzip = (): Buffer => {
    const stored = gzipSync(content);
    stored.writeUInt32LE((stored.readUInt32LE(stored.length - 8) ^ 1) >>> 0, stored.length - 8);
    return stored;
  };

  it('stops a bomb by its ratio, and by its size, before it is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    await expect(unpack(bomb)).rejects.toEqual(refusal('ratio'));
    await expect(unpack(bomb, { maxBytes: 1_000_000, maxRatio: 1e6 })).rejects.toEqual(refusal('too-large'));
  });

  it('reads no link, folder, pipe or missing file', async () => {
    const out = join(folder, 'out.sqlite');
    symlinkSync(place('stored.gz', gzipSync(content)), join(folder, 'link'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const name of ['link', 'pipe', 'none', '.'])
      await expect(unpackCollection(join(folder, name), out, LIMITS)).rejects.toEqual(refusal('not-a-file'));
    expect(existsSync(out)).toBe(false);
  });

  it('never overwrites', async () => {
    const out = place('out.sqlite', Buffer.from('mine'));
    await expect(unpackCollection(place('stored.gz', gzipSync(content)), out, LIMITS)).rejects.toThrow('EEXIST');
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });
});

describe('checkCollectionFile', () => {
  it('passes what our writer made, and no link to it', async () => {
    await expect(checkCollectionFile(join(folder, 'good.sqlite'))).resolves.toBeUndefined();
    symlinkSync(join(folder, 'good.sqlite'), join(folder, 'link'));
    await expect(checkCollectionFile(join(folder, 'link'))).rejects.toEqual(refusal('not-a-file'));
    await expect(checkCollectionFile(place('short', content.subarray(0, 50)))).rejects.toEqual(refusal('not-sqlite'));
  });
});
