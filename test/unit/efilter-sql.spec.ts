import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import {
  conditionToSql,
  drain,
  evaluate,
  parse,
  toSql,
  type Environment,
  type Query,
  type Row,
  type TableSchema,
} from '#efilter';

/** A sequence that is the same for the same seed. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SEED = 20_261_124;
const next = sequence(SEED);
const pick = <T>(list: readonly T[]): T => {
  const found = list[Math.floor(next() * list.length)];
  if (found === undefined) throw new Error('The list is empty');
  return found;
};

const columns = ['i', 'r', 't', 'n', 'Mixed Case'];
const schema = { table: 'data', columns, wellFormed: true };
const values = [
  null,
  0,
  1,
  -1,
  2,
  10,
  1.5,
  -2.25,
  9_007_199_254_740_992,
  '',
  'a',
  'A',
  'b',
  'abc',
  '1',
  '10',
  '1.5',
  'é',
  'é'.normalize('NFD'),
  '\u{1f600}',
  '\uffff',
  "it's",
  '%',
  ' ',
];
const rows: Row[] = Array.from({ length: 300 }, () => Object.fromEntries(columns.map((name) => [name, pick(values)])));

const database = new Database(':memory:');
// Columns of every affinity and another collation: none of them may show in an answer.
database.exec('CREATE TABLE data (i INTEGER, r REAL, t TEXT COLLATE NOCASE, n NUMERIC, "Mixed Case")');
const insert = database.prepare('INSERT INTO data VALUES (?, ?, ?, ?, ?)');
for (const row of rows) insert.run(columns.map((name) => row[name]));
// What SQLite made of them is what both sides see.
const stored = database.prepare('SELECT * FROM data ORDER BY rowid').all() as Row[];

afterAll(() => {
  database.close();
});

const source = (given: readonly Row[]): Environment => ({
  functions: { data: { name: 'data', kind: 'source', call: () => given } },
  variables: { data: given },
});

/** The query's answer over the table as it is, and by way of SQL. */
function both(
  query: string,
  given = stored,
  of: TableSchema = schema,
): { direct: unknown; bySql: unknown; sql: string; whole: boolean } {
  const plan = toSql(query, of);
  const found = database.prepare(plan.sql).all(...plan.params) as Row[];
  return {
    direct: drain(evaluate(query, source(given))),
    bySql: plan.rest === undefined ? found : drain(evaluate(plan.rest, source(found))),
    sql: plan.sql,
    whole: plan.rest === undefined,
  };
}

const column = (): string => pick(['i', 'r', 't', 'n', '`Mixed Case`']);
const literal = (): string => {
  const value = pick([...values, true, false]);
  if (typeof value !== 'string') return String(value);
  return `'${value.replaceAll("'", "\\'")}'`;
};
function scalar(depth: number): string {
  const roll = next();
  if (depth === 0 || roll < 0.5) return roll < 0.3 ? column() : literal();
  if (roll < 0.6) return `-(${scalar(depth - 1)})`;
  if (roll < 0.95) return `(${scalar(depth - 1)} ${pick(['+', '-', '*', '/'])} ${scalar(depth - 1)})`;
  return `(${condition(depth - 1)})`;
}
function condition(depth: number): string {
  const roll = next();
  if (depth > 0 && roll < 0.35) {
    return `(${condition(depth - 1)}) ${pick(['and', 'or'])} (${condition(depth - 1)})`;
  }
  if (depth > 0 && roll < 0.45) return `not (${condition(depth - 1)})`;
  if (roll < 0.8) return `${scalar(depth)} ${pick(['==', '!=', '<', '<=', '>', '>='])} ${scalar(depth)}`;
  if (roll < 0.87) return `${scalar(0)} ${pick(['in', 'not in'])} [${literal()}, ${literal()}]`;
  if (roll < 0.92) return `'${pick(['a', 'b', '', 'é'])}' in ${column()}`;
  if (roll < 0.97) return `${column()} =~ 'a'`;
  return column();
}
function query(): string {
  const list = pick(['*', 'i, t', 'r as x, t as y', 'i + 1 as more, n', '`Mixed Case` as i, t', 't as t, n as k']);
  const order = pick([
    '',
    '',
    ' order by t',
    ' order by i desc',
    ' order by [n, t]',
    ' order by r + 1, i desc',
    ' order by len(str(t))',
  ]);
  const limit = pick(['', '', ' limit 7', ' limit 5 offset 3', ' limit 0', ' limit 1 + 2']);
  return `select ${list} from data() where ${condition(3)}${order}${limit}`;
}

describe(`toSql (seed ${String(SEED)})`, () => {
  it('answers as the evaluator does, for queries made at random over mixed data', () => {
    let whole = 0;
    for (let count = 0; count < 1_500; count += 1) {
      const text = query();
      const answers = both(text);
      if (answers.whole) whole += 1;
      expect(answers.bySql, `${text}\n${answers.sql}`).toEqual(answers.direct);
    }
    // Most of them must be answered by SQL alone, or the comparison says little.
    expect(whole).toBeGreaterThan(300);
  }, 90_000);

  it.each([
    ['select i, t from data() where i == 1', true],
    ["select * from data() where t > 'a' order by t desc limit 3", true],
    ['select i as x from data where x > 1 order by x', true],
    ["any from data() where t == 'abc'", false],
    ["any from data() where t == 'nothing'", false],
    ["select t from data() where i > 0 and t =~ 'a'", false],
    ['select t, count() as n from data() where i >= 0 group by t order by [n, t] desc', false],
    ['select i from data() where any(data(), i == 1)', false],
    ['select *, i + 1 as more from data() where i > 0', false],
    ['select i, i as again from data() order by n limit 4', true],
    ["count(select i from data() where t == 'a')", false],
    // Element by element, and null where one is no number: no list goes into SQL.
    ['select i from data() where [1, null] + 1 == [2, null]', false],
    ['select i from data() where [i, null] + 1 == [2, null]', false],
    ['select i from data() where [n, t] * 2 == [r, null]', false],
  ])('%s', (text, whole) => {
    const answers = both(text);
    expect(answers.bySql).toEqual(answers.direct);
    expect(answers.whole).toBe(whole);
  });

  it('pushes only what comes before a condition that SQL cannot decide', () => {
    const plan = toSql("select t from data() where i == 1 and lower(t) == 'a' and n == 2", schema);
    expect(plan.sql.match(/WHERE .*"i".* ORDER BY/)).not.toBeNull();
    expect(plan.sql).not.toContain('typeof("n")');
    expect(plan.rest?.text).toBe("SELECT t FROM data() WHERE lower(t) == 'a' and n == 2");
  });

  it('passes values as parameters, never as text', () => {
    const plan = toSql(withValue("x'; DROP TABLE data; --"), schema);
    expect(plan.sql).not.toContain('DROP');
    expect(plan.params).toContain("x'; DROP TABLE data; --");
  });

  it('quotes the names of tables and columns', () => {
    const odd = { table: 'a"b', columns: ['c"d'] };
    expect(toSql('select `c"d` from `a"b`()', odd)).toEqual({
      sql: 'SELECT "c""d" AS "c""d" FROM "a""b" ORDER BY "rowid"',
      params: [],
    });
  });
});

describe('toSql over texts that are no UTF-8', () => {
  // Each is a whole text of the table: what JavaScript reads of it has U+FFFD where bytes mean nothing.
  const BYTES = [
    ...[
      '',
      '61',
      '7a',
      'c3a9',
      'efbfbd',
      'f09f9880',
      'efbbbf61',
      '610062',
      'ff',
      'fe',
      '80',
      'e2',
      'e28261',
      '61ff',
      'ff61',
    ],
    ...['c0af', 'eda080', 'f4908080', 'ffff', '7aff', 'c3', '61c3c3a9', 'f09f98'],
  ];
  const malformed: TableSchema = { table: 'odd', columns: ['a', 'b', 'i'] };
  database.exec('CREATE TABLE odd (a TEXT, b TEXT, i INTEGER)');
  for (const a of BYTES) {
    for (const b of BYTES) {
      database.exec(`INSERT INTO odd VALUES (CAST(x'${a}' AS TEXT), CAST(x'${b}' AS TEXT), ${String(a.length)})`);
    }
  }
  const odd = database.prepare('SELECT * FROM odd ORDER BY rowid').all() as Row[];
  const over: Environment = { functions: {}, variables: { odd } };
  const answers = (query: string | Query): { direct: unknown; bySql: unknown; sql: string; pushed: boolean } => {
    const plan = toSql(query, malformed);
    const found = database.prepare(plan.sql).all(...plan.params) as Row[];
    return {
      direct: drain(evaluate(query, over)),
      bySql: plan.rest === undefined ? found : drain(evaluate(plan.rest, { functions: {}, variables: { odd: found } })),
      sql: plan.sql,
      pushed: plan.rest === undefined,
    };
  };

  it('has texts of one reading whose bytes differ', () => {
    expect(database.prepare('SELECT count(DISTINCT a) AS n FROM odd').get()).toEqual({ n: BYTES.length });
    expect(new Set(odd.map(({ a }) => a)).size).toBeLessThan(BYTES.length);
  });

  const texts = ['', 'a', 'z', '~', 'é', '\ufffd', 'a\ufffd', '\u{1f600}', '\ufeffa', 'a\u0000b', '\ud800', 'b'];
  const forms = [
    'a == ?',
    '? != a',
    'a in [?]',
    'a not in [?, 1]',
    '? in a',
    'a < ?',
    'a >= ?',
    '? > a',
    'not (a <= ?)',
  ];
  it.each(forms)('answers as the evaluator does: %s', (form) => {
    for (const text of texts) {
      const { direct, bySql, sql } = answers(parse(`select * from odd where ${form}`, [text]));
      expect(bySql, `${JSON.stringify(text)}\n${sql}`).toEqual(direct);
    }
  });

  it.each([
    // In SQL: what bytes and readings agree on.
    ["a == 'é'", true],
    ["'é' in a", true],
    ["a < 'z'", true],
    ['i == 2', true],
    ['i + 1 < 5', true],
    ['a == 5', true],
    ['a', true],
    // Not in SQL: what they do not.
    ['a == b', false],
    ['a < b', false],
    ["a < 'é'", false],
    ["a == '\ufffd'", false],
    ["'\ufffd' in a", false],
  ])('%s', (condition, pushed) => {
    const found = answers(`select * from odd where ${condition}`);
    expect(found.bySql).toEqual(found.direct);
    expect(found.pushed).toBe(pushed);
  });

  it('compares columns of a condition where one is never a text', () => {
    const pushed = (textless: boolean): unknown =>
      conditionToSql(parse('a == b'), (name) => ({ sql: `"${name}"`, textless: textless && name === 'b' }), 9).pushed;
    expect(pushed(false)).toBeUndefined();
    expect(pushed(true)).toMatchObject({ params: [] });
  });

  it('orders by numbers that are made, but not by what may be a text', () => {
    for (const [key, pushed] of [
      ['a', false],
      ['i', false],
      ['i * 1', true],
    ] as const) {
      const found = answers(`select * from odd order by ${key} limit 300`);
      expect(found.bySql).toEqual(found.direct);
      expect(found.pushed).toBe(pushed);
    }
  });
});

function withValue(value: string): Query {
  return parse('select * from data() where t == ?', [value]);
}
