import { describe, expect, it } from 'vitest';
import { failure } from '../../../test/efilter/failure.js';
import { formatError, MAX_NESTING, parse, print } from './index.js';
import type { QueryParams } from './parameters.js';

/** The tree as an S-expression, to show how operators group. */
function shape(query: string, params?: QueryParams): unknown {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([name]) => !['start', 'end', 'nameSpan'].includes(name));
    const node = Object.fromEntries(entries.map(([name, part]) => [name, strip(part)]));
    if (node['kind'] === 'variable') return node['name'];
    if (node['kind'] === 'literal') return node['value'];
    if (node['kind'] === 'binary') return [node['operator'], node['left'], node['right']];
    if (node['kind'] === 'unary') return [node['operator'], node['operand']];
    return node;
  };
  return strip(parse(query, params).root);
}

describe('precedence', () => {
  it.each([
    ['a or b and c', ['or', 'a', ['and', 'b', 'c']]],
    ['not a == b', ['==', ['not', 'a'], 'b']],
    ['not a in b', ['in', ['not', 'a'], 'b']],
    ['not a * b', ['not', ['*', 'a', 'b']]],
    ['-a * b', ['-', ['*', 'a', 'b']]],
    ['-a + b', ['+', ['-', 'a'], 'b']],
    ['1 < 2 < 3', ['<', ['<', 1, 2], 3]],
    ['a - b - c', ['-', ['-', 'a', 'b'], 'c']],
    ['a + b * c', ['+', 'a', ['*', 'b', 'c']]],
    ['a == b + 1 and c', ['and', ['==', 'a', ['+', 'b', 1]], 'c']],
    ['a not in b', ['not in', 'a', 'b']],
    ['a = b', ['==', 'a', 'b']],
    ['a == not b == c', ['==', ['==', 'a', ['not', 'b']], 'c']],
  ])('%s', (query, tree) => {
    expect(shape(query)).toEqual(tree);
  });

  it('gives a branch of if all that follows', () => {
    expect(shape('if c then 1 else 2 + 3')).toMatchObject({ otherwise: ['+', 2, 3] });
  });

  it('gives an argument after its name the whole expression', () => {
    expect(shape('f(k: 1 + 2)')).toMatchObject({ arguments: [{ keyword: { name: 'k' }, value: ['+', 1, 2] }] });
    expect(shape("bind('k': 1 + 2, l: a)")).toMatchObject({
      entries: [
        { key: 'k', value: ['+', 1, 2] },
        { key: 'l', value: 'a' },
      ],
    });
  });

  it('ends a let value before a parenthesis or a list of several', () => {
    expect(shape('let x = 1 (x)')).toMatchObject({ bindings: [{ name: 'x', value: 1 }], body: 'x' });
    expect(shape('let t = (q) [t, t]')).toMatchObject({
      bindings: [{ name: 't', value: 'q' }],
      body: { kind: 'list' },
    });
    expect(shape('let t = q[0] t')).toMatchObject({ bindings: [{ value: { kind: 'subscript' } }], body: 't' });
  });
});

describe('SELECT', () => {
  it('names columns after what they show', () => {
    const query = "select a, b.c, t[0], d['k'], f(x), 1 + 1, a, x as y, `my col` from s";
    const { root } = parse(query);
    if (root.kind !== 'select') throw new Error('no select');
    expect(root.columns?.map((column) => column.name)).toEqual([
      'a',
      'c',
      't_0',
      'd_k',
      'f',
      'column_5',
      'column_6',
      'y',
      'my col',
    ]);
  });

  it('takes a list of keys after ORDER BY where a comma can mean nothing else', () => {
    expect(shape('select * from s order by a, b desc')).toMatchObject({
      orderBy: { key: { kind: 'list', items: ['a', 'b'] }, descending: true },
    });
    expect(shape('f(select * from s order by a, 2)')).toMatchObject({
      arguments: [{ value: { orderBy: { key: 'a' } } }, { value: 2 }],
    });
  });

  it('reads words that are keywords elsewhere as names', () => {
    expect(shape('x.select')).toMatchObject({ kind: 'member', name: 'select' });
    expect(shape('limit')).toBe('limit');
    expect(shape('f(from: 1)')).toMatchObject({ arguments: [{ keyword: { name: 'from' } }] });
    expect(shape('`select`')).toBe('select');
  });
});

describe('parameters', () => {
  it('fills in values, never text', () => {
    expect(shape('? + {} + {0}', [1, "x' or true"])).toEqual(['+', ['+', 1, "x' or true"], 1]);
    expect(shape('{who}', { who: { a: [1, null] } })).toEqual({ a: [1, null] });
  });

  it('does not share the value with the caller', () => {
    const list = [1];
    const { root } = parse('?', [list]);
    list.push(2);
    expect(root).toMatchObject({ kind: 'literal', value: [1] });
    expect(Object.isFrozen(list)).toBe(false);
  });

  it.each([
    ['?', undefined, 0],
    ['1 + ?', [], 4],
    ['{who}', [1], 0],
    ['{0}', { '0': 1 }, 0],
    ['{constructor}', {}, 0],
    ['? + ?', [1], 4],
    ['?', [() => 1], 0],
    ['?', [Number.NaN], 0],
  ])('%s with %j fails at the parameter', (query, params, start) => {
    expect(failure(() => parse(query, params))).toMatchObject({ kind: 'parse', start });
  });
});

describe('malformed queries', () => {
  it.each([
    ['', 0, 0],
    ['   ', 3, 3],
    ['1)', 1, 2],
    ['1 2', 2, 3],
    ['1 +', 3, 3],
    ['[1, 2,]', 6, 7],
    ['()', 1, 2],
    ['(1', 2, 2],
    ['f(1,)', 4, 5],
    ['a.', 2, 2],
    ['a.1', 2, 3],
    ['select,, ppid, start_time from pslist()', 6, 7],
    ['select name from', 16, 16],
    ['select from users', 7, 11],
    ['select *, x from users', 8, 9],
    ['select name as a, age as a from users', 25, 26],
    ['select a from b limit 1 where c', 24, 29],
    ['select a from b offset 1', 16, 22],
    ['any users order by name', 10, 15],
    ['order by', 0, 5],
    ['map(users)', 9, 10],
    ['cast(1, int, 2)', 14, 15],
    ['map', 3, 3],
    ['lower (1)', 0, 7],
    ['any (users)', 4, 5],
    ['let x == 1 x', 6, 8],
    ['if 1 2', 5, 6],
    ['a not b', 2, 5],
    ['5(1)', 1, 2],
  ])('%s is refused at %i-%i', (query, start, end) => {
    expect(failure(() => parse(query))).toMatchObject({ kind: 'parse', start, end });
  });

  it('shows the place to a person', () => {
    const query = 'select name\nfrom users wher age > 1';
    expect(
      formatError(
        failure(() => parse(query)),
        query,
      ),
    ).toBe(
      [
        'Malformed query at 2:12: Expected an operator or the end of the query, found “wher”.',
        '2 | from users wher age > 1',
        '               ^^^^',
      ].join('\n'),
    );
  });

  it('shows a long line around the fault, without control characters', () => {
    const query = `'${'x'.repeat(500)}' \u0000;`;
    const shown = formatError(
      failure(() => parse(query)),
      query,
    );
    expect(shown.split('\n').every((line) => line.length < 250)).toBe(true);
    expect(/\p{Cc}/u.test(shown.replaceAll('\n', ''))).toBe(false);
  });
});

describe('nesting', () => {
  const nested = (levels: number): string => '('.repeat(levels) + '1' + ')'.repeat(levels);

  it('allows what a person would write and much more', () => {
    expect(shape(nested(MAX_NESTING - 1))).toBe(1);
    expect(print(parse(Array(20_000).fill('a').join(' or ')))).toHaveLength(20_000 * 5 - 4);
  });

  it.each([
    ['parentheses', nested(MAX_NESTING + 1)],
    ['a hundred thousand parentheses', nested(100_000)],
    ['lists', '['.repeat(600) + ']'.repeat(600)],
    ['prefixes', `${'not '.repeat(600)}1`],
    ['members', `a${'.b'.repeat(600)}`],
    ['let', `${'let x = 1 '.repeat(600)}x`],
  ])('refuses too many %s', (_what, query) => {
    expect(failure(() => parse(query))).toMatchObject({ kind: 'parse' });
  });

  it('refuses values that are more than a million together, counted at each use', () => {
    const many = Array.from({ length: 99_999 }, () => 1);
    expect(failure(() => parse(`[${Array.from({ length: 11 }, () => '{0}').join(',')}]`, [many]))).toMatchObject({
      kind: 'parse',
      start: 41,
    });
    expect(parse(`[${Array.from({ length: 10 }, () => '{0}').join(',')}]`, [many]).root.kind).toBe('list');
    expect(failure(() => parse('[?, ?]', ['x'.repeat(500_000), 'x'.repeat(500_000)]))).toMatchObject({ start: 4 });
  });

  it('refuses a query of more than a million characters', () => {
    expect(failure(() => parse(' '.repeat(1_000_001)))).toMatchObject({ kind: 'parse', start: 0 });
  });
});

it('freezes the tree', () => {
  const { root } = parse('f(a, [1])');
  if (root.kind !== 'call') throw new Error('no call');
  expect([root, root.arguments, root.arguments[0], root.nameSpan].every((part) => Object.isFrozen(part))).toBe(true);
});
