import { describe, expect, it } from 'vitest';
import { failure } from '../../../test/efilter/failure.js';
import {
  drain,
  evaluate,
  filterRows,
  readRows,
  rows,
  type Environment,
  type EvaluateOptions,
  type RegexEngine,
  type Row,
} from './index.js';

/** Never ends by itself. */
const endless: Environment = {
  functions: {
    count_up: {
      name: 'count_up',
      kind: 'source',
      *call() {
        for (let i = 0; ; i += 1) yield { i };
      },
    },
  },
};

const answer = (query: string, options?: EvaluateOptions): unknown => drain(evaluate(query, endless, options));

describe('limits', () => {
  it('end a query that takes too many steps', () => {
    const error = failure(() => answer('select i from count_up() where i < 0', { limits: { steps: 1_000 } }));
    expect(error).toMatchObject({ kind: 'eval', start: 0, end: 36 });
    expect(error.message).toContain('1000 steps');
  });

  it.each([
    ...['map(xs, k)', 'filter(xs, k < 0)', 'sort(xs, k)', 'each(xs, k < 200)', 'foreach(xs, k)', 'any(xs, k < 0)'],
    ...['select k from xs', 'select * from xs where k < 0', 'select k from xs order by k', 'any from xs where k < 0'],
    ...['hex(nums)', 'sum(nums)', 'mean(nums)', "join(',', texts)", 'levenshtein(long, long)'],
    ...[
      "sub('a', 'b', texts)",
      "re_filter('a', texts)",
      "texts =~ 'z'",
      "regex_search(texts, 'z')",
      'substr(texts, 0, 1)',
    ],
    ...['nums + 1', 'nums < 1', '-1 in nums', 'count(map(xs, k))'],
    ...['xs.k', 'select k, count() from xs group by k'],
  ])('count every value that is looked at: %s', (query) => {
    const hundred = <T>(make: (index: number) => T): T[] => Array.from({ length: 100 }, (_, index) => make(index));
    const variables = {
      xs: hundred((k) => ({ k })),
      nums: hundred((k) => k),
      texts: hundred((k) => `a${String(k)}`),
      long: 'a '.repeat(100),
    };
    const env: Environment = { functions: {}, variables };
    const enough = { limits: { steps: 100_000 } };
    const few = { limits: { steps: 90 } };
    expect(() => drain(evaluate(query, env, enough))).not.toThrow();
    expect(failure(() => drain(evaluate(query, env, few))).message).toContain('90 steps');
  });

  it.each(["split(long, ' ')", 'enumerate(list)', 'collect(list)', 'let t = count_up() count(t)'])(
    'count every value that is held: %s',
    (query) => {
      const env: Environment = { ...endless, variables: { long: 'a '.repeat(100), list: Array<number>(100).fill(1) } };
      expect(failure(() => drain(evaluate(query, env, { limits: { rows: 90 } }))).message).toContain('90 rows');
    },
  );

  it('count the rows that a bare condition is asked about', () => {
    const given = Array.from({ length: 100 }, (_, k) => ({ k }));
    const none: Environment = { functions: {} };
    expect([...filterRows('k < 2', given, none, { limits: { steps: 1_000 } })]).toEqual([{ k: 0 }, { k: 1 }]);
    expect(failure(() => [...filterRows('k < 2', given, none, { limits: { steps: 90 } })]).message).toContain(
      '90 steps',
    );
  });

  it('end rows of scalars, too, whose answer is too large', () => {
    // {"i":0} and the comma after it are 8 bytes.
    const options = { limits: { resultBytes: 20 } };
    const read = rows('select i from count_up()', endless, options);
    expect([read.next().value, read.next().value]).toEqual([{ i: 0 }, { i: 1 }]);
    expect(failure(() => read.next()).message).toContain('20 bytes');
    expect(failure(() => readRows('select i from count_up() limit 3', endless, options)).message).toContain('20 bytes');
    expect(readRows('select i from count_up() limit 2', endless, options)).toHaveLength(2);
  });

  it('end a query that takes too long, by the clock that was given', () => {
    let time = 0;
    const now = (): number => (time += 1);
    const error = failure(() => answer('count(count_up())', { now, limits: { milliseconds: 50 } }));
    expect(error).toMatchObject({ kind: 'eval' });
    expect(error.message).toContain('50 ms');
    expect(time).toBeLessThan(100);
  });

  it('end a query that holds too many rows', () => {
    expect(failure(() => answer('select i from count_up() order by i', { limits: { rows: 100 } })).message).toContain(
      '100 rows',
    );
    expect(failure(() => answer('materialize(count_up())', { limits: { rows: 100 } })).message).toContain('100 rows');
  });

  it('end a query whose answer is too large, as JSON in bytes', () => {
    const given: readonly Row[] = [
      { a: 'x"\\\n\u0001é€😀', b: [1.5, true, null, {}], c: { d: [] } },
      { a: -1e21, b: 'plain', c: '' },
    ];
    const env: Environment = { functions: { s: { name: 's', kind: 'source', call: () => given } } };
    const bytes = given.map((row) => new TextEncoder().encode(JSON.stringify(row)).length + 1);
    const total = bytes.reduce((sum, size) => sum + size, 0);
    const read = (resultBytes: number): unknown[] =>
      readRows('select a, b, c from s()', env, { limits: { resultBytes } });
    expect(read(total)).toEqual(given);
    const error = failure(() => read(total - 1));
    expect(error).toMatchObject({ kind: 'eval', message: expect.stringContaining('bytes in the answer') as string });
    const one = rows('select a, b, c from s()', env, { limits: { resultBytes: total - 1 } });
    expect(one.next().value).toEqual(given[0]);
    expect(failure(() => one.next()).kind).toBe('eval');
    expect(drain('abc', { resultBytes: 6 })).toBe('abc');
    expect(failure(() => drain('abc', { resultBytes: 5 })).kind).toBe('eval');
  });

  it('end a query when its signal is aborted', () => {
    const stop = new AbortController();
    const reading = rows('select i from count_up()', endless, { signal: stop.signal })[Symbol.iterator]();
    expect(reading.next().value).toEqual({ i: 0 });
    stop.abort();
    expect(
      failure(() => {
        for (let count = 0; count < 10_000; count += 1) reading.next();
      }).message,
    ).toContain('stopped');
  });

  it('end texts that grow without bound', () => {
    const doubled = `let a = 'xxxxxxxxxx'${', a = concat(a, a)'.repeat(40)} count(a)`;
    expect(failure(() => answer(doubled))).toMatchObject({ kind: 'eval' });
  });

  it('end values that hold themselves over and over', () => {
    const doubled = `let a = [1]${', a = [a, a]'.repeat(40)} a`;
    expect(failure(() => drain(evaluate(doubled, endless), { rows: 10_000 }))).toMatchObject({ kind: 'eval' });
    const compared = `let a = [1], b = [1]${', a = [a, a], b = [b, b]'.repeat(40)} a == b`;
    expect(failure(() => answer(compared, { limits: { steps: 10_000 } }))).toMatchObject({ kind: 'eval' });
  });

  it('end aliases of aliases that multiply', () => {
    const columns = Array.from({ length: 40 }, (_, n) => `c${String(n)} + c${String(n)} as c${String(n + 1)}`).join(
      ', ',
    );
    const query = `select i as c0, ${columns} from count_up() where c40 > 0`;
    expect(failure(() => answer(query, { limits: { steps: 10_000 } }))).toMatchObject({ kind: 'eval' });
  });

  it('read no further than a query needs', () => {
    expect(answer('any from count_up() where i == 5')).toBe(true);
    expect(answer('select i from count_up() where i > 2 limit 2')).toEqual([{ i: 3 }, { i: 4 }]);
    expect(answer('first(count_up()).i')).toBe(0);
    expect(answer('count_up()[3].i')).toBe(3);
  });
});

describe('regular expressions', () => {
  const subject = 'a'.repeat(40);

  it.each([
    '(a+)+$',
    '(a*)*b',
    '(a{1,100}){1,100}b',
    '(x+x+)+y',
    String.raw`(\w+\s?)*$`,
    '(.*?,){11}P',
    '(?P<n>a+)+b',
    '([a]+|b)*c',
    '(a+|b+)*c',
    '(.*foo)*',
    '(.+,)+x',
    '((a+)?b?)*c',
    '([a-z]+[A-Z]?)*1',
    '(?i)(?:[^,]*,?)*;',
    '(?=(a+)+)x',
    String.raw`(\d+\.?)+x`,
    String.raw`([^\\]+\\?)*"`,
    '(é+)+x',
  ])('refuses %s, at its place', (pattern) => {
    const query = 'subject =~ ?';
    const error = failure(() => evaluate(query, { functions: {}, variables: { subject } }, { params: [pattern] }));
    expect(error).toMatchObject({ kind: 'eval', start: 11, end: 12 });
    expect(error.message).toContain('refused');
  });

  it.each([
    [String.raw`\.exe$`, 'C:/A.EXE', true],
    ['^/home/[^/]+/\\.ssh/', '/home/ann/.ssh/id', true],
    ['(?i)FOO(bar)?', 'xfoo', true],
    ['(foo|bar)+', 'rebar', true],
    [String.raw`(\d{1,3}\.){3}\d{1,3}`, 'at 10.0.0.7', true],
    ['(?P<n>a)b(?P=n)', 'aba', true],
    [String.raw`\Aab\Z`, 'ab', true],
    [String.raw`\Aab\Z`, 'ab\nab', false],
    ['([^/]+/)*x$', 'a/b/c/x', true],
    [String.raw`^(\w+\.)+\w+$`, 'a.b.c', true],
    [String.raw`(\w+\s*,\s*)*end`, 'a , b,end', true],
    ['((a*)b)*c', 'aabbc', true],
    ['(?:a|aa)+$', 'aaa', true],
    ['(a|a)*b', 'aab', true],
    ['(a?a?)*b', 'aab', true],
    ['(.*\n)*x', 'one\ntwo\nx', true],
    ['([^é]+é)*x', 'caféx', true],
    ['([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}', '1:2:3:4:5:6:7:8', true],
    [String.raw`(?:[^"\\]|\\.)*"`, 'say"', true],
    [String.raw`\d+\.\d+\.\d+\.\d+`, 'x'.repeat(50_000) + '1.2.3.4', true],
    ['[)+]+', 'a)', true],
    [String.raw`\(a+\)+`, '(aa))', true],
    ['é', 'CAFÉ', true],
  ])('%s is tried on %s', (pattern, text, found) => {
    expect(evaluate('s =~ ?', { functions: {}, variables: { s: text } }, { params: [pattern] })).toBe(found);
  });

  it.each(['(', '[a', 'a{2,1}', '*a'])('calls %s invalid', (pattern) => {
    expect(failure(() => evaluate("'a' =~ ?", { functions: {} }, { params: [pattern] })).message).toContain('invalid');
  });

  it('bounds the length of patterns and of what they are tried on', () => {
    const env = { functions: {}, variables: { long: 'x'.repeat(200_000), s: 'x' } };
    expect(failure(() => evaluate("long =~ 'y'", env)).message).toContain('too long');
    expect(failure(() => evaluate('s =~ ?', env, { params: ['x'.repeat(1_001)] })).message).toContain(
      'longer than 1000',
    );
  });

  it('are matched by what the host gives', () => {
    const asked: string[] = [];
    const regexes: RegexEngine = {
      compile: (source, flags) => {
        asked.push(`${source} ${flags}`);
        return { test: (text) => text === 'yes', replace: (text) => text };
      },
    };
    const env = { functions: {}, variables: { list: ['no', 'yes'] } };
    expect(evaluate("list =~ '(?s)a(?P<x>b)'", env, { regexes })).toBe(true);
    expect(asked).toEqual(['a(?<x>b) is']);
  });

  it('are judged in little time, however they nest', () => {
    const started = performance.now();
    const deep = `${'('.repeat(200)}a${')+'.repeat(200)}`;
    expect(failure(() => evaluate("'a' =~ ?", { functions: {} }, { params: [deep] })).message).toContain('refused');
    const wide = `((${Array.from({ length: 300 }, (_, n) => `${String(n)}x`)
      .join('|')
      .slice(0, 900)})+;)*`;
    expect(evaluate("'a' =~ ?", { functions: {} }, { params: [wide] })).toBe(true);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
