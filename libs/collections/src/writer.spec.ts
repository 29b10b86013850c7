import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectionSpec } from '#wire';
import { type CollectionMetadata, createCollection, gzipFile } from './index.js';

const SPEC = CollectionSpec.parse({
  __type__: 'Collection',
  name: 'everything',
  tables: [
    {
      name: 'all_types',
      indexes: ['i', 'u'],
      columns: [
        { name: 'i', type: 'int' },
        { name: 'f', type: 'float' },
        { name: 'u', type: 'unicode' },
        { name: 'b', type: 'bytes' },
        { name: 'e', type: 'epoch' },
        { name: 'o', type: 'bool' },
        { name: 'j', type: 'json' },
      ],
    },
    { name: 'Select', columns: [{ name: 'from', type: 'unicode' }] },
  ],
});

const METADATA: CollectionMetadata = {
  client_id: 'C.0123456789abcdef',
  flow_id: 'F_1',
  attempt: 2,
  spec_digest: 'ab'.repeat(32),
  query: 'select * from pslist()',
  created_at: '2026-01-02T03:04:05.000Z',
  agent_version: '0.1.0',
};

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'collection-writer-'));
  path = join(folder, 'x.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An independent look at the finished file. */
const read = (sql: string): unknown[] => {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare(sql).safeIntegers().raw().all();
  } finally {
    database.close();
  }
};

const ALL = 'SELECT i, f, u, b, e, o, j FROM all_types ORDER BY rowid';

describe('createCollection', () => {
  it('writes each type as its SQLite storage class', () => {
    const writer = createCollection(path, SPEC, METADATA);
    writer.insert('all_types', {
      i: 7,
      f: 2,
      u: 'naïve \u{1f50e}',
      b: Buffer.from([0, 255]),
      e: 1_700_000_000.25,
      o: true,
      j: { a: [1, null, 'x'] },
    });
    writer.insert('all_types', { i: (1n << 63n) - 1n, o: false, e: new Date(1500), j: 'text' });
    writer.insert('all_types', { i: -(1n << 63n), f: 3n, j: { big: 1n << 60n, small: 5n } });
    writer.finish('2026-01-02T03:04:06.000Z');
    expect(read(ALL)).toEqual([
      [7n, 2, 'naïve \u{1f50e}', Buffer.from([0, 255]), 1_700_000_000.25, 1n, '{"a":[1,null,"x"]}'],
      [9_223_372_036_854_775_807n, null, null, null, 1.5, 0n, '"text"'],
      [-9_223_372_036_854_775_808n, 3, null, null, null, null, '{"big":"1152921504606846976","small":5}'],
    ]);
    expect(read('SELECT DISTINCT typeof(f), typeof(e) FROM all_types WHERE f IS NOT NULL AND e IS NOT NULL')).toEqual([
      ['real', 'real'],
    ]);
  });

  it('makes NULL of every wrong type and counts it, but not what is missing or null', () => {
    const writer = createCollection(path, SPEC, METADATA);
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    writer.insert('all_types', { i: '7', f: '2', u: 5, b: 'AA==', e: '2026', o: 1, j: cycle }); // 7
    writer.insert('all_types', { i: 1.5, f: NaN, e: Infinity, o: 'true', j: () => 1 }); // 5
    writer.insert('all_types', { i: 2 ** 53, f: true, e: new Date(NaN) }); // 3
    writer.insert('all_types', { i: 1n << 63n }); // 1
    writer.insert('all_types', { i: null, f: undefined });
    writer.insert('all_types', {});
    expect(writer.finish('t').nullCoerced).toBe(16);
    expect(read(ALL)).toEqual(Array.from({ length: 6 }, () => [null, null, null, null, null, null, null]));
  });

  it('refuses JSON that nests deeper than 64, counts it, and repairs lone surrogates', () => {
    const writer = createCollection(path, SPEC, METADATA);
    const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    writer.insert('all_types', { j: nested(64), u: 'a\ud800b' });
    writer.insert('all_types', { j: nested(65), u: '[[[' });
    expect(writer.finish('t').nullCoerced).toBe(1);
    expect(read('SELECT length(j), u FROM all_types')).toEqual([
      [128n, 'a\ufffdb'],
      [null, '[[['],
    ]);
  });

  it('drops columns that the spec lacks and names each once', () => {
    const writer = createCollection(path, SPEC, METADATA);
    writer.insert('all_types', { i: 1, secret: 'x' });
    writer.insert('all_types', { secret: 'y', I: 3 });
    writer.insert('Select', { from: 'here', ['n'.repeat(300)]: 1 });
    expect(writer.rows).toEqual({ all_types: 2, Select: 1 });
    expect(writer.finish('t')).toEqual({
      rows: { all_types: 2, Select: 1 },
      droppedColumns: ['all_types.secret', 'all_types.I', `Select.${'n'.repeat(193)}`],
      nullCoerced: 0,
    });
    expect(read('SELECT i FROM all_types ORDER BY rowid')).toEqual([[1n], [null]]);
    expect(read('SELECT "from" FROM "Select"')).toEqual([['here']]);
  });

  it('reports at most 200 dropped columns', () => {
    const writer = createCollection(path, SPEC, METADATA);
    for (let n = 0; n < 300; n++) writer.insert('all_types', { [`c${n}`]: 1 });
    const { droppedColumns } = writer.finish('t');
    expect(droppedColumns).toHaveLength(200);
    expect(droppedColumns[199]).toBe('all_types.c199');
  });

  it('carries its schema and origin in the table metadata', () => {
    createCollection(path, SPEC, METADATA).finish('2026-01-02T03:04:06.000Z');
    const rows = read('SELECT key, value FROM metadata ORDER BY key') as [string, string][];
    expect(rows.filter(([key]) => key !== 'schema')).toEqual([
      ['agent_version', '0.1.0'],
      ['attempt', '2'],
      ['client_id', 'C.0123456789abcdef'],
      ['created_at', '2026-01-02T03:04:05.000Z'],
      ['finished_at', '2026-01-02T03:04:06.000Z'],
      ['flow_id', 'F_1'],
      ['query', 'select * from pslist()'],
      ['spec_digest', 'ab'.repeat(32)],
    ]);
    const schema = rows.find(([key]) => key === 'schema')![1];
    expect(JSON.parse(schema)).toMatchObject({
      name: 'everything',
      tables: [{ name: 'all_types' }, { name: 'Select' }],
    });
  });

  it('names tables and columns exactly, indexes what is asked for, and needs no journal', () => {
    createCollection(path, SPEC, METADATA).finish('t');
    expect(read("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")).toEqual([
      ['metadata'],
      ['all_types'],
      ['Select'],
    ]);
    expect(
      read("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"),
    ).toEqual([
      ['all_types/i', 'all_types'],
      ['all_types/u', 'all_types'],
    ]);
    const header = readFileSync(path).subarray(0, 100);
    expect([header[18], header[19]]).toEqual([1, 1]);
    expect(header.readUInt16BE(16) * header.readUInt32BE(28)).toBe(statSync(path).size);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps every row over many transactions, and bytes() is near the size of the file', () => {
    const writer = createCollection(path, SPEC, METADATA);
    for (let n = 0; n < 12_345; n++) writer.insert('all_types', { i: n, u: `row number ${n}`, j: [n] });
    const estimate = writer.bytes();
    expect(writer.finish('t').rows['all_types']).toBe(12_345);
    expect(read('SELECT count(*), sum(i), max(u) FROM all_types')).toEqual([[12_345n, 76_193_340n, 'row number 9999']]);
    const { size } = statSync(path);
    expect(estimate).toBeGreaterThan(size * 0.5);
    expect(estimate).toBeLessThan(size * 2);
  });

  it('refuses an unknown table and a file that is there', () => {
    const writer = createCollection(path, SPEC, METADATA);
    expect(() => writer.insert('nope', {})).toThrow('declares no table "nope"');
    writer.abort();
    writeFileSync(path, 'mine');
    expect(() => createCollection(path, SPEC, METADATA)).toThrow('EEXIST');
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('leaves nothing behind when aborted', () => {
    const writer = createCollection(path, SPEC, METADATA);
    writer.insert('all_types', { i: 1 });
    writer.abort();
    expect(() => statSync(path)).toThrow('ENOENT');
  });
});

describe('gzipFile', () => {
  it('compresses with the sizes and hashes of both sides', async () => {
    const content = Buffer.from('abc'.repeat(100_000));
    writeFileSync(path, content);
    const packed = join(folder, 'x.gz');
    const result = await gzipFile(path, packed);
    const stored = readFileSync(packed);
    expect(gunzipSync(stored).equals(content)).toBe(true);
    expect(result).toEqual({
      contentBytes: 300_000,
      contentSha256: createHash('sha256').update(content).digest('hex'),
      storedBytes: stored.length,
      storedSha256: createHash('sha256').update(stored).digest('hex'),
    });
  });

  it('never overwrites, and leaves nothing when the source cannot be read', async () => {
    writeFileSync(path, 'x');
    writeFileSync(join(folder, 'there'), 'mine');
    await expect(gzipFile(path, join(folder, 'there'))).rejects.toThrow('EEXIST');
    expect(readFileSync(join(folder, 'there'), 'utf8')).toBe('mine');
    await expect(gzipFile(join(folder, 'none'), join(folder, 'new'))).rejects.toThrow('ENOENT');
    expect(() => statSync(join(folder, 'new'))).toThrow('ENOENT');
  });
});
