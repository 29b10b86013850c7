import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CollectionSpec } from '#wire';
import type { TableShape } from './protocol.js';
import { CollectionReader } from './reader.js';
import { planOf } from './reader-where.js';

const COLUMNS = [
  { name: 'i', type: 'int' },
  { name: 'f', type: 'float' },
  { name: 'u', type: 'unicode' },
  { name: 'b', type: 'bool' },
  { name: 'e', type: 'epoch' },
  { name: 'y', type: 'bytes' },
  { name: 'j', type: 'json' },
] as const;
const SPEC = CollectionSpec.parse({
  __type__: 'Collection',
  name: 'c',
  tables: [{ name: 't', columns: COLUMNS }],
});
const SHAPE: TableShape = { name: 't', columns: COLUMNS.map(({ name, type }) => ({ name, type, as: name })) };
/** Larger cells than this are not read, and are null to a condition. */
const MAX_CELL = 1024 * 1024;

/** Values of every kind, put into columns of every declared type, as one who owns an endpoint can. */
const VALUES = [
  null,
  0n,
  1n,
  2n,
  -1n,
  9_007_199_254_740_993n,
  0.5,
  -1.5,
  1e300,
  Infinity,
  '',
  'a',
  'A',
  'abc',
  '1',
  '0.5',
  'é',
  '😀',
  'with\0nul',
  'x'.repeat(MAX_CELL + 1),
  Buffer.from([0, 255]),
  Buffer.from('a'),
  '[1, 2]',
  '{"a": 1}',
];

let folder: string;
let path: string;
const reader = new CollectionReader({ timeoutMs: 60_000, memoryBytes: 512 * MAX_CELL, maxResponseBytes: 8 * MAX_CELL });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'collection-where-'));
  path = join(folder, 'x.sqlite');
  const database = new Database(path);
  database.exec(
    `CREATE TABLE metadata (key, value); CREATE TABLE t (${COLUMNS.map(({ name }) => `${name} BLOB`).join(', ')})`,
  );
  const insert = database.prepare(`INSERT INTO t VALUES (${COLUMNS.map(() => '?').join(', ')})`);
  for (let row = 0; row < 3 * VALUES.length; row += 1)
    insert.run(COLUMNS.map((_, column) => VALUES[(row * (column + 1) + column) % VALUES.length]));
  database.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const CONDITIONS = [
  'i > 0',
  'i >= 9007199254740992',
  'i == 9007199254740993',
  'not i',
  'i',
  'i == null',
  'f < 1 and f > -2',
  'f == 1',
  'f > 1000000',
  "u == 'a'",
  "u > 'A'",
  "'b' in u",
  "u in ['a', '1', null]",
  "u != 'abc' and u",
  'b == true',
  'b == 1',
  'not b',
  'b in [0, 5]',
  'e + 1 > i * 2',
  'e / i == 0.5',
  'i == f or u == null',
  "y == 'AP8='",
  'j == [1, 2]',
  "i < 2 and u =~ '^a' and f == null",
  'i < 2 and count(j) > 1',
  "u == 'x' and nowhere",
  'true',
  'false',
  "'a'",
  'i in []',
  `i in [${Array.from({ length: 60 }, (_, n) => String(n)).join(', ')}]`,
];

describe('a condition that SQL decides in part', () => {
  it.each(CONDITIONS.map((where, index) => [where, index] as const))(
    'answers as the evaluator does: %s',
    async (where, index) => {
      // Nothing of this one is pushed.
      const evaluated = `if true then (${where})`;
      expect(planOf({ clause: evaluated, members: {} }, SHAPE, MAX_CELL).pushed).toBeUndefined();
      const outcome = async (clause: string, more: object): Promise<unknown> => {
        try {
          return await reader.page(path, SPEC, { table: 't', limit: 7, where: clause, ...more });
        } catch (error) {
          return (error as Error).name;
        }
      };
      // In the order of the file, and of a column in turn.
      const more = index % 2 === 0 ? {} : { orderBy: { column: 'u', direction: 'desc' }, columns: ['i', 'j'] };
      const [pushed, wanted] = await Promise.all([outcome(where, more), outcome(evaluated, more)]);
      expect(pushed).toEqual(wanted);
      if (index % 5 > 0) return;
      const counted = (clause: string): Promise<unknown> =>
        reader.count(path, SPEC, { table: 't', where: clause }).catch((error: unknown) => (error as Error).name);
      expect(await counted(where)).toEqual(await counted(evaluated));
    },
  );

  it('goes on where the page before it ended', async () => {
    const seen: unknown[] = [];
    let after: number | undefined;
    do {
      const page = await reader.page(path, SPEC, {
        table: 't',
        limit: 2,
        where: 'i >= 1',
        columns: ['i'],
        ...(after === undefined ? {} : { after }),
      });
      seen.push(...page.rows);
      after = page.next;
    } while (after !== undefined);
    const { count } = await reader.count(path, SPEC, { table: 't', where: 'i >= 1' });
    expect(seen).toHaveLength(count);
    expect(count).toBeGreaterThan(5);
  });

  it('is divided at the first part that SQL cannot decide', () => {
    const plan = (clause: string, params?: readonly number[]): unknown => {
      const { pushed, rest } = planOf({ clause, members: { client_id: 'C.1' }, ...(params && { params }) }, SHAPE, 100);
      return [pushed?.params, rest === undefined ? undefined : clause.slice(rest.root.start, rest.root.end)];
    };
    expect(plan('i > 5')).toEqual([[5], undefined]);
    expect(plan('i > ?', [7])).toEqual([[7], undefined]);
    expect(plan("i > 5 and u =~ 'x' and f < 1")).toEqual([[5], "u =~ 'x' and f < 1"]);
    expect(plan("client_id == 'C.1' and i > 5")).toEqual([undefined, "client_id == 'C.1' and i > 5"]);
    expect(plan("y == 'a'")).toEqual([undefined, "y == 'a'"]);
  });
});
