import { describe, expect, it } from 'vitest';
import { outcome } from '../../../test/efilter/data.js';

type Cases = readonly (readonly [query: string, answer: unknown])[];

const suites: Readonly<Record<string, Cases>> = {
  'text of queries': [
    ['1 -- one\n + 1 // two\n /* three */ + 1', 3],
    ['1 /* open', 'parse@2'],
    ['d.`k v`', 9],
    ['select age as `how old` from users limit 1', [{ 'how old': 10 }]],
    ['``', 'parse@0'],
    [String.raw`'''C:\new\'table'''`, String.raw`C:\new\'table`],
    ['"""say "hi" """', 'say "hi" '],
    ["'''open", 'parse@2'],
    ['NULL == nil', true],
    ['let null = 5 null', 5],
  ],
  'SELECT *': [
    [
      "select *, age * 2 as dbl from users where name == 'Bob'",
      [{ name: 'Bob', age: 10, city: 'Zurich', tags: ['a', 'b'], dbl: 20 }],
    ],
    ['select *, 1 as a from [bind(a: 5, b: 6)]', [{ a: 1, b: 6 }]],
    ['select *, age as x, x + 1 as y from [bind(age: 1)] where y == 2', [{ age: 1, x: 1, y: 2 }]],
    ['select *, name from users', 'parse@8'],
    ['select *, age as x, name from users', 'parse@8'],
  ],
  'GROUP BY': [
    [
      'select city, count() as n from users group by city',
      [
        { city: 'Zurich', n: 2 },
        { city: 'Oslo', n: 1 },
        { city: 'Brno', n: 1 },
      ],
    ],
    [
      'select city, sum(age) as s, min(age) as lo, max(age) as hi, mean(age) as m from users group by city limit 1',
      [{ city: 'Zurich', s: 40, lo: 10, hi: 30, m: 20 }],
    ],
    [
      'select age, collect(name) as names, first(name) as one from users group by age order by age desc limit 2',
      [
        { age: 30, names: ['Eve'], one: 'Eve' },
        { age: 20, names: ['Alice', 'Mallory'], one: 'Alice' },
      ],
    ],
    [
      'select count(v) as some, count() as rows, collect(v) as c, enumerate(v) as e, sum(v) as s, min(v) as m ' +
        'from [bind(v: 1), bind(v: nil), bind(v: 3)] group by 1',
      [{ some: 2, rows: 3, c: [1, 3], e: [1, null, 3], s: 4, m: 1 }],
    ],
    ['select mean(v) as m, min(v) as lo from [bind(v: nil)] group by v', [{ m: null, lo: null }]],
    [
      'select city, age, count() as n from users group by city, age',
      [
        { city: 'Zurich', age: 10, n: 1 },
        { city: 'Oslo', age: 20, n: 1 },
        { city: 'Zurich', age: 30, n: 1 },
        { city: 'Brno', age: 20, n: 1 },
      ],
    ],
    [
      'select city as town, sum(age) / count() as average from users where age > 10 group by town order by average desc limit 1',
      [{ town: 'Zurich', average: 30 }],
    ],
    ['select count() as n from users group by nil', [{ n: 4 }]],
    ['select count() as n from [] group by 1', []],
    ['select count() as n from [bind(k: 1), bind(k: true), bind(k: "1")] group by k', [{ n: 2 }, { n: 1 }]],
    ['select *, count() as n from [bind(a: 1, b: 2), bind(a: 1, b: 3)] group by a', [{ a: 1, b: 2, n: 2 }]],
    ['select name from (select city, count() as name from users group by city) where name > 1', [{ name: 2 }]],
    ['select city from users group by city order by count() desc limit 1', [{ city: 'Zurich' }]],
    ['select sum(name) as s from users group by 1', 'eval@7'],
    ['select sum() as s from users group by 1', 'eval@7'],
    ['select sum(age, age) as s from users group by 1', 'eval@7'],
    ['select x from users group', 'parse@20'],
    ['group', 'eval@0'],
  ],
  'rows of rows': [
    [
      'foreach(pslist(), (select Name, port from conns(pid: pid)))',
      [
        { Name: 'sshd', port: 22 },
        { Name: 'Chrome', port: 443 },
        { Name: 'Chrome', port: 80 },
      ],
    ],
    ['foreach(users, tags)', ['a', 'b', 'b', 'c', 'a', 'b']],
    ['foreach(nil, 1)', []],
    ['first(foreach(users, if age == 10 then 1 else boom()))', 1],
    ['foreach(users)', 'parse@13'],
    ['let foreach = 5 foreach', 5],
    ['chain([1], nil, 2, (3, 4))', [1, 2, 3, 4]],
    ['count(chain(users, pslist()))', 7],
    ['first(chain([1], boom()))', 'eval@17'],
  ],
  slices: [
    ['nums[1:3]', [1, 2]],
    ['nums[:1]', [3]],
    ['nums[-2:]', [1, 2]],
    ['nums[:]', [3, 1, 2]],
    ['nums[n - 6:n]', [1, 2]],
    ['nums[5:9]', []],
    ["'hello'[1:3]", 'el'],
    ["'h\u{1f600}llo'[1:2]", '\u{1f600}'],
    ['nil[1:2]', null],
    ['map(pslist()[1:], pid)', [400, 2200]],
    ["nums['a':]", 'eval@5'],
    ['n[1:2]', 'eval@0'],
    ['nums[1:2', 'parse@8'],
  ],
  functions: [
    ["upper('aé')", 'AÉ'],
    ['upper(nil)', null],
    ['upper(5)', 'eval@0'],
    ["trim('  x ')", 'x'],
    ["len('h\u{1f600}') + len(nums) + len(d)", 8],
    ['len(nil)', null],
    ['len(5)', 'eval@0'],
    ["split('a,b,,c', ',')", ['a', 'b', '', 'c']],
    ["split('abc', '')", 'eval@0'],
    ["replace('a.b.c', '.', '$&')", 'a$&b$&c'],
    ["starts_with('hello', 'he') and ends_with('hello', 'lo')", true],
    ['starts_with(nil, "a")', false],
    [
      "format('%s has %d of %05.1f%% (%x, %-3s|%3d)', 'Bob', 3.9, 12.345, 255, 'a', 7)",
      'Bob has 3 of 012.3% (ff, a  |  7)',
    ],
    ["format('%d', 'x')", 'eval@0'],
    ["format('%d')", 'eval@0'],
    ["format('x', 1)", 'eval@0'],
    ["format('%q', 1)", 'eval@0'],
    ['now()', 1_700_000_000],
    ["timestamp('2023-11-14T22:13:20Z')", 1_700_000_000],
    ["timestamp('2023-11-14 22:13:20')", 1_700_000_000],
    ["timestamp('1970-01-02')", 86_400],
    ['timestamp(5)', 5],
    ["timestamp('yesterday')", 'eval@0'],
    ["timestamp('2023-13-45')", 'eval@0'],
    ["base64('hé')", 'aMOp'],
    ["from_base64('aMOp')", 'hé'],
    ["from_base64('aMO')", 'eval@0'],
    ["from_hex('68c3a9')", 'hé'],
    ["from_hex('0x6869')", 'hi'],
    ["from_hex('6')", 'eval@0'],
    ["from_hex('ff')", 'eval@0'],
    [`parse_json('{"a": [1, null, "x"]}').a`, [1, null, 'x']],
    [`parse_json('{"__proto__": 1}').\`__proto__\``, 1],
    ["parse_json('{')", 'eval@0'],
    ['parse_json(nil)', null],
    ['dict(a: 1, b: n)', { a: 1, b: 7 }],
    ['dict()', {}],
    ['dict(1)', 'eval@5'],
    ['dict(a: 1, a: 2)', 'eval@11'],
    ['min(nums) + max(nums)', 4],
    ['min([nil])', null],
    ["max(['a', 'B'])", 'a'],
    ['max((select age from users))', 30],
    ['collect((1, 2))', [1, 2]],
    ['enumerate([nil])', [null]],
  ],
};

describe.each(Object.entries(suites))('%s', (_name, cases) => {
  it.each(cases)('%s', (query, answer) => {
    expect(outcome(query)).toEqual(answer);
  });
});
