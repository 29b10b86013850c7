import { describe, expect, it } from 'vitest';
import { outcome } from '../../../test/efilter/data.js';

type Cases = readonly (readonly [query: string, answer: unknown])[];

const suites: Readonly<Record<string, Cases>> = {
  equality: [
    ["1 != 2 and 'a' != 'b' and not (1 != 1) and not ('a' != 'a')", true],
    ["[1 != '1', nil != 0, nil != nil, [1] != [1], [1] != [2], true != 1]", [true, true, false, false, true, false]],
    ["['a' == true, true == 'a', 1 == '1', '1' == 1]", [false, false, false, false]],
    ['[nil == 0, 0 == nil, nil == false, "" == nil, nil == [], [] == nil]', [false, false, false, false, false, false]],
    ['[d == nil, nil == d, d == 1, 1 == d, d == [1], [1] == d]', [false, false, false, false, false, false]],
    ['[[] == [], [] == 0, 0 == [], [] == false]', [true, false, false, false]],
    ['[[1] == [], [] == [1], [1, 2] == [1], [1] == [1, 2]]', [false, false, false, false]],
    ['[[5] == 5, 5 == [5], [5, 5] == 5, 5 == [5, 6]]', [true, true, false, false]],
    ['[[1, 2] == [1, 3], [1, 2] == [3, 2], [1, 2] == [1, 2]]', [false, false, true]],
    ['bind(a: 1, b: 2) == bind(a: 1, b: 3)', false],
    ['bind(a: 1, b: 2) == bind(a: 2, b: 2)', false],
    ['[bind(a: 1) == bind(a: 1, b: 2), bind(a: 1, b: 2) == bind(a: 1)]', [false, false]],
    ['[bind(a: 1) == bind(b: 1), dict() == dict(), dict() == bind(a: 1)]', [false, true, false]],
    ['[[bind(x: nil)] == nil, nil == [bind(x: nil)]]', [true, true]],
    ['[[bind(x: 1)] == nil, [bind(x: nil, y: nil)] == nil, [nil] == nil]', [false, false, false]],
    ['[[bind(x: nil), bind(x: nil)] == nil, [] == nil, [[nil]] == nil]', [false, false, false]],
    ['(select nil as x from users limit 1) == nil', true],
    ['(select nil as x from users) == nil', false],
    ['(select age from users) == [10, 20, 30, 20]', true],
    ['[10, 20, 30, 20] == (select age from users)', true],
    ['[10, 20, 30] == (select age from users)', false],
    ['(select age from users) == [10, 20, 30, 20, 5]', false],
    ['(select age from users where age > 90) == []', true],
    ['(select age from users) == (select age from users)', true],
    ['(select age from users) == (select age from users limit 3)', false],
    ["(select tags from users where name == 'Alice') == ['b']", true],
    ["['b'] == (select tags from users where name == 'Alice')", true],
    ["(select tags from users where name == 'Alice') == 'b'", false],
    ['[bind(a: 5)] == [5] and [5] == [bind(a: 5)]', true],
    ['[bind(a: 5)] == [bind(a: 5)] and not ([bind(a: 5)] == [bind(b: 5)])', true],
  ],
  order: [
    ["['a' < 'aa', 'aa' < 'a', 'b' < 'aa', 'a' < 'b', 'a' < 'a', 'a' <= 'a']", [true, false, false, true, false, true]],
    // By code point: U+FFFF before U+1F600, whose first unit is the smaller one; U+D7FF before both.
    ["['\u{ffff}' < '\u{1f600}', '\u{1f600}' < '\u{ffff}']", [true, false]],
    ["['\u{e000}' < '\u{10000}', '\u{10000}' < '\u{e000}', '\u{d7ff}' < '\u{e000}']", [true, false, true]],
    ["['\u{d7ff}' < '\u{10000}', '\u{e000}' < '\u{d7ff}', '\u{e000}' < '\u{e001}']", [true, false, true]],
    ["['\u{1f600}' < '\u{1f601}', '\u{1f601}' < '\u{1f600}', 'a' < '\u{d7ff}']", [true, false, true]],
    ["['a' < 1, 1 < 'a', 'a' > 1, 1 >= 'a', nil < 'a', nil >= nil]", [false, false, false, false, false, false]],
    ['[1 < nil, nil <= 1, 2 >= 2, 2 <= 2, 2 > 2, true < 2]', [false, false, true, true, false, true]],
    ['[true <= 1, true >= 1, false < 0, true > 1, 0 <= false, false > 0]', [true, true, false, false, true, false]],
    ['[d < 1, 1 < d, d <= d, d < nil]', [false, false, false, false]],
  ],
  'keys of ORDER BY': [
    [
      'map(sort([bind(k: [2]), bind(k: [1, 2]), bind(k: [1]), bind(k: []), bind(k: [1, 1])], k), k)',
      [[], [1], [1, 1], [1, 2], [2]],
    ],
    [
      "map(sort([bind(k: ['b', 1]), bind(k: ['a', 2]), bind(k: ['a', nil])], k), k)",
      [
        ['a', null],
        ['a', 2],
        ['b', 1],
      ],
    ],
    [
      'map(sort([bind(k: bind(b: 1)), bind(k: bind(a: 2)), bind(k: bind(a: 1)), bind(k: bind(a: 1, b: 0))], k), k)',
      [{ a: 1 }, { a: 1, b: 0 }, { a: 2 }, { b: 1 }],
    ],
    [
      'map(sort([bind(k: bind(b: 1, a: 2)), bind(k: bind(a: 1, b: 9))], k), k)',
      [
        { a: 1, b: 9 },
        { b: 1, a: 2 },
      ],
    ],
    [
      'map(sort([bind(k: bind(a: 2, b: 0)), bind(k: bind(b: 1, a: 1))], k), k)',
      [
        { b: 1, a: 1 },
        { a: 2, b: 0 },
      ],
    ],
    [
      'map(sort([bind(k: dict()), bind(k: [0]), bind(k: "z"), bind(k: 9), bind(k: nil)], k), k)',
      [null, 9, 'z', [0], {}],
    ],
    ["map(sort([bind(k: '\u{1f600}'), bind(k: '\u{ffff}')], k), k)", ['\u{ffff}', '\u{1f600}']],
  ],
  elementwise: [
    [
      '[[1] + [1, 2, 3], [1, 2, 3] + [1]]',
      [
        [2, 2, 3],
        [2, 2, 3],
      ],
    ],
    [
      '[[1] < [1, 2], [1, 2] < [5]]',
      [
        [false, true],
        [true, false],
      ],
    ],
    ['[[] + 1, 1 + [], [] * [2]]', [1, 1, 0]],
    [
      '[[1, nil, 3] + 1, [nil] + [1, 2]]',
      [
        [2, null, 4],
        [null, 2],
      ],
    ],
    [
      '[[1, 2] + [1, nil], 1 + [nil, 2]]',
      [
        [2, null],
        [null, 3],
      ],
    ],
    ['[nil + [1], [1] + nil, nil + nil, d + 1, 1 + d]', [null, null, null, null, null]],
    ['[1 + [1, 2]] == [[2, 3]]', true],
  ],
  membership: [
    ["[5 in 'x5', 6 in 'x5', nil in 'nil', true in 'true', [] in 'a']", [true, false, false, false, false]],
    ["['' in 'a', 'a' in '', 'b' in 'abc', 'B' in 'abc']", [true, false, true, false]],
    ['[20 in users, users[1] in users, bind(a: 1) in [bind(a: 1)]]', [false, true, true]],
    ['20 in (select age, name from users)', 'eval@7'],
    ['users[1] in (select * from users)', true],
    ['30 in (select age from users) and not (99 in (select age from users))', true],
    ["'a' not in ['b'] and 1 not in nil and not (1 not in [1])", true],
  ],
};

describe.each(Object.entries(suites))('%s', (_name, cases) => {
  it.each(cases)('%s', (query, answer) => {
    expect(outcome(query)).toEqual(answer);
  });
});
