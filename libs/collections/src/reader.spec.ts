import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CollectionSpec } from '#wire';
import { createCollection } from './index.js';
import { CollectionReader, type Page, type PageQuery } from './reader.js';

const SPEC = CollectionSpec.parse({
  __type__: 'Collection',
  name: 'files',
  tables: [
    {
      name: 'entries',
      indexes: ['size'],
      columns: [
        { name: 'size', type: 'int' },
        { name: 'path', type: 'unicode', description: 'where' },
        { name: 'raw', type: 'bytes' },
        { name: 'mtime', type: 'epoch' },
        { name: 'hidden', type: 'bool' },
        { name: 'more', type: 'json' },
        { name: 'score', type: 'float' },
      ],
    },
    { name: 'odd', columns: ['rowid', '__proto__', 'select'].map((name) => ({ name, type: 'unicode' })) },
    {
      name: 'numbers',
      columns: [
        { name: 'n', type: 'int' },
        { name: 'text', type: 'unicode' },
      ],
    },
  ],
});

let folder: string;
let file: string;
const reader = new CollectionReader({
  timeoutMs: 15_000,
  memoryBytes: 256 * 1024 * 1024,
  maxResponseBytes: 1024 * 1024,
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'collection-reader-'));
  file = join(folder, 'files.sqlite');
  const writer = createCollection(file, SPEC, {
    client_id: 'C.1',
    flow_id: 'F_1',
    attempt: 3,
    spec_digest: 'd',
    created_at: '2026-01-01T00:00:00.000Z',
    agent_version: '1',
  });
  writer.insert('entries', {
    size: (1n << 53n) + 1n,
    path: '/tmp/Übung\u0000\u{1f50e}',
    raw: Buffer.from([0, 255, 16]),
    mtime: 1.25,
    hidden: true,
    more: { a: [1, { b: null }] },
    score: 0.1,
  });
  writer.insert('entries', { size: 5, path: '/b', hidden: false, mtime: 2, more: 'text', score: -1 });
  writer.insert('entries', {});
  writer.insert('entries', { size: -(1n << 63n), path: '/a' });
  writer.insert('entries', { size: 5, path: '/a' });
  writer.insert('odd', JSON.parse('{"rowid":"r","__proto__":"p","select":"s"}') as Record<string, unknown>);
  for (let n = 1; n <= 1000; n++) writer.insert('numbers', { n, text: `row ${n % 3}` });
  writer.finish('2026-01-01T00:00:01.000Z');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All pages of a query, one after the other. */
const pages = async (query: PageQuery): Promise<Page[]> => {
  const all = [await reader.page(file, SPEC, query)];
  for (let next = all[0]!.next; next !== undefined && all.length < 50; next = all.at(-1)!.next)
    all.push(await reader.page(file, SPEC, { ...query, after: next }));
  return all;
};

describe('describe', () => {
  it('counts the declared tables and shows what the file says of itself', async () => {
    const description = await reader.describe(file, SPEC);
    expect(description.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ['entries', 5],
      ['odd', 1],
      ['numbers', 1000],
    ]);
    expect(description.tables[0]!.columns[1]).toEqual({ name: 'path', type: 'unicode', description: 'where' });
    expect(description.metadata).toMatchObject({
      client_id: 'C.1',
      flow_id: 'F_1',
      attempt: '3',
      finished_at: '2026-01-01T00:00:01.000Z',
    });
    expect(Object.keys(description.metadata)).toContain('schema');
  });
});

describe('page', () => {
  it('gives each type in its JSON form', async () => {
    const { rows, omitted, next, scanned } = await reader.page(file, SPEC, { table: 'entries', limit: 10 });
    expect(rows).toEqual([
      {
        size: '9007199254740993',
        path: '/tmp/Übung\u0000\u{1f50e}',
        raw: 'AP8Q',
        mtime: 1.25,
        hidden: true,
        more: { a: [1, { b: null }] },
        score: 0.1,
      },
      { size: 5, path: '/b', raw: null, mtime: 2, hidden: false, more: 'text', score: -1 },
      { size: null, path: null, raw: null, mtime: null, hidden: null, more: null, score: null },
      { size: '-9223372036854775808', path: '/a', raw: null, mtime: null, hidden: null, more: null, score: null },
      { size: 5, path: '/a', raw: null, mtime: null, hidden: null, more: null, score: null },
    ]);
    expect([scanned, next, omitted]).toEqual([5, undefined, { tooLarge: 0, mistyped: 0 }]);
    expect(Object.keys(rows[0]!)).toEqual(['size', 'path', 'raw', 'mtime', 'hidden', 'more', 'score']);
  });

  it('pages in the order of the file, each row once, and knows the end', async () => {
    const all = await pages({ table: 'numbers', limit: 400, columns: ['n'] });
    expect(all.map((page) => page.rows.length)).toEqual([400, 400, 200]);
    expect(all.flatMap((page) => page.rows.map((row) => row['n']))).toEqual(
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
    const exact = await pages({ table: 'numbers', limit: 500 });
    expect(exact.map((page) => page.rows.length)).toEqual([500, 500]);
  });

  it('pages in the order of a column, both ways, with nulls and equal values', async () => {
    const order = async (direction: 'asc' | 'desc') =>
      (await pages({ table: 'entries', limit: 2, columns: ['path', 'size'], orderBy: { column: 'size', direction } }))
        .flatMap((page) => page.rows)
        .map((row) => [row['size'], row['path']]);
    const [none, least, fiveB, fiveA, most] = [
      [null, null],
      ['-9223372036854775808', '/a'],
      [5, '/b'],
      [5, '/a'],
      ['9007199254740993', '/tmp/Übung\u0000\u{1f50e}'],
    ];
    expect(await order('asc')).toEqual([none, least, fiveB, fiveA, most]);
    expect(await order('desc')).toEqual([most, fiveB, fiveA, least, none]);
  });

  it('filters by EFILTER, with parameters, also in an order', async () => {
    const where = { table: 'numbers', where: 'n > 990 and text =~ ?', params: ['ROW 1$'] } as const;
    expect((await reader.page(file, SPEC, { ...where, limit: 10, columns: ['n'] })).rows).toEqual([
      { n: 991 },
      { n: 994 },
      { n: 997 },
      { n: 1000 },
    ]);
    const backwards = await pages({ ...where, limit: 3, columns: ['n'], orderBy: { column: 'n', direction: 'desc' } });
    expect(backwards.flatMap((page) => page.rows.map((row) => row['n']))).toEqual([1000, 997, 994, 991]);
    const named = { table: 'numbers', where: 'n in {wanted}', params: { wanted: [3, 5] }, limit: 10, columns: ['n'] };
    expect((await reader.page(file, SPEC, named)).rows).toEqual([{ n: 3 }, { n: 5 }]);
    const filtered = await pages({ table: 'numbers', where: 'n > 3 and n < 9', limit: 2, columns: ['n'] });
    expect(filtered.flatMap((page) => page.rows.map((row) => row['n']))).toEqual([4, 5, 6, 7, 8]);
  });

  it('lets conditions see every type, large integers as the nearest number', async () => {
    const size = async (where: string): Promise<number> =>
      (await reader.count(file, SPEC, { table: 'entries', where })).count;
    expect(await size('size > 9000000000000000')).toBe(1);
    expect(await size('hidden')).toBe(1);
    expect(await size('more.a[0] == 1 and raw == "AP8Q" and mtime < 1.5')).toBe(1);
    expect(await size('path == null')).toBe(1);
  });

  it('treats no name as special: rowid, __proto__, select', async () => {
    const { rows } = await reader.page(file, SPEC, { table: 'odd', limit: 10, where: 'rowid == "r"' });
    expect(Object.entries(rows[0]!)).toEqual([
      ['rowid', 'r'],
      ['__proto__', 'p'],
      ['select', 's'],
    ]);
  });

  it('ends a page before the answer grows too long, and goes on', async () => {
    const path = join(folder, 'wide.sqlite');
    const spec = CollectionSpec.parse({
      __type__: 'Collection',
      name: 'w',
      tables: [
        {
          name: 't',
          columns: [
            { name: 'n', type: 'int' },
            { name: 'u', type: 'unicode' },
          ],
        },
      ],
    });
    const origin = {
      client_id: 'C.1',
      flow_id: 'F',
      attempt: 1,
      spec_digest: 'd',
      created_at: 't',
      agent_version: '1',
    };
    const writer = createCollection(path, spec, origin);
    // 300,000 quotes are 600,000 bytes of JSON: one such row fits into an answer, two do not.
    for (const n of [1, 2, 3]) writer.insert('t', { n, u: '"'.repeat(300_000) });
    writer.insert('t', { n: 4, u: '"'.repeat(600_000) });
    writer.insert('t', { n: 5, u: 'x'.repeat(2_000_000) });
    writer.finish('t');
    const first = await reader.page(path, spec, { table: 't', limit: 10 });
    expect([first.rows.length, first.partial, first.next]).toEqual([1, 'response', 1]);
    const second = await reader.page(path, spec, { table: 't', limit: 10, after: first.next! });
    expect(second.rows).toEqual([{ n: 2, u: '"'.repeat(300_000) }]);
    // A row that is too large by itself is given without the cell that makes it so, which is counted.
    const late = await reader.page(path, spec, { table: 't', limit: 10, after: 3 });
    expect(late.rows).toEqual([
      { n: 4, u: null },
      { n: 5, u: null },
    ]);
    expect(late.omitted).toEqual({ tooLarge: 2, mistyped: 0 });
  });

  it.each([
    ['an undeclared table', { table: 'metadata', limit: 1 }, 'declares no table "metadata"'],
    ['an undeclared column', { table: 'numbers', limit: 1, columns: ['x'] }, 'declares no column "x"'],
    ['a column twice', { table: 'numbers', limit: 1, columns: ['n', 'n'] }, 'twice'],
    [
      'an undeclared order',
      { table: 'numbers', limit: 1, orderBy: { column: 'x', direction: 'asc' as const } },
      'no column "x"',
    ],
    ['no rows', { table: 'numbers', limit: 0 }, 'limit'],
    ['too many rows', { table: 'numbers', limit: 10_001 }, 'limit'],
    ['a cursor of its own', { table: 'numbers', limit: 1, after: 0.5 }, 'cursor'],
  ])('refuses %s', async (_what, query, message) => {
    const error: unknown = await reader.page(file, SPEC, query).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'BadReadRequest', message: expect.stringContaining(message) as string });
  });

  it('says what is wrong with a condition, and where', async () => {
    await expect(reader.page(file, SPEC, { table: 'numbers', limit: 1, where: 'n > ' })).rejects.toMatchObject({
      name: 'WhereFailed',
      kind: 'parse',
      start: 4,
    });
    await expect(reader.page(file, SPEC, { table: 'numbers', limit: 1, where: 'n > 1 or typo' })).rejects.toMatchObject(
      {
        name: 'WhereFailed',
        kind: 'eval',
        start: 9,
        end: 13,
      },
    );
  });
});

describe('count and group', () => {
  it('counts all rows, those after a cursor, and those that hold', async () => {
    expect(await reader.count(file, SPEC, { table: 'numbers' })).toEqual({ count: 1000, scanned: 1000 });
    expect(await reader.count(file, SPEC, { table: 'numbers', after: 990 })).toEqual({ count: 10, scanned: 10 });
    expect(await reader.count(file, SPEC, { table: 'numbers', where: 'n > 900' })).toEqual({
      count: 100,
      scanned: 1000,
    });
  });

  it('groups by columns, the most frequent first, and says when there are more', async () => {
    expect(await reader.group(file, SPEC, { table: 'numbers', by: ['text'], limit: 10 })).toEqual({
      groups: [
        { values: { text: 'row 1' }, count: 334 },
        { values: { text: 'row 0' }, count: 333 },
        { values: { text: 'row 2' }, count: 333 },
      ],
      more: false,
    });
    const two = await reader.group(file, SPEC, { table: 'entries', by: ['size', 'path'], limit: 1 });
    expect(two).toEqual({ groups: [{ values: { size: null, path: null }, count: 1 }], more: true });
  });
});

describe('cells of another type than declared', () => {
  it('are null and counted', async () => {
    const path = join(folder, 'mistyped.sqlite');
    const database = new Database(path);
    database.exec(`CREATE TABLE metadata (key, value); CREATE TABLE entries (size, path, raw, mtime, hidden, more, score);
      INSERT INTO entries VALUES ('5', 5, 'text', 'soon', 2, '{"a":', x'00');
      INSERT INTO entries VALUES (5.5, x'ff', 1, 9e999, 'yes', 7, -9e999);
      INSERT INTO entries VALUES (1, CAST(x'ff41' AS TEXT), x'', 3, 1, '${'['.repeat(65)}${']'.repeat(65)}', 4);`);
    database.close();
    const { rows, omitted } = await reader.page(path, SPEC, { table: 'entries', limit: 10 });
    const nothing = { size: null, path: null, raw: null, mtime: null, hidden: null, more: null, score: null };
    expect(rows).toEqual([
      nothing,
      nothing,
      // Text that is not UTF-8 shows replacement characters.
      { size: 1, path: '\ufffdA', raw: '', mtime: 3, hidden: true, more: null, score: 4 },
    ]);
    expect(omitted).toEqual({ tooLarge: 0, mistyped: 15 });
  });
});
