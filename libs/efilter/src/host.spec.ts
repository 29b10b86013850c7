import { describe, expect, it } from 'vitest';
import { failure } from '../../../test/efilter/failure.js';
import { drain, evaluate, filterRows, holds, rows, type Environment, type HostFunction, type Row } from './index.js';

const answer = (query: string, env: Environment): unknown => drain(evaluate(query, env));

function source(name: string, given: readonly Row[], more: Partial<HostFunction> = {}): HostFunction {
  return { name, kind: 'source', call: () => given, ...more };
}

const processes = [
  { Name: 'systemd', pid: 1 },
  { Name: 'chrome.exe', pid: 22 },
];
const env: Environment = { functions: { pslist: source('pslist', processes, { columns: ['Name', 'pid'] }) } };

describe('own members only', () => {
  class Host {
    visible = 1;
    readonly #hidden = 2;
    method(): number {
      return this.#hidden;
    }
  }
  const variables = {
    host: new Host(),
    list: [1, 2],
    text: 'abc',
    rows: [new Host()],
    plain: {},
    fn: { call: () => 1 },
  };
  const on: Environment = { functions: {}, variables };

  it.each(['constructor', 'method', '__proto__', 'toString', 'hasOwnProperty', 'length'])(
    'no value reaches %s',
    (name) => {
      for (const holder of ['host', 'text', 'plain', 'rows']) {
        expect(answer(`${holder}.${name}`, on)).toBeNull();
      }
      expect(failure(() => answer(`host['${name}']`, on))).toMatchObject({ kind: 'eval' });
      expect(failure(() => answer(`select ${name} from rows`, on))).toMatchObject({ kind: 'eval', start: 7 });
      expect(failure(() => answer(name, on))).toMatchObject({ kind: 'eval' });
      expect(failure(() => answer(`${name}()`, on))).toMatchObject({ kind: 'eval' });
    },
  );

  it('shows data members, and functions as null', () => {
    expect(answer('host.visible', on)).toBe(1);
    expect(answer('fn.call', on)).toBeNull();
    expect(answer('host', on)).toEqual({ visible: 1 });
  });

  it('makes columns of any name without touching a prototype', () => {
    const [row] = rows('select 1 as __proto__, 2 as constructor from pslist()', env);
    expect(Object.getOwnPropertyNames(row)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    expect(answer("bind('__proto__': 1)['__proto__']", env)).toBe(1);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('computes a column only when it is named', () => {
    let computed = 0;
    const row = {
      name: 'a',
      get hash() {
        computed += 1;
        return 'x';
      },
    };
    const lazy: Environment = { functions: { files: source('files', [row]) } };
    expect(answer('select name from files()', lazy)).toEqual([{ name: 'a' }]);
    expect(computed).toBe(0);
    expect(answer('select hash from files()', lazy)).toEqual([{ hash: 'x' }]);
    expect(computed).toBe(1);
  });
});

describe('sources', () => {
  it('complete rows to the declared columns, in their order', () => {
    const declared = { functions: { s: source('s', [{ b: 1, c: 2 }], { columns: ['a', 'b'] }) } };
    const [row] = rows('select * from s()', declared);
    expect(Object.entries(row ?? {})).toEqual([
      ['a', null],
      ['b', 1],
      ['c', 2],
    ]);
    expect(answer('select a from s()', declared)).toEqual([{ a: null }]);
  });

  describe.each(['made on demand', 'in an array'])('%s', (kind) => {
    const events: string[] = [];
    const made = function* (): Generator<Row> {
      try {
        for (let i = 0; i < 9; i += 1) {
          events.push(`row ${String(i)}`);
          yield { i };
        }
      } finally {
        events.push('closed');
      }
    };
    const stands = (): Row[] =>
      Array.from({ length: 9 }, (_, i) => ({
        get i() {
          events.push(`row ${String(i)}`);
          return i;
        },
      }));
    const onDemand = kind === 'made on demand';
    const gen: Environment = {
      functions: { gen: { name: 'gen', kind: 'source', call: onDemand ? made : stands } },
    };
    const closed = onDemand ? ['closed'] : [];
    const seen = (): string[] => events.splice(0);

    it('are read no further than one row is asked for, and closed when no more are', () => {
      const read = rows('select i from gen() where i != 1', gen);
      expect(seen()).toEqual([]);
      expect(read.next()).toEqual({ done: false, value: { i: 0 } });
      expect([...new Set(seen())]).toEqual(['row 0']);
      expect(read.next()).toEqual({ done: false, value: { i: 2 } });
      expect([...new Set(seen())]).toEqual(['row 1', 'row 2']);
      for (const row of read) {
        expect(row).toEqual({ i: 3 });
        break;
      }
      expect([...new Set(seen())]).toEqual(['row 3', ...closed]);
      expect(read.next()).toEqual({ done: true, value: undefined });
      expect(seen()).toEqual([]);
    });

    it('are closed when any has its answer', () => {
      expect(holds('any from gen() where i == 1', gen)).toBe(true);
      expect([...new Set(seen())]).toEqual(['row 0', 'row 1', ...closed]);
    });

    it('are read no further than LIMIT', () => {
      expect([...rows('select i from gen() limit 2 offset 1', gen)]).toEqual([{ i: 1 }, { i: 2 }]);
      expect([...new Set(seen())]).toEqual([...(onDemand ? ['row 0'] : []), 'row 1', 'row 2', ...closed]);
    });

    it('have ended when a condition fails', () => {
      const read = rows('select i from gen() where if i < 1 then true else nowhere', gen);
      expect(read.next().value).toEqual({ i: 0 });
      expect(failure(() => read.next())).toMatchObject({ kind: 'eval', start: 50 });
      expect([...new Set(seen())]).toEqual(['row 0', 'row 1', ...closed]);
      expect(read.next()).toEqual({ done: true, value: undefined });
      expect(seen()).toEqual([]);
    });

    it('are not begun when nobody reads', () => {
      const read = rows('select i from gen()', gen);
      expect(read.return?.()).toEqual({ done: true, value: undefined });
      expect(read.next()).toEqual({ done: true, value: undefined });
      expect(seen()).toEqual([]);
    });
  });

  it.each([
    [
      'materialize(map(xs, (select v from ys where v >= k)))',
      [
        [1, 2, 3],
        [2, 3],
      ],
    ],
    ['materialize(map(xs, filter(ys, v > k)))', [[2, 3], [3]]],
    [
      'materialize(map(xs, map(ys, dict(v: v + k))))',
      [
        [2, 3, 4],
        [3, 4, 5],
      ],
    ],
    [
      'materialize(map(xs, foreach(ys, dict(v: v * k))))',
      [
        [1, 2, 3],
        [2, 4, 6],
      ],
    ],
    [
      'materialize(map(xs, sort(ys, if v == k then 0 else v)))',
      [
        [1, 2, 3],
        [2, 1, 3],
      ],
    ],
  ])('made on demand for a row see that row, however late they are read: %s', (query, values) => {
    const variables = { xs: [{ k: 1 }, { k: 2 }], ys: [{ v: 1 }, { v: 2 }, { v: 3 }] };
    const plain = answer(query, { functions: {}, variables }) as { v: number }[][];
    expect(plain.map((list) => list.map(({ v }) => v))).toEqual(values);
  });

  it('hold nothing that is made on demand once they are answered', () => {
    const variables = { xs: [{ k: 1 }, { k: 2 }], ys: [{ v: 1 }, { v: 2 }, { v: 3 }] };
    const query = 'select k, (select v from ys where v > k) as s from xs';
    const expected = [
      { k: 1, s: [{ v: 2 }, { v: 3 }] },
      { k: 2, s: [{ v: 3 }] },
    ];
    const read = [...rows(query, { functions: {}, variables })];
    expect(read).toEqual(expected);
    expect(Array.isArray(read[0]?.['s'])).toBe(true);
    expect(answer(`materialize(${query})`, { functions: {}, variables })).toEqual(expected);
    expect([...rows('[1, (select v from ys where v > 2)]', { functions: {}, variables })]).toEqual([
      { value: 1 },
      { value: [{ v: 3 }] },
    ]);
  });

  it('have their columns in order, however many and of whatever kind', () => {
    const given = [{ a: 1, b: 'x', c: true, d: null, e: 1.5, f: [1, 2], g: { h: 1 } }];
    const of: Environment = { functions: { s: source('s', given) } };
    for (const list of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'a, b', 'c, d, f, g', 'g, f, e, d, c, b, a', 'f, a, g, b']) {
      const names = list.split(', ');
      const expected = Object.fromEntries(names.map((name) => [name, given[0]?.[name as 'a']]));
      const [row] = rows(`select ${list} from s()`, of);
      expect(row).toEqual(expected);
      expect(Object.keys(row ?? {})).toEqual(names);
      const [again] = rows(`select ${names.map((name) => `${name} as ${name}2`).join(', ')} from s()`, of);
      expect(Object.values(again ?? {})).toEqual(Object.values(expected));
    }
    const [computed] = rows('select a + 1 as p, p + 1 as q, c as r, e * 2 as s, q * 2 as t, nil as u from s()', {
      ...of,
      variables: { nil: null },
    });
    expect(computed).toEqual({ p: 2, q: 3, r: true, s: 3, t: 6, u: null });
    const [starred] = rows('select *, a + 1 as b from s()', of);
    expect(starred).toEqual({ ...given[0], b: 2 });
  });

  it('refuse a malformed query when the first row is asked for', () => {
    const read = rows('select', env);
    expect(failure(() => read.next())).toMatchObject({ kind: 'parse' });
    expect(read.next()).toEqual({ done: true, value: undefined });
  });

  it('are read once for a let, however often it is used', () => {
    let calls = 0;
    const counted: Environment = {
      functions: {
        once: {
          name: 'once',
          kind: 'source',
          *call() {
            calls += 1;
            yield { n: calls };
          },
        },
      },
    };
    expect(answer('let t = (select n from once()) [t, t]', counted)).toEqual([[{ n: 1 }], [{ n: 1 }]]);
    expect(calls).toBe(1);
  });

  it('run once per value of a repeated argument, every combination of several', () => {
    const params = [{ name: 'a' }, { name: 'b' }, { name: 'all', array: true }];
    const combine: Environment = {
      functions: { combine: { name: 'combine', kind: 'source', params, call: ({ named }) => [{ ...named }] } },
      variables: { xs: [1, 2], ys: [{ y: 'p' }, { y: 'q' }] },
    };
    expect(answer('combine(xs, ys, all: xs)', combine)).toEqual([
      { a: 1, b: 'p', all: [1, 2] },
      { a: 1, b: 'q', all: [1, 2] },
      { a: 2, b: 'p', all: [1, 2] },
      { a: 2, b: 'q', all: [1, 2] },
    ]);
    expect(answer('combine([])', combine)).toEqual([]);
    expect(answer('combine(all: 5)', combine)).toEqual([{ all: [5] }]);
  });

  it('check arguments before they run', () => {
    const call = (): never => {
      throw new Error('must not run');
    };
    const params = [
      { name: 'path', type: 'string' as const, required: true },
      { name: 'depth', type: 'number' as const, default: 1 },
    ];
    const on: Environment = { functions: { find: { name: 'find', kind: 'source', params, call } } };
    expect(failure(() => answer('find()', on))).toMatchObject({ kind: 'eval', start: 0, end: 6 });
    expect(failure(() => answer("find('/', 1, 2)", on)).message).toContain('2 arguments');
    expect(failure(() => answer("find('/', path: '/')", on))).toMatchObject({ start: 10 });
    expect(failure(() => answer("find('/', deep: 1)", on))).toMatchObject({ start: 10, end: 14 });
    expect(failure(() => answer("find('/', depth: 1, depth: 2)", on))).toMatchObject({ start: 20, end: 25 });
    expect(failure(() => answer("find('/', depth: 'x')", on)).message).toContain('must be a number');
    expect(failure(() => answer("find('path': '/')", on)).message).toContain('bare word');
  });

  it('fail at their call, with the reason and after the rows that came before', () => {
    const reason = new Error('device lost');
    const broken: Environment = {
      functions: {
        broken: {
          name: 'broken',
          kind: 'source',
          *call() {
            yield { i: 0 };
            throw reason;
          },
        },
      },
    };
    const reading = rows('select i from broken()', broken)[Symbol.iterator]();
    expect(reading.next().value).toEqual({ i: 0 });
    const error = failure(() => reading.next());
    expect(error).toMatchObject({ kind: 'eval', start: 14, end: 22, cause: reason });
    expect(error.message).toContain('device lost');
  });
});

describe('conditions', () => {
  it.each([
    ['any from pslist() where regex_search(Name, "chrome")', true],
    ['any from pslist() where regex_search("chrome", Name)', true],
    ['any from pslist() where regex_search(Name, "firefox")', false],
    ['any from pslist() where pid > 100000', false],
    ['select * from pslist() where pid > 100000', false],
    ['select pid > 100000 from pslist()', true],
    ['pslist()', true],
    ['0', false],
    ['null', false],
    ["'x'", true],
    ['[0]', true],
  ])('%s holds: %s', (query, expected) => {
    expect(holds(query, env)).toBe(expected);
  });

  it('pass errors on', () => {
    expect(failure(() => holds('nowhere', env))).toMatchObject({ kind: 'eval' });
    expect(failure(() => holds('any from', env))).toMatchObject({ kind: 'parse' });
  });

  it('filter rows that the host has', () => {
    expect([...filterRows('pid > ? and Name =~ ?', processes, { functions: {} }, { params: [5, 'chrome'] })]).toEqual([
      processes[1],
    ]);
    expect(failure(() => [...filterRows('nope > 1', processes, { functions: {} })])).toMatchObject({
      kind: 'eval',
      start: 0,
    });
  });

  it('give rows without anything lazy in them', () => {
    expect([...rows('select Name, (select pid from pslist()) as all from pslist() limit 1', env)]).toEqual([
      { Name: 'systemd', all: [{ pid: 1 }, { pid: 22 }] },
    ]);
    expect([...rows('1 + 1', env)]).toEqual([{ value: 2 }]);
    expect([...rows('null', env)]).toEqual([]);
  });
});
