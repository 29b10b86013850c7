import { describe, expect, it } from 'vitest';
import { EfilterError, readRows, rows, type Environment, type Row, type Value } from './index.js';

class Inheriting {
  constructor(readonly x: number) {}
  get inherited(): string {
    return 'chrome';
  }
}

const withoutPrototype = (row: Row): Row => Object.assign(Object.create(null) as Record<string, Value>, row);

/** Values of every kind in columns that conditions compare, in rows of every kind. */
const values: readonly unknown[] = [5, 6, -0, Number.NaN, '5', 'chrome', '', null, undefined, true, 5n, [5], { a: 5 }];
const plain = values.flatMap((x, index) => [
  { x, y: values[(index + 3) % values.length] },
  { y: 'chrome', x },
]) as unknown as Row[];
const given: readonly Row[] = [
  ...plain,
  withoutPrototype({ x: 5, y: 'chrome' }),
  new Inheriting(5) as unknown as Row,
  { y: 'only' },
  {
    x: 7,
    y: 'Chromium',
    get z() {
      return 9;
    },
  },
];

const arrays: Environment = { functions: { s: { name: 's', kind: 'source', call: () => given } } };
const declared: Environment = {
  functions: { s: { name: 's', kind: 'source', columns: ['x', 'y', 'z'], call: () => given } },
};
const oneByOne: Environment = {
  functions: {
    s: {
      name: 's',
      kind: 'source',
      *call() {
        yield* given;
      },
    },
  },
};

const CONDITIONS = [
  'x == 5',
  'x != 5',
  'x < 6',
  'x <= 5',
  'x > 5',
  'x >= 6',
  "x == 'chrome'",
  "x != 'chrome'",
  "y =~ '^chrom'",
  "regex_search(y, 'chrom')",
  "x == 5 and y == 'chrome'",
  "x > 4 and x < 7 and y =~ 'c' and x != 6",
  "x >= 5 and (y == 'chrome' or x == 6)",
  "y =~ '('",
  "x == 5 and y =~ '(a+)+'",
  "x == 'nothing' and y =~ '('",
  'nope == 5',
  'x == 5 and nope == 5',
  'toString == 5',
  'x == true',
  'x == null',
];

const outcome = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    return `${error.kind} ${error.message}`;
  }
};

describe('rows that are told apart before they are looked at', () => {
  it.each(CONDITIONS)('are those that the condition says: %s', (condition) => {
    for (const tail of ['', ' order by 1', ' limit 3 offset 1']) {
      for (const columns of ['y', 'y as w', '*', 'x as y, y as other']) {
        const told = `select ${columns} from s() where ${condition}${tail}`;
        // A list comes first: nothing is told apart beforehand.
        const evaluated = `select ${columns} from s() where [1] and (${condition})${tail}`;
        for (const env of [arrays, declared, oneByOne]) {
          const wanted = outcome(() => readRows(evaluated, env));
          expect(outcome(() => readRows(told, env))).toEqual(wanted);
          expect(outcome(() => [...rows(told, env)])).toEqual(wanted);
        }
      }
    }
  });

  it('are asked for no column that is not named, and patterns are tried on no row that is not reached', () => {
    const touched: string[] = [];
    const lazily = (x: number): Row => ({
      x,
      get costly() {
        touched.push(`costly ${String(x)}`);
        return 'chrome';
      },
    });
    const env: Environment = {
      functions: { s: { name: 's', kind: 'source', call: () => [lazily(1), lazily(2), lazily(3)] } },
    };
    expect(readRows("select x from s() where x > 1 and costly =~ 'c' limit 1", env)).toEqual([{ x: 2 }]);
    expect(touched).toEqual(['costly 2']);
  });
});
