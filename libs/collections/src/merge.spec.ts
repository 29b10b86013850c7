import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CollectionSpec } from '#wire';
import { createCollection } from './index.js';
import { CollectionReader, type MergeCursor, type MergedPage, type MergeFile, type MergeQuery } from './reader.js';

const SPEC = CollectionSpec.parse({
  __type__: 'Collection',
  name: 'c',
  tables: [
    {
      name: 't',
      columns: [
        { name: 'n', type: 'int' },
        { name: 'client_id', type: 'unicode' },
      ],
    },
  ],
});
const reader = new CollectionReader({
  timeoutMs: 15_000,
  memoryBytes: 256 * 1024 * 1024,
  maxResponseBytes: 1024 * 1024,
});

let folder: string;
const write = (name: string, numbers: readonly number[]): string => {
  const path = join(folder, name);
  const origin = { client_id: 'C.x', flow_id: 'F', attempt: 1, spec_digest: 'd', created_at: 't', agent_version: '1' };
  const writer = createCollection(path, SPEC, origin);
  for (const n of numbers) writer.insert('t', { n, client_id: 'C.forged' });
  writer.finish('t');
  return path;
};

let files: MergeFile[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'collection-merge-'));
  const junk = join(folder, 'junk.sqlite');
  writeFileSync(junk, 'junk'.repeat(1000));
  files = [
    { clientId: 'C.a', file: write('a', [1, 2, 3]) },
    { clientId: 'C.empty', file: write('empty', []) },
    { clientId: 'C.junk', file: junk },
    { clientId: 'C.b', file: write('b', [4]) },
    { clientId: 'C.gone', file: join(folder, 'gone') },
    { clientId: 'C.c', file: write('c', [5, 6]) },
  ];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const all = async (query: MergeQuery): Promise<MergedPage[]> => {
  const pages: MergedPage[] = [];
  let after: MergeCursor | undefined;
  do {
    pages.push(await reader.mergePage(files, SPEC, { ...query, ...(after === undefined ? {} : { after }) }));
    after = pages.at(-1)!.next;
  } while (after !== undefined && pages.length < 50);
  return pages;
};
const flat = (pages: readonly MergedPage[]): unknown[] =>
  pages.flatMap((page) => page.rows.map((row) => [row['client_id'], row['n']]));

const EVERY_ROW = [
  ['C.a', 1],
  ['C.a', 2],
  ['C.a', 3],
  ['C.b', 4],
  ['C.c', 5],
  ['C.c', 6],
];

describe('mergePage', () => {
  it('puts the client that the caller names first, and keeps what the file claims apart', async () => {
    const { rows } = await reader.mergePage(files, SPEC, { table: 't', limit: 1 });
    expect(Object.entries(rows[0]!)).toEqual([
      ['client_id', 'C.a'],
      ['n', 1],
      ['reported_client_id', 'C.forged'],
    ]);
  });

  it.each([1, 2, 3, 4, 10])(
    'gives every row once, in pages of %i, and names the files that cannot be read',
    async (limit) => {
      const pages = await all({ table: 't', limit });
      expect(flat(pages)).toEqual(EVERY_ROW);
      expect(pages.every((page) => page.rows.length <= limit)).toBe(true);
      const failures = pages.flatMap((page) => page.failures);
      expect(failures.map(({ clientId, error }) => [clientId, error])).toEqual([
        ['C.junk', expect.objectContaining({ reason: 'not-sqlite' })],
        ['C.gone', expect.objectContaining({ reason: 'not-a-file' })],
      ]);
    },
  );

  it('filters, with the true client id in sight', async () => {
    expect(flat(await all({ table: 't', limit: 2, where: 'client_id != "C.a" and n > 4' }))).toEqual([
      ['C.c', 5],
      ['C.c', 6],
    ]);
    expect(flat(await all({ table: 't', limit: 10, where: 'reported_client_id != "C.forged"' }))).toEqual([]);
  });

  it('fetches a file only when the page comes to it, each once', async () => {
    const fetched: string[] = [];
    const lazy = files.map(({ clientId, file }) => ({
      clientId,
      file: () => {
        fetched.push(clientId);
        return Promise.resolve(file as string);
      },
    }));
    const first = await reader.mergePage(lazy, SPEC, { table: 't', limit: 2 });
    expect(first.next).toEqual({ file: 0, after: 2 });
    expect(fetched).toEqual(['C.a']);
    fetched.length = 0;
    const second = await reader.mergePage(lazy, SPEC, { table: 't', limit: 2, after: first.next! });
    expect(flat([second])).toEqual([
      ['C.a', 3],
      ['C.b', 4],
    ]);
    expect(fetched).toEqual(['C.a', 'C.empty', 'C.junk', 'C.b']);
  });

  it('passes on what is wrong with the fetching or the query, not with a file', async () => {
    const failing: MergeFile[] = [{ clientId: 'C.a', file: () => Promise.reject(new Error('the store is away')) }];
    await expect(reader.mergePage(failing, SPEC, { table: 't', limit: 2 })).rejects.toThrow('the store is away');
    await expect(reader.mergePage(files, SPEC, { table: 't', limit: 2, where: '(' })).rejects.toMatchObject({
      kind: 'parse',
    });
    await expect(reader.mergePage(files, SPEC, { table: 'x', limit: 2 })).rejects.toThrow('declares no table');
    await expect(reader.mergePage(files, SPEC, { table: 't', limit: 2, after: { file: 7 } })).rejects.toThrow(
      'file 7 of 6',
    );
  });

  it('reads the results of 1,000 clients', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => {
      const path = join(folder, `many-${index}`);
      copyFileSync(join(folder, 'b'), path);
      return { clientId: `C.${index}`, file: path };
    });
    const rows: unknown[] = [];
    let after: MergeCursor | undefined;
    do {
      const page: MergedPage = await reader.mergePage(many, SPEC, { table: 't', limit: 5000, ...(after && { after }) });
      rows.push(...page.rows.map((row) => row['client_id']));
      after = page.next;
    } while (after !== undefined);
    expect(rows).toEqual(many.map(({ clientId }) => clientId));
  });
});
