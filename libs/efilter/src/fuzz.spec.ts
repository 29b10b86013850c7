import { describe, expect, it } from 'vitest';
import { users, world } from '../../../test/efilter/data.js';
import { Random } from '../../../test/efilter/random.js';
import {
  check,
  drain,
  EfilterError,
  evaluate,
  explain,
  filterRows,
  parse,
  print,
  readRows,
  toSql,
  type Query,
} from './index.js';

const SEED = 4_102_026;
const QUERIES = 10_000;
/** No text of the sizes made here may take longer, in milliseconds. */
const LONGEST = 5_000;

const WORDS = (
  'select from where order by group asc desc limit offset as let if then else any not and or in isa map filter sort ' +
  'each bind cast foreach true false null int str users pslist conns nums d name age tags n x nope count sum first take ' +
  'lower regex_search chain dict format split echo boom'
).split(' ');
const SYMBOLS =
  "( ( ) ) [ ] , , . . : = == != =~ < <= > >= + - * / ? {} {0} {a} ' \" ` ''' -- // /* */ ; # % \\ \n".split(' ');
const LITERALS = [
  '0',
  '1',
  '7',
  '0.5',
  '010',
  '0x1F',
  '08',
  "'a'",
  '"b"',
  "'(a+)+'",
  "'\\d'",
  '`k v`',
  '1e9',
  '99999999999999999999',
  'é',
  '\u{1f600}',
  '\u0000',
  '\ud800',
];

/** The same tree, but for the places in the text. */
function shape(query: Query): unknown {
  return JSON.parse(
    JSON.stringify(query.root, (key, value: unknown) => (/^(?:start|end|nameSpan)$/.test(key) ? undefined : value)),
  );
}

/** Whether the text is a query; anything but a proper parse error fails the test. */
function parsed(text: string): Query | undefined {
  try {
    return parse(text, [1, 'two', [3]]);
  } catch (error) {
    if (!(error instanceof EfilterError))
      throw new Error(`${JSON.stringify(text.slice(0, 300))} throws ${String(error)}`, { cause: error });
    expect(error.kind).toBe('parse');
    expect(error.start).toBeGreaterThanOrEqual(0);
    expect(error.end).toBeGreaterThanOrEqual(error.start);
    expect(error.end).toBeLessThanOrEqual(text.length);
    return undefined;
  }
}

const LIMITS = { steps: 20_000, rows: 2_000, milliseconds: 1_000, textLength: 10_000 };

/** Every use of a query that the library has answers, or throws its own error. */
function use(query: Query): void {
  const uses = [
    () => drain(evaluate(query, world, { limits: LIMITS }), LIMITS),
    () => readRows(query, world, { limits: LIMITS }),
    () => [...filterRows(query, users, world, { limits: LIMITS })],
    () => check(query, world),
    () => explain(query, world),
    () => toSql(query, { table: 'users', columns: ['name', 'age'] }),
  ];
  for (const run of uses) {
    try {
      run();
    } catch (error) {
      if (!(error instanceof EfilterError))
        throw new Error(`${JSON.stringify(query.text.slice(0, 300))} throws ${String(error)}`, { cause: error });
    }
  }
}

const seeds = [
  "select name as x, age + 1, tags[0] from users where age > 10 and name =~ '^a' order by [age, x] desc limit 2 offset 1",
  'let t = (select name from users), f = lower if any(t) then f(first(t).name) else map(t, name)',
  "select *, age * 2 as y from (select * from users group by city) where not (y in [20, 40]) or 'a' in tags",
  'foreach(pslist(), chain((select port from conns(pid: pid)), [1, 2][0:1], bind(a: {0}, b: a)))',
  "any from users where each(tags, true) or cast('5', int) isa int and d['k v'] == 9",
  'select city, count() as n, collect(name) as l from users where age >= {} group by city, age order by n',
];

describe(`fuzzing (seed ${String(SEED)}, ${String(QUERIES)} texts)`, () => {
  it('ends every text with a tree or an error of its own, and prints what reads the same', () => {
    const random = new Random(SEED);
    let good = 0;
    let slowest = 0;
    for (let count = 0; count < QUERIES; count += 1) {
      const text = random.next() < 0.4 ? soup(random) : mutated(random);
      const started = performance.now();
      const query = parsed(text);
      if (query !== undefined) {
        good += 1;
        expect(shape(parse(print(query))), text).toEqual(shape(query));
        use(query);
      }
      slowest = Math.max(slowest, performance.now() - started);
    }
    expect(good).toBeGreaterThan(QUERIES / 20);
    expect(slowest).toBeLessThan(LONGEST);
  }, 120_000);

  it('does not hang on texts that nest or go on without end', () => {
    for (const part of [
      '(',
      '[',
      'not ',
      '-',
      '- ',
      'f(',
      'let x = ',
      'select * from ',
      'if a then ',
      'a.',
      'a[',
      '1 + ',
      'a or ',
      'a == ',
      'a < ',
      'a in ',
      'a - ',
      '"',
      "'''",
      '/*',
      '`',
      '{',
      'any ',
      'bind(a: ',
      'a: ',
      '1,',
    ]) {
      const started = performance.now();
      for (const count of [10, 499, 501, 30_000]) {
        for (const tail of ['', '1', ')]']) {
          const query = parsed(part.repeat(count) + tail);
          if (query !== undefined) use(query);
        }
      }
      expect(performance.now() - started, part).toBeLessThan(10_000);
    }
  }, 120_000);
});

function soup(random: Random): string {
  const parts: string[] = [];
  const length = 1 + random.below(12);
  for (let count = 0; count < length; count += 1) {
    parts.push(random.pick(random.pick([WORDS, WORDS, SYMBOLS, LITERALS])));
  }
  return parts.join(random.next() < 0.8 ? ' ' : '');
}

function mutated(random: Random): string {
  let text = random.pick(seeds);
  const changes = 1 + random.below(3);
  for (let count = 0; count < changes; count += 1) {
    const at = random.below(text.length + 1);
    const width = random.below(6);
    const roll = random.next();
    if (roll < 0.3) text = text.slice(0, at) + text.slice(at + width);
    else if (roll < 0.7)
      text = `${text.slice(0, at)} ${random.pick(random.pick([WORDS, SYMBOLS, LITERALS]))} ${text.slice(at)}`;
    else text = text.slice(0, at) + text.slice(random.below(text.length), at + width) + text.slice(at);
  }
  return text;
}

describe(`relations that hold for any query (seed ${String(SEED)})`, () => {
  const random = new Random(SEED);
  const scalar = (): string =>
    random.pick(['age', 'age * 2', 'name', 'city', 'n', '20', "'b'", 'null', 'tags', 'tags[0]', 'len(name)']);
  const condition = (depth: number): string => {
    const roll = random.next();
    if (depth > 0 && roll < 0.4)
      return `(${condition(depth - 1)} ${random.pick(['and', 'or'])} ${condition(depth - 1)})`;
    if (depth > 0 && roll < 0.5) return `(not ${condition(depth - 1)})`;
    if (roll < 0.9) return `(${scalar()} ${random.pick(['==', '!=', '<', '<=', '>', '>='])} ${scalar()})`;
    return random.pick(["('b' in tags)", "(name =~ '^[a-e]')", '(age in [10, 30])', 'tags']);
  };
  const answer = (query: string): unknown => drain(evaluate(query, world));
  const conditions = Array.from({ length: 400 }, () => condition(3));

  it('a filter has as many rows as it is true for', () => {
    for (const clause of conditions) {
      const kept = answer(`select * from users where ${clause}`);
      expect(answer(`count(filter(users, ${clause}))`), clause).toBe((kept as unknown[]).length);
      expect([...filterRows(clause, users, world)], clause).toEqual(kept);
      expect(readRows(`select * from users where ${clause}`, world), clause).toEqual(kept);
    }
  });

  it('what is not untrue is true, and each row is either', () => {
    for (const clause of conditions) {
      const truth = `if ${clause} then true else false`;
      expect(answer(`map(users, not not ${clause})`), clause).toEqual(answer(`map(users, ${truth})`));
      expect(answer(`any users where ${clause}`), clause).toBe(answer(`not each(users, not ${clause})`));
    }
  });

  it('limit and offset are slices', () => {
    for (const clause of conditions.slice(0, 100)) {
      const all = answer(`select name from users where ${clause} order by age`) as unknown[];
      for (const [limit, offset] of [
        [0, 0],
        [1, 0],
        [2, 1],
        [10, 2],
      ] as const) {
        const part = answer(
          `select name from users where ${clause} order by age limit ${String(limit)} offset ${String(offset)}`,
        );
        expect(part, clause).toEqual(all.slice(offset, offset + limit));
        expect(
          answer(`(select name from users where ${clause} order by age)[${String(offset)}:${String(offset + limit)}]`),
        ).toEqual(part);
      }
    }
  });

  it('sorting is stable, and DESC its reverse', () => {
    const rows = Array.from({ length: 200 }, (_, place) => ({
      place,
      key: random.pick([null, 1, 2, 'a', 'b', true, [1], { a: 1 }]),
    }));
    const on = { functions: {}, variables: { rows } };
    const ascending = readRows('select place, key from rows order by key', on);
    for (const [index, row] of ascending.entries()) {
      const before = ascending[index - 1];
      if (before === undefined || JSON.stringify(before['key']) !== JSON.stringify(row['key'])) continue;
      expect(Number(before['place'])).toBeLessThan(Number(row['place']));
    }
    expect(readRows('select place, key from rows order by key desc', on)).toEqual(ascending.toReversed());
  });

  it('groups part the rows', () => {
    for (const clause of conditions.slice(0, 100)) {
      const groups = readRows(`select count() as rows from users where ${clause} group by city`, world);
      const total = groups.reduce((sum, { rows }) => sum + Number(rows), 0);
      expect(total, clause).toBe(answer(`count(filter(users, ${clause}))`));
    }
  });
});
