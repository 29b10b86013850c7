import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectionSpec } from '#wire';
import { PageAnswer } from './reader-answers.js';
import { ReaderChild } from './reader-child.js';
import { CollectionReader, readerProgram } from './reader.js';
import type { ReadRequest } from './protocol.js';

const SPEC = CollectionSpec.parse({
  __type__: 'Collection',
  name: 'c',
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
const MIB = 1024 * 1024;
const LIMITS = { timeoutMs: 20_000, memoryBytes: 256 * MIB, maxResponseBytes: MIB };
const PAGE = { table: 't', limit: 10 } as const;
/** A condition that takes hours for a row whose `u` begins with many a's. */
const ENDLESS = {
  where: "not (u =~ '^aaaa') or each({xs}, each({xs}, each({xs}, each({xs}, n >= 0))))",
  params: { xs: Array.from({ length: 1000 }, (_, x) => ({ x })) },
};

let folder: string;
let path: string;
const reader = new CollectionReader(LIMITS);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'collection-hostile-'));
  path = join(folder, 'x.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file by any SQL at all, as one who owns an endpoint can. */
const craft = (sql: string, then?: (database: Database.Database) => void): void => {
  const database = new Database(path);
  database.unsafeMode(true);
  database.pragma('synchronous = OFF');
  database.pragma('journal_mode = MEMORY');
  database.exec(`CREATE TABLE metadata (key, value); ${sql}`);
  then?.(database);
  database.close();
};
const GOOD = "CREATE TABLE t (n INTEGER, u TEXT); INSERT INTO t VALUES (1, 'fine');";
const refusal = (reason: string, message = ''): Error =>
  expect.objectContaining({
    name: 'CollectionRefused',
    reason,
    message: expect.stringContaining(message) as string,
  }) as Error;
const exceeded = (message: string): Error => expect.objectContaining({ name: 'ResourceExceeded', message }) as Error;

describe('a schema that our writer never makes is refused', () => {
  it.each([
    ['a view named as the table', "CREATE VIEW t AS SELECT 1 AS n, 'x' AS u", 'the file has a view'],
    [
      'a recursive bomb behind a view',
      'CREATE VIEW t AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n, n AS u FROM c',
      'the file has a view',
    ],
    ['a trigger named as the table', `${GOOD} CREATE TRIGGER t AFTER INSERT ON t BEGIN SELECT 1; END`, 'a trigger'],
    ['a full-text table', 'CREATE VIRTUAL TABLE t USING fts5(n, u)', 'a virtual table'],
    ['a look into the file itself', 'CREATE VIRTUAL TABLE t USING dbstat', 'a virtual table'],
    ['no such table', 'CREATE TABLE other (n, u)', 'the file has no table t'],
    ['the table in other letters', 'CREATE TABLE T (n, u)', 'not an ordinary table'],
    ['no such column', 'CREATE TABLE t (n INTEGER)', 'has no column u'],
    ['a column in other letters', 'CREATE TABLE t (n INTEGER, U TEXT)', 'has no column u'],
    [
      'a generated column',
      'CREATE TABLE t (n INTEGER, u TEXT GENERATED ALWAYS AS (hex(zeroblob(1e8))))',
      'is generated',
    ],
    ['a stored generated column', 'CREATE TABLE t (n INTEGER, u TEXT AS (n + 1) STORED)', 'is generated'],
    ['a table without rowids', 'CREATE TABLE t (n INTEGER PRIMARY KEY, u TEXT) WITHOUT ROWID', 'not an ordinary table'],
    ['a table that hides its rowids', 'CREATE TABLE t (n, u, rowid, _rowid_, oid)', 'hides its rowid'],
    [
      'hundreds of tables',
      `${GOOD} ${Array.from({ length: 400 }, (_, n) => `CREATE TABLE x${n} (a);`).join(' ')}`,
      'more than 400',
    ],
  ])('%s', async (_what, sql, message) => {
    craft(sql);
    await expect(reader.page(path, SPEC, PAGE)).rejects.toEqual(refusal('schema', message));
  });

  it('a view that the schema table calls a table', async () => {
    craft(
      "CREATE VIEW t AS SELECT value AS n, value AS u FROM metadata; INSERT INTO metadata VALUES (1, 'secret')",
      (db) => {
        db.pragma('writable_schema = ON');
        db.exec("UPDATE sqlite_schema SET type = 'table', rootpage = 2 WHERE name = 't'");
      },
    );
    const error: unknown = await reader.page(path, SPEC, PAGE).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'CollectionRefused' });
    expect(String(error)).not.toContain('secret');
  });

  it('a schema that is no SQL', async () => {
    craft(GOOD, (db) => {
      db.pragma('writable_schema = ON');
      db.exec("UPDATE sqlite_schema SET sql = 'CREATE TABLE t (((' WHERE name = 't'");
    });
    await expect(reader.page(path, SPEC, PAGE)).rejects.toEqual(refusal('corrupt'));
  });

  it('a missing metadata table, when the file is described', async () => {
    craft(GOOD, (db) => db.exec('DROP TABLE metadata; VACUUM'));
    await expect(reader.describe(path, SPEC)).rejects.toEqual(refusal('schema', 'no table metadata'));
    expect((await reader.page(path, SPEC, PAGE)).rows).toEqual([{ n: 1, u: 'fine' }]);
  });
});

describe('damaged content', () => {
  it('pages of rubbish behind a good header are refused as corrupt', async () => {
    craft(GOOD, (db) => {
      const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
      for (let n = 0; n < 2000; n++) insert.run(n, 'some text that fills pages');
    });
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4096 * 3);
    writeFileSync(path, bytes);
    await expect(reader.page(path, SPEC, { ...PAGE, limit: 5000 })).rejects.toEqual(refusal('corrupt'));
  });

  it('a rowid beyond what a cursor can hold is refused', async () => {
    craft(`${GOOD} INSERT INTO t (rowid, n) VALUES (9223372036854775807, 2)`);
    await expect(reader.page(path, SPEC, PAGE)).rejects.toEqual(refusal('schema', 'rowid'));
  });

  it('a file that is swapped for a link, or asks for a log, is not opened', async () => {
    craft(GOOD);
    symlinkSync(path, join(folder, 'link'));
    await expect(reader.page(join(folder, 'link'), SPEC, PAGE)).rejects.toEqual(refusal('not-a-file'));
    const database = new Database(path);
    database.pragma('journal_mode = WAL');
    database.close();
    await expect(reader.page(path, SPEC, PAGE)).rejects.toEqual(refusal('wal'));
  });
});

describe('only what is declared can be read', () => {
  const SECRETS = `${GOOD} CREATE TABLE secrets (n, u); INSERT INTO secrets VALUES (7, 'secret');
    ALTER TABLE t ADD COLUMN hidden TEXT DEFAULT 'secret'`;

  it('other tables and columns are as if they were not there', async () => {
    craft(SECRETS);
    expect((await reader.page(path, SPEC, PAGE)).rows).toEqual([{ n: 1, u: 'fine' }]);
    await expect(reader.page(path, SPEC, { table: 'secrets', limit: 1 })).rejects.toThrow('declares no table');
    await expect(reader.page(path, SPEC, { ...PAGE, where: 'hidden == 1' })).rejects.toMatchObject({ kind: 'eval' });
    expect((await reader.describe(path, SPEC)).tables.map((table) => table.name)).toEqual(['t']);
  });

  it('names that are SQL stay names', async () => {
    craft(SECRETS);
    const name = 'n" FROM secrets --';
    const spec = { ...SPEC, tables: [{ name: 't', indexes: [], columns: [{ name, type: 'int' as const }] }] };
    await expect(reader.page(path, spec, PAGE)).rejects.toEqual(refusal('schema', 'has no column'));
  });

  // Should SQL of another's ever reach the process, the authorizer still stands. `maxCellBytes` is the one part of a
  // request that is not quoted, so it serves as the hole here: typed as a number, it never is one for a caller.
  it.each([
    ['another table', '(SELECT max(n) FROM secrets)'],
    ['an undeclared column', 'length(hidden)'],
    ['the schema', '(SELECT count(*) FROM sqlite_schema)'],
    [
      'an endless recursion',
      '(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c)',
    ],
    ['a library', "load_extension('libevil')"],
    ['a pragma as a table', '(SELECT count(*) FROM pragma_database_list)'],
    ['a random number', 'random()'],
    ['a huge text', 'octet_length(hex(zeroblob(1000000000)))'],
  ])('the authorizer denies %s', async (_what, hole) => {
    craft(SECRETS);
    const request = {
      op: 'page',
      table: { name: 't', columns: SPEC.tables[0]!.columns.map((column) => ({ ...column, as: column.name })) },
      columns: ['n', 'u'],
      limit: 1,
      budget: { softMs: 5000, hardMs: 20_000, maxBytes: MIB, maxCellBytes: hole },
    };
    const child = await ReaderChild.start(LIMITS);
    try {
      const sent = JSON.parse(JSON.stringify({ ...request, file: await child.offer(path) })) as ReadRequest;
      const error: unknown = await child.ask(sent, PageAnswer).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ message: expect.stringMatching(/not authorized|prohibited|no such/) as string });
      const harmless = { ...request, budget: { ...request.budget, maxCellBytes: 100 } };
      const next = JSON.parse(JSON.stringify({ ...harmless, file: await child.offer(path) })) as ReadRequest;
      expect((await child.ask(next, PageAnswer)).body.rows).toEqual([[1, 'fine']]);
    } finally {
      await child.close();
    }
  });
});

describe('what costs too much', () => {
  it('a blob of 200 MiB is measured, not read', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT); INSERT INTO t VALUES (1, zeroblob(209715200)), (2, NULL)');
    const { rows, omitted } = await reader.page(path, SPEC, PAGE);
    expect(rows).toEqual([
      { n: 1, u: null },
      { n: 2, u: null },
    ]);
    expect(omitted).toEqual({ tooLarge: 1, mistyped: 0 });
  });

  it('an endless condition is killed on time, and the next reading works', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT)', (db) =>
      db.prepare('INSERT INTO t VALUES (1, ?)').run('a'.repeat(20_000)),
    );
    const hasty = new CollectionReader({ ...LIMITS, timeoutMs: 2500 });
    const started = performance.now();
    await expect(hasty.page(path, SPEC, { ...PAGE, ...ENDLESS })).rejects.toEqual(
      exceeded('Resource exceeded: time, limit 2.5 s'),
    );
    expect(performance.now() - started).toBeLessThan(8000);
    expect((await hasty.page(path, SPEC, { ...PAGE, columns: ['n'] })).rows).toEqual([{ n: 1 }]);
  });

  it('a regular expression that never ends is killed on time, and the next reading works', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT)', (db) =>
      db.prepare('INSERT INTO t VALUES (1, ?)').run(`${'a'.repeat(60)}!`),
    );
    const hasty = new CollectionReader({ ...LIMITS, timeoutMs: 2500 });
    const where = "u =~ '(a|aa)+$'";
    const tooLong = exceeded('Resource exceeded: time, limit 2.5 s');
    await expect(hasty.page(path, SPEC, { ...PAGE, where })).rejects.toEqual(tooLong);
    await expect(hasty.count(path, SPEC, { table: 't', where })).rejects.toEqual(tooLong);
    expect((await hasty.page(path, SPEC, { ...PAGE, where: "u =~ 'a!$'", columns: ['n'] })).rows).toEqual([{ n: 1 }]);
  });

  it('an ordering that needs too much memory is killed, and the next reading works', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT)', (db) => {
      const insert = db.prepare('INSERT INTO t VALUES (?, zeroblob(4194304))');
      for (let n = 0; n < 80; n++) insert.run(n);
    });
    const small = new CollectionReader({ ...LIMITS, memoryBytes: 120 * MIB });
    const ordered = { ...PAGE, columns: ['n'], where: 'n > 0', orderBy: { column: 'u', direction: 'asc' as const } };
    await expect(small.page(path, SPEC, ordered)).rejects.toEqual(exceeded('Resource exceeded: memory, limit 120 MiB'));
    expect((await small.page(path, SPEC, { ...PAGE, limit: 1, columns: ['n'] })).rows).toEqual([{ n: 0 }]);
  });

  it('a condition that fills the heap is killed', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT)', (db) => {
      const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
      for (let n = 0; n < 200; n++) insert.run(n, 'x'.repeat(1_000_000));
    });
    const small = new CollectionReader({ ...LIMITS, memoryBytes: 100 * MIB });
    const doubled = Array.from({ length: 20 }, (_, n) => `x${n + 1} = [x${n}, x${n}, x${n}]`).join(', ');
    const where = `let (x0 = [n], ${doubled}) str(x20) == "no"`;
    await expect(small.page(path, SPEC, { ...PAGE, where })).rejects.toEqual(
      exceeded('Resource exceeded: memory, limit 100 MiB'),
    );
  });

  it('a long scan stops by itself and goes on where it stopped', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT)', (db) => {
      db.exec(
        'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 1500000) INSERT INTO t SELECT n, NULL FROM c',
      );
    });
    const hasty = new CollectionReader({ ...LIMITS, timeoutMs: 3000 });
    const first = await hasty.count(path, SPEC, { table: 't', where: 'n > 0 and n > 1 and n > 2' });
    expect(first.partial).toBe('time');
    expect(first.next).toBe(first.scanned);
    expect(first.count).toBe(first.scanned - 2);
    const second = await hasty.count(path, SPEC, { table: 't', where: 'n < 0', after: first.next! });
    expect(second.scanned).toBeGreaterThan(0);
  });

  it('one bad file of many is named, and the others are read', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT)', (db) =>
      db.prepare('INSERT INTO t VALUES (1, ?)').run('a'.repeat(20_000)),
    );
    const bad = path;
    path = join(folder, 'good.sqlite');
    craft("CREATE TABLE t (n INTEGER, u TEXT); INSERT INTO t VALUES (2, 'aab')");
    const hasty = new CollectionReader({ ...LIMITS, timeoutMs: 2500 });
    const files = [
      { clientId: 'C.bad', file: bad },
      { clientId: 'C.good', file: path },
    ];
    const first = await hasty.mergePage(files, SPEC, { ...PAGE, ...ENDLESS });
    expect(first.failures).toEqual([{ clientId: 'C.bad', error: exceeded('Resource exceeded: time, limit 2.5 s') }]);
    expect([first.rows, first.next, first.partial]).toEqual([[], { file: 1 }, 'time']);
    const second = await hasty.mergePage(files, SPEC, { ...PAGE, ...ENDLESS, after: first.next! });
    expect(second.rows).toEqual([{ client_id: 'C.good', n: 2, u: 'aab' }]);
  });

  it('more readings than may wait are refused at once', async () => {
    craft(GOOD);
    const narrow = new CollectionReader({ ...LIMITS, maxReaders: 1, maxWaiting: 1 });
    const results = await Promise.allSettled([1, 2, 3].map(() => narrow.count(path, SPEC, { table: 't' })));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(results[2]).toMatchObject({ reason: { resource: 'readers' } });
    expect((await narrow.count(path, SPEC, { table: 't' })).count).toBe(1);
  });
});

/** The value once the condition gives one; an error after the deadline. */
const eventually = async <T>(what: string, look: () => T | undefined, withinMs = 15_000): Promise<T> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((next) => setImmediate(next));
  }
};

/** The reader processes that this process (its only parent) has now. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)
    .filter((child) => readFileSync(`/proc/${child}/cmdline`, 'latin1').includes('reader-process.js'));

/** Processor time of a process that runs, in seconds. */
const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

describe.runIf(process.platform === 'linux')('the process', () => {
  it('has no environment, no rights and a folder of its own, which is gone afterwards', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT)', (db) =>
      db.prepare('INSERT INTO t VALUES (1, ?)').run('a'.repeat(20_000)),
    );
    const hasty = new CollectionReader({ ...LIMITS, timeoutMs: 3000 });
    const reading = hasty.page(path, SPEC, { ...PAGE, ...ENDLESS }).catch((caught: unknown) => caught);
    const pid = await eventually('a reader process runs', () => childrenOf(process.pid)[0]);
    expect(readFileSync(`/proc/${pid}/environ`)).toHaveLength(0);
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    expect(args).toContain('--permission');
    expect(args.filter((arg) => arg.startsWith('--allow-') && !arg.startsWith('--allow-fs-read='))).toEqual([]);
    const home = readlinkSync(`/proc/${pid}/cwd`);
    expect(args).toContain(`--allow-fs-read=${home}`);
    await eventually('the file is put there', () => readdirSync(home)[0]);
    expect(readdirSync(home)).toEqual(['0']);
    expect(await reading).toEqual(exceeded('Resource exceeded: time, limit 3 s'));
    expect(existsSync(home)).toBe(false);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  it('does not outlive a parent that is killed while it works', async () => {
    craft('CREATE TABLE t (n INTEGER, u TEXT)', (db) =>
      db.prepare('INSERT INTO t VALUES (1, ?)').run('a'.repeat(20_000)),
    );
    const built = pathToFileURL(join(readerProgram().main, '..', 'reader.js')).href;
    const script = `
      import { CollectionReader } from ${JSON.stringify(built)};
      const reader = new CollectionReader({ timeoutMs: 5000, memoryBytes: ${256 * MIB}, maxResponseBytes: ${MIB} });
      await reader.page(${JSON.stringify(path)}, ${JSON.stringify(SPEC)}, ${JSON.stringify({ ...PAGE, ...ENDLESS })});`;
    const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: resolve(readerProgram().main, '../../../../..'),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const child = await eventually('the reader process runs', () => childrenOf(parent.pid!)[0]);
    const home = readlinkSync(`/proc/${child}/cwd`);
    // It works on the rows once it has used more processor time than its start takes.
    await eventually('the condition runs', () => (cpuSeconds(child) > 0.8 ? true : undefined));
    const gone = once(parent, 'exit');
    parent.kill('SIGKILL');
    await gone;
    await eventually('the reader process ends', () => (existsSync(`/proc/${child}`) ? undefined : true));
    rmSync(home, { recursive: true, force: true });
  });
});
