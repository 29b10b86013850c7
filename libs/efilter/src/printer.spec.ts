import { describe, expect, it } from 'vitest';
import type { Query } from './ast.js';
import { parse, print } from './index.js';

/** The tree without places, to compare two readings. */
function tree(query: Query): string {
  return JSON.stringify(query.root, (name, value: unknown) => (name === 'start' || name === 'end' ? undefined : value));
}

describe('print', () => {
  it.each([
    [
      'select  name As n,age from users Where age>1 order by name desc limit 2 offset 1',
      'SELECT name AS n, age FROM users WHERE age > 1 ORDER BY name DESC LIMIT 2 OFFSET 1',
    ],
    ['((a or b)) and not (c)', '(a or b) and not c'],
    ['a - (b - c)', 'a - (b - c)'],
    ['(a - b) - c', 'a - b - c'],
    ['(-a) * b', '(-a) * b'],
    ['- - a', '- -a'],
    ['any from s() where x = 1', 'any(s(), x == 1)'],
    ['select (any(a)) from s', 'SELECT (any(a)) FROM s'],
    ['let x = 1, y = (select * from s) x', 'let (x = 1, y = (SELECT * FROM s)) x'],
    [String.raw`'it\'s' + "c:\d\\"`, String.raw`'it\'s' + 'c:\\d\\'`],
    ['`select` + `my col`.x', '`select` + `my col`.x'],
    ['f(k : a, 1)', 'f(k: a, 1)'],
    ['x isa (int)', 'x isa int'],
    ['(a + 1) isa int', 'a + 1 isa int'],
    ['(a and b) isa int', '(a and b) isa int'],
    ['NULL', 'NULL'],
    ['(a + b)[c + 1]', '(a + b)[c + 1]'],
    ['(a.b)[1][2]', 'a.b[1][2]'],
    ['a[ : ]', 'a[:]'],
    ['a[1:]', 'a[1:]'],
    ['a[:2]', 'a[:2]'],
    ['a[1 : -1]', 'a[1:-1]'],
    ['[1,(2,3)]', '[1, (2, 3)]'],
    ['map( s(), x+1 )', 'map(s(), x + 1)'],
    ['filter(s(),x)', 'filter(s(), x)'],
    ['sort(s(), [a,b])', 'sort(s(), [a, b])'],
    ['each(s(),x>1)', 'each(s(), x > 1)'],
    ['foreach(s(),[x])', 'foreach(s(), [x])'],
    ['any(s())', 'any(s())'],
    ['cast( x , int )', 'cast(x, int)'],
    ["bind('a b': 1, c: 2+3)", "bind('a b': 1, 'c': 2 + 3)"],
    ['if a then b', 'if a then b'],
    ['if a then b else if c then d else e + 1', 'if a then b else if c then d else e + 1'],
    ['(if a then b else c) + 1', '(if a then b else c) + 1'],
    ['1 + if a then b else c', '1 + (if a then b else c)'],
    ['(let x = 1 x) + 1', '(let (x = 1) x) + 1'],
    ['not (a == b)', 'not (a == b)'],
    ['(not a) == b', 'not a == b'],
    ['-(a * b)', '-a * b'],
    ['a not in (1, 2)', 'a not in (1, 2)'],
    ['a == (b == c)', 'a == (b == c)'],
    ['(a == b) == c', 'a == b == c'],
    ['a and (b and c)', 'a and (b and c)'],
    ['a * (b + c) / d', 'a * (b + c) / d'],
    ['select *, x as y from s', 'SELECT *, x AS y FROM s'],
    ['select a from s group by a, b order by a, b', 'SELECT a FROM s GROUP BY a, b ORDER BY [a, b]'],
    ['select a from s order by a asc limit 1', 'SELECT a FROM s ORDER BY a LIMIT 1'],
    ['select a from (select b from s where c) where d', 'SELECT a FROM (SELECT b FROM s WHERE c) WHERE d'],
    ["f('k': 1)", "f('k': 1)"],
  ])('%s', (query, printed) => {
    expect(print(parse(query))).toBe(printed);
  });

  it('writes parameters as the values they have', () => {
    const text = print(parse('x in ? or x == {1}', [[-1, 'a', null, true, { k: 1e21 }], 1e-7]));
    expect(text).toBe("x in [-1, 'a', null, true, bind('k': 1000000000000000000000)] or x == 0.0000001");
  });

  it('reads again as the same tree, for a few thousand queries made at random', () => {
    const random = generator(20_161_001);
    for (let round = 0; round < 3_000; round += 1) {
      const query = parse(expression(random, 4));
      const printed = print(query);
      const again = parse(printed);
      expect(tree(again), printed).toBe(tree(query));
      expect(print(again)).toBe(printed);
    }
  });
});

type Random = (below: number) => number;

/** Numbers from a seed, so that a failure can be repeated. */
function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

const OPERATORS = ['or', 'and', '==', '!=', '=~', 'in', 'not in', '<', '<=', '>', '>=', '+', '-', '*', '/', 'isa'];
const LEAVES = ['a', 'b', '`or`', '`x y`', '1', '2.5', "'s'", "'\\\\d\\'\\n'", 'true', 'null', '[]', 'f()', 'str'];

/** A query with every form of the language, in needless parentheses as often as not. */
function expression(random: Random, depth: number): string {
  if (depth === 0) return LEAVES[random(LEAVES.length)] ?? 'a';
  const inner = (): string => expression(random, depth - 1);
  const wrapped = (): string => `(${inner()})`;
  switch (random(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return `${random(2) === 0 ? wrapped() : inner()} ${OPERATORS[random(OPERATORS.length)] ?? '+'} ${random(2) === 0 ? wrapped() : inner()}`;
    case 4:
      return `not ${inner()}`;
    case 5:
      return `- ${inner()}`;
    case 6:
      return `${wrapped()}.name[${inner()}]`;
    case 7:
      return `[${inner()}, ${wrapped()}]`;
    case 8:
      return `(${inner()}, ${inner()})`;
    case 9:
      return `f(${wrapped()}, k: ${wrapped()}, 'p': ${wrapped()})`;
    case 10:
      return `if ${wrapped()} then ${wrapped()} else if ${inner()} then ${wrapped()} else ${inner()}`;
    case 11:
      return `let (x = ${wrapped()}, y = ${wrapped()}) ${inner()}`;
    case 12:
      return `select ${wrapped()} as n, a.b, ${wrapped()} from ${wrapped()} where ${wrapped()} order by ${wrapped()} desc limit 1`;
    case 13:
      return `any from ${wrapped()} where ${inner()}`;
    case 14:
      return `bind('k': ${wrapped()}, l: ${wrapped()})`;
    default:
      return `filter(${wrapped()}, cast(${wrapped()}, int))`;
  }
}
