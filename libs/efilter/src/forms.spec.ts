import { describe, expect, it } from 'vitest';
import { outcome } from '../../../test/efilter/data.js';

type Cases = readonly (readonly [query: string, answer: unknown])[];

const suites: Readonly<Record<string, Cases>> = {
  columns: [
    [
      "select tags[0], d['a'], d.b.c, lower(name), age + 1, age from users limit 1",
      [{ tags_0: 'a', d_a: 1, c: [10, 20, { z: 5 }], lower: 'bob', column_4: 11, age: 10 }],
    ],
    ['select age, age from users limit 1', [{ age: 10, column_1: 10 }]],
    ['select name as city, city as c from users limit 1', [{ city: 'Bob', c: 'Bob' }]],
    ['select age * 2 as dbl from users where dbl > 50', [{ dbl: 60 }]],
    ['select age as name from users where name == 30', [{ name: 30 }]],
    ['select -age as m from users order by m limit 1', [{ m: -30 }]],
    ['select age + 1, column_0 from [bind(column_0: 5, age: 1)]', [{ column_0: 2, column_1: 2 }]],
    ['select n, name from users limit 1', [{ n: 7, name: 'Bob' }]],
    ['select nope from users', 'eval@7'],
  ],
  order: [
    ['map(sort(mixed, k), k)', [null, -1, true, 2, 'B', 'a', 'b', [1], { z: 1 }]],
    [
      'select name from users order by age desc',
      [{ name: 'Eve' }, { name: 'Mallory' }, { name: 'Alice' }, { name: 'Bob' }],
    ],
    ['select name from users order by [age, name] limit 3', [{ name: 'Bob' }, { name: 'Alice' }, { name: 'Mallory' }]],
    ['select name from users order by age, name desc limit 2', [{ name: 'Eve' }, { name: 'Mallory' }]],
    ['select name from users order by age asc limit 1', [{ name: 'Bob' }]],
    ['select name from users limit 1 + 1', [{ name: 'Bob' }, { name: 'Alice' }]],
    ['select name from users limit 2 offset 3', [{ name: 'Mallory' }]],
    ["select name from users limit 'x'", 'eval@29'],
    ['select name from users limit -1', 'eval@29'],
    ['select name from users limit 1 offset 1.5', 'eval@38'],
  ],
  scope: [
    [
      'select Name, (select port from conns(pid: pid)) as p from pslist()',
      [
        { Name: 'systemd', p: [] },
        { Name: 'sshd', p: [{ port: 22 }] },
        { Name: 'Chrome', p: [{ port: 443 }, { port: 80 }] },
      ],
    ],
    ["count(filter(users, any(users, name == 'Eve')))", 4],
    ["let name = 'Eve' select name from users where age == 10", [{ name: 'Bob' }]],
    ['let count = 5 count(nums)', 3],
    ["let f = lower f('A')", 'a'],
    ['(let x = 1 x) + x', 'eval@16'],
    ['select x as x2 from [bind(x: 1)] where (select x2 from [bind(q: 1)])', 'eval@47'],
  ],
  arguments: [
    ['pslist', 'eval@0'],
    ["conns(2200, state: 'CLOSE_WAIT')", [{ pid: 2200, state: 'CLOSE_WAIT', port: 80 }]],
    ['conns(nope: 5)', 'eval@6'],
    ['conns(1, pid: 2)', 'eval@9'],
    ["echo('a': 1)", 'eval@5'],
    ['echo(a: 1, a: 2)', 'eval@11'],
    ['echo((select name from users))', { args: [['Bob', 'Alice', 'Eve', 'Mallory']], kwargs: {} }],
    ['echo(name: (select name, age from users limit 1))', { args: [], kwargs: { name: ['Bob'] } }],
    ['select port from conns(pid: (400, 2200), state: ["LISTEN", "CLOSE_WAIT"])', [{ port: 22 }, { port: 80 }]],
    ['nope(1)', 'eval@0'],
    ['take(2, x: nums)', [3, 1]],
    ['1 + boom()', 'eval@4'],
    ['select * from (select boom() as b from [])', []],
  ],
  builtins: [
    ['any [] where boom()', false],
    ['any(nil)', false],
    ['any pslist() where pid > 100000', false],
    ['each([], false)', true],
    ['each(users, age > 10)', false],
    ['map(nil, name)', []],
    ['filter(d, a == 1).a', 1],
    ['cast(3.9, int)', 3],
    ['cast(-3.9, int)', -3],
    ["cast('0x10', int)", 'eval@0'],
    ["cast('3.5', float)", 3.5],
    ['cast(5, str)', '5'],
    ['take(-1, nums)', 'eval@0'],
    ["take('x', nums)", 'eval@0'],
    ['drop(1, nums)', [1, 2]],
    ['count(5)', 'eval@0'],
    ['count(nil)', 'eval@0'],
    ["count('abc') + count(d)", 6],
    ['count((select name from users where false))', 0],
    ['map(reverse(pslist()), pid)', [2200, 400, 1]],
    ['first(nums)', 3],
    ['first([])', null],
    ['lower(5)', 'eval@0'],
    ["find('hello', 'l')", 2],
    ["find('hello', 'z')", -1],
    ['sum([])', 0],
    ['sum([1, nil])', 'eval@0'],
    ['mean([])', null],
    ["levenshtein('kitten', 'sitting')", 3],
    ['hex(255)', '0xff'],
    ['hex([1, nil])', ['0x1', null]],
    ["int('zz')", 'eval@0'],
    ['int(3.7)', 3],
    ['str(nil)', null],
    ['concat()', ''],
    ["concat('a', 1)", 'eval@0'],
    ["sub('O', '0', 'foo boo oo')", 'f00 b00 00'],
    ["re_filter('a', words)", ['pear', 'Apple']],
    ["re_filter('^A', d)", { a: 1 }],
    ["join(',', words)", 'pear,Apple,fig'],
    ["join(',', 'abc')", 'abc'],
    ["substr('hello', -3, -1)", 'll'],
    ['substr(5, 0, 1)', null],
    ["regex_search('Google Chrome', 'chrome')", true],
    ['regex_search(words, "^fig$")', true],
    ["any from pslist() where regex_search('chrome', Name)", true],
  ],
};

describe.each(Object.entries(suites))('%s', (_name, cases) => {
  it.each(cases)('%s', (query, answer) => {
    expect(outcome(query)).toEqual(answer);
  });
});

describe('parameters', () => {
  it.each([
    ['? + ?', [1, 2], 3],
    ['{1} - {0} + {}', [1, 5], 5],
    ['{a} in ?', { a: 1 }, 'parse@7'],
    ['n in ?', [[7]], true],
    ['?.a', [{ a: 3 }], 3],
    ['select name from users where name == ?', ["x' or true"], []],
    ['{A}', { A: 1 }, 'parse@0'],
    ['?', [], 'parse@0'],
    ['{a}', [1], 'parse@0'],
    ['?', { a: 1 }, 'parse@0'],
    ['1 + {missing}', {}, 'parse@4'],
    ['?', [null, 'unused'], null],
  ] as const)('%s with %j', (query, params, answer) => {
    expect(outcome(query, params)).toEqual(answer);
  });
});
