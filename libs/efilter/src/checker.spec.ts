import { describe, expect, it } from 'vitest';
import { check, formatDiagnostic, sourcesOf, type Environment } from './index.js';

const env: Environment = {
  functions: {
    pslist: {
      name: 'pslist',
      kind: 'source',
      columns: ['pid', 'name'],
      params: [{ name: 'pid', type: 'number' }],
      columnKinds: { pid: 'number', name: 'string' },
      call: () => [],
    },
    anything: { name: 'anything', kind: 'source', call: () => [] },
  },
  variables: { limit_of_day: 5 },
};

/** What is said of a query. */
const said = (query: string): string[] => check(query, env).map(({ message }) => message);

/** Each finding as `severity start-end`. */
const found = (query: string): string[] =>
  check(query, env).map(({ severity, start, end }) => `${severity} ${String(start)}-${String(end)}`);

describe('check', () => {
  it.each([
    'select name, pid from pslist() where pid > limit_of_day order by name',
    'select pid as p from pslist() where p > 1',
    'select whatever from anything()',
    'select pid from pslist() where any(anything(), other == pid)',
    'let x = 1, f = lower select f(name) as n from filter(pslist(), pid == x)',
    'map(take(2, pslist()), pid)',
    "regex_search(value: 'a', regex: 'b')",
    "lower(x: 'A')",
    'cast(1, str) isa int',
    'null',
    'select name, count() as n, sum(pid) as s from pslist() group by name order by [n, count()]',
    'select *, pid + 1 as next from pslist() where next > 1',
    'pslist()[1:2]',
    "select name from pslist() where pid == null or pid in [1, 'a'] or name == null",
    "lower(null) == 'a' or upper('x') == 'X'",
    "[1] == 'a' or 5 in 'x5'",
    'let x = 1 select x from anything() where x == "a"',
    'dict(a: 1)',
  ])('has nothing to say of %s', (query) => {
    expect(found(query)).toEqual([]);
  });

  it.each([
    ['select nmae from pslist()', ['warning 7-11']],
    ['select name from (select pid from pslist())', ['warning 7-11']],
    ['sort(take(2, pslist()), nmae)', ['warning 24-28']],
    ['nowhere + 1', ['error 0-7']],
    ['pslist', ['error 0-6']],
    ['select * from plist()', ['error 14-19']],
    ['pslist(pidd: 1)', ['error 7-11']],
    ['pslist(1, 2)', ['error 10-11']],
    ['pslist(1, pid: 2)', ['error 10-13']],
    ['take(2)', ['error 0-7']],
    ["concat('a', zzz)", ['error 12-15']],
    ["'a' =~ '(a+)+'", ['error 7-14']],
    ["sub('(', '', 'x')", ['error 4-7']],
    ['cast(1, strr)', ['error 8-12']],
    ['bind(1)', ['error 5-6']],
    ['nowhere + plist()', ['error 0-7', 'error 10-15']],
    ['select a from', ['error 13-13']],
    ["select name from pslist() where pid == '5'", ['warning 32-42']],
    ['select name from pslist() where name > 5', ['warning 32-40']],
    ["any from (select pid as p from pslist()) where p < 'x'", ['warning 47-54']],
    ["1 == 'a'", ['warning 0-8']],
    ["'a' + 1", ['warning 0-7']],
    ["lower('A') == 5", ['warning 0-15']],
    ['1 < null', ['warning 0-8']],
    ['1 in null', ['warning 0-9']],
    ["'a' =~ 5", ['error 7-8']],
    ['lower(5)', ['error 6-7']],
    ["pslist(pid: 'x')", ['error 12-15']],
    ["select pid from pslist() limit 'x'", ['error 31-34']],
    ['select pid from pslist() limit 1.5', ['error 31-34']],
    ['select sum() as s from pslist() group by pid', ['error 7-12']],
    ['select count() as s from pslist()', ['error 7-14']],
    ['dict(1)', ['error 5-6']],
    ['concat(a: 1)', ['error 7-8']],
    ['select nope from (select *, pid as p from pslist())', ['warning 7-11']],
  ])('finds what is wrong in %s', (query, findings) => {
    expect(found(query)).toEqual(findings);
  });

  it('knows all columns of the row that a bare condition is about', () => {
    const row = { st_size: 'number', filename: 'string', more: undefined } as const;
    const about = (clause: string): unknown[] =>
      check(clause, env, row).map(({ severity, start }) => [severity, start]);
    expect(about("st_size > 100 and filename =~ 'x' and more")).toEqual([]);
    expect(about('st_sise > 100')).toEqual([['error', 0]]);
    expect(about("st_size == '5'")).toEqual([['warning', 0]]);
    expect(about('any(pslist(), pid == st_size and nope)')).toEqual([['warning', 33]]);
  });

  it('shows a finding as a person reads it', () => {
    const [first, second] = check('select nmae from\n  plist()', env);
    expect(second === undefined ? '' : formatDiagnostic(second, 'select nmae from\n  plist()')).toBe('');
    expect(first === undefined ? '' : formatDiagnostic(first, 'select nmae from\n  plist()')).toBe(
      'Error at 2:3: There is no function or source named plist.\n2 |   plist()\n      ^^^^^',
    );
    const query = "select pid from pslist() where pid == 'x'";
    expect(check(query, env).map((found) => formatDiagnostic(found, query))).toEqual([
      `Warning at 1:32: A number and a string are never equal.\n1 | ${query}\n${' '.repeat(35)}^^^^^^^^^^`,
    ]);
  });

  it('looks at very many columns about as fast as it reads them', () => {
    const names = Array.from({ length: 8_000 }, (_unused, index) => `x${index}`);
    const started = performance.now();
    const answer = check(`select ${names.map((name) => `pid as ${name}`).join(', ')}, x7 + 1 from pslist()`, env);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(answer).toEqual([]);
  });

  it('does not call a source', () => {
    const call = (): never => {
      throw new Error('must not run');
    };
    expect(check('select * from s()', { functions: { s: { name: 's', kind: 'source', call } } })).toEqual([]);
  });
});

it('sourcesOf names what is called, once, without the library', () => {
  expect(sourcesOf('select lower(name) from pslist() where any(conns(pid: pid)) and pslist()')).toEqual([
    'pslist',
    'conns',
  ]);
});

describe('kinds of values', () => {
  const boolean = 'A boolean and a string are never equal.';
  const number = 'A number and a string are never equal.';
  const string = 'A string and a number are never equal.';
  const object = 'An object and a string are never equal.';
  it.each([
    ["(not 1) == 'a'", boolean],
    ["any(anything()) == 'a'", boolean],
    ["each(anything(), x) == 'a'", boolean],
    ["(1 isa int) == 'a'", boolean],
    ["(1 and 2) == 'a'", boolean],
    ["('a' =~ 'a') == 'a'", boolean],
    ["(1 in [1]) == 'a'", boolean],
    ["(1 not in [1]) == 'a'", boolean],
    ["1 == 1 == 'a'", boolean],
    ["1 != 1 != 'a'", boolean],
    ["starts_with('a', 'b') == 'a'", boolean],
    ["1 + 1 == 'a'", number],
    ["2 - 1 != 'a'", number],
    ["2 * 1 == 'a'", number],
    ["2 / 1 == 'a'", number],
    ["1 + 2 * 3 == 'a'", number],
    ["cast('1', int) == 'a'", number],
    ["cast('1', float) == 'a'", number],
    ["count([1]) == 'a'", number],
    ["let x = 1 x == 'a'", number],
    ['cast(1, str) == 1', string],
    ['cast(1, bytes) == 1', string],
    ["lower('A') == 1", string],
    ["bind('k': 1) == 'a'", object],
    ["dict(k: 1) == 'a'", object],
    ["'a' < 1", 'A string and a number have no order: this is never true.'],
    ["true >= 'a'", 'A boolean and a string have no order: this is never true.'],
    ['null < 1', 'Null has no order: this is never true.'],
    ['1 <= null', 'Null has no order: this is never true.'],
    ['dict(k: 1) > 1', 'Objects have no order: this is never true.'],
    ['1 >= dict(k: 1)', 'Objects have no order: this is never true.'],
    ["'a' + 1", 'Arithmetic with a string is always null: join texts with concat().'],
    ["1 - 'a'", 'Arithmetic with a string is always null: join texts with concat().'],
    ['null * 1', 'Arithmetic with null is always null.'],
    ['1 / dict(k: 1)', 'Arithmetic with an object is always null.'],
    ['1 in null', 'Nothing is in null: this is never true.'],
    ['1 not in null', 'Nothing is in null: this is never true.'],
    ["[1] in 'text'", 'A list is never in a text.'],
    ["true in 'text'", 'A boolean is never in a text.'],
    ["dict(k: 1) not in 'text'", 'An object is never in a text.'],
  ])('%s', (query, message) => {
    expect(said(query)).toEqual([message]);
  });

  it.each([
    "(1 or 2) == 'a'",
    "(1 < 2) == 'a'",
    "(1 + limit_of_day) == 'a'",
    "[1] == 'a'",
    "[1] < 'a'",
    '[1] + 1',
    'true == 1',
    'true < 2',
    'true + 1',
    'null == 1',
    "1 in 'text'",
    "'t' in 'text'",
    "1 in ['a']",
    "lower(null) == null or cast(1, str) == 'a'",
    "(if 1 then 2) == 'a'",
    "limit_of_day == 'a'",
    "dict(k: 1).k == 'a'",
    "dict(k: 1)['k'] == 'a'",
    '-1 < 2',
  ])('are not known, or fit: %s', (query) => {
    expect(said(query)).toEqual([]);
  });
});

describe('columns of rows that are passed on', () => {
  const unknown = ['No source here declares a column named nmae.'];
  it.each([
    'filter(pslist(), pid > 1)',
    'sort(pslist(), pid)',
    'take(1, pslist())',
    'drop(1, pslist())',
    'reverse(pslist())',
    'materialize(pslist())',
    '(select * from pslist())',
    '(select *, pid as p from pslist())',
    '(select pid as p from anything())',
  ])('are known: %s', (rows) => {
    expect(said(`select nmae from ${rows}`)).toEqual(unknown);
    expect(said(`let t = ${rows} select nmae from t`)).toEqual(unknown);
  });

  it.each([
    'anything()',
    '(select *, 1 as p from anything())',
    'map(pslist(), dict(nmae: 1))',
    '(select *, pid as nmae from pslist())',
    'take(x: pslist(), count: 1)',
  ])('are not, or have it: %s', (rows) => {
    expect(said(`select nmae from ${rows}`)).toEqual([]);
  });

  it('hold what the source says, or what they were made of', () => {
    expect(said('select 1 from pslist() where name == 1')).toEqual(['A string and a number are never equal.']);
    expect(said('select 1 from (select *, pid as p from pslist()) where p == name')).toEqual([
      'A number and a string are never equal.',
    ]);
    expect(said("let name = 1 select 1 from pslist() where name == 'a'")).toEqual([]);
    expect(said("let other = 1 select 1 from pslist() where other == 'a'")).toEqual([
      'A number and a string are never equal.',
    ]);
    expect(said("let t = pslist() select 1 from anything() where (select name from t) == 'a'")).toEqual([]);
  });
});
