import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environment, type ConformanceCase } from '../../../scripts/efilter-case.mjs';
import { world } from '../../../test/efilter/data.js';
import {
  drain,
  EfilterError,
  evaluate,
  evaluateAsync,
  holdsAsync,
  rowsAsync,
  type Environment,
  type EvaluateOptions,
  type HostFunction,
  type Query,
  type Row,
  type Value,
  parse,
} from './index.js';

/** The same host, which answers everything later: sources row by row, functions by a promise. */
const later = (env: Environment): Environment => ({
  ...env,
  functions: Object.fromEntries(
    Object.entries(env.functions).map(([name, host]): [string, HostFunction] => [
      name,
      {
        ...host,
        call: (args) =>
          host.kind === 'function'
            ? Promise.resolve().then(() => host.call(args) as Value)
            : (async function* () {
                for (const row of host.call(args) as Iterable<Row>) yield await Promise.resolve(row);
              })(),
      },
    ]),
  ),
});

const collected = async <T>(rows: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
};

/** The answer, or the kind and place of the error. */
const outcomeOf = async (answer: () => Promise<Value>): Promise<unknown> => {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    return `${error.kind}@${String(error.start)}`;
  }
};

const sample = readFileSync(new URL('../cases/sample.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line) as ConformanceCase);

const QUERIES = [
  'select Name from pslist() where pid > 1 limit 1 offset 1',
  'select Name, (select port from conns(pid: pid)) as ports from pslist()',
  'select Name from pslist() where any(conns(pid: pid), port == 443)',
  'select count() as n, Name from pslist() group by Name order by Name desc',
  'select port from conns(pid: [400, 2200])',
  'any pslist() where pid == 400',
  'each(pslist(), pid > 0)',
  'map(pslist(), [pid, count(conns(pid: pid))])',
  'filter(pslist(), pid in (select pid from conns()))',
  'let c = conns() [count(c), c.port, c == c]',
  'sort(pslist(), -pid)[0].Name',
  'echo(1, k: pslist()).kwargs.k',
  'if any(pslist()) then conns().port else 1',
  'select *, pid + 1 as next from pslist()',
  'select nowhere from pslist()',
  'boom()',
  'select Name from pslist() limit count(conns()) - 1',
  'conns(nope: 1)',
];

describe('asynchronous sources', () => {
  it.each(QUERIES)('answer as others do: %s', async (query) => {
    const wanted = await outcomeOf(async () => Promise.resolve(drain(evaluate(query, world))));
    expect(await outcomeOf(() => evaluateAsync(query, later(world)))).toEqual(wanted);
    expect(await outcomeOf(() => evaluateAsync(query, world))).toEqual(wanted);
  });

  it.each(sample.map((testCase) => [testCase.id, testCase] as const))('answer %s', async (_id, testCase) => {
    const { query, params, vars } = testCase;
    const read = (): Query => parse(query, params);
    const wanted = await outcomeOf(async () => Promise.resolve(drain(evaluate(read(), environment(vars)))));
    expect(await outcomeOf(async () => evaluateAsync(read(), later(environment(vars))))).toEqual(wanted);
  });

  it('are read no further than they must be, and closed', async () => {
    const seen: string[] = [];
    const count: HostFunction = {
      name: 'numbers',
      kind: 'source',
      call: async function* () {
        try {
          for (let n = 0; ; n += 1) {
            seen.push(String(n));
            yield await Promise.resolve({ n });
          }
        } finally {
          seen.push('closed');
        }
      },
    };
    const env: Environment = { functions: { numbers: count } };
    expect(await collected(rowsAsync('select n from numbers() where n > 1 limit 2', env))).toEqual([
      { n: 2 },
      { n: 3 },
    ]);
    expect(seen.splice(0)).toEqual(['0', '1', '2', '3', 'closed']);
    expect(await evaluateAsync('any numbers() where n == 1', env)).toBe(true);
    expect(await evaluateAsync('each(numbers(), n < 2)', env)).toBe(false);
    expect(await holdsAsync('numbers()', env, { limits: { rows: 5 } }).catch(String)).toContain('5 rows in memory');
    seen.splice(0);
    expect(await holdsAsync('select n from numbers()', env)).toBe(true);
    expect(seen.splice(0)).toEqual(['0', 'closed']);
    for await (const row of rowsAsync('select n from numbers()', env)) if (row['n'] === 1) break;
    expect(seen).toEqual(['0', '1', 'closed']);
    expect(await collected(rowsAsync('select n from numbers() limit 0', env))).toEqual([]);
  });

  it('are asked once for each set of arguments of a row', async () => {
    const asked: unknown[] = [];
    const env: Environment = {
      functions: {
        rows: { name: 'rows', kind: 'source', call: () => Promise.resolve([{ id: 1 }, { id: 2 }]) },
        name: {
          name: 'name',
          kind: 'function',
          params: [{ name: 'id' }],
          call: ({ named }) => {
            asked.push(named['id']);
            return Promise.resolve(`n${JSON.stringify(named['id'])}`);
          },
        },
      },
    };
    const query = "select id, name(id) as n, name(1) as first from rows() where name(id) =~ 'n'";
    expect(await collected(rowsAsync(query, env))).toEqual([
      { id: 1, n: 'n1', first: 'n1' },
      { id: 2, n: 'n2', first: 'n1' },
    ]);
    expect(asked).toEqual([1, 2]);
  });

  it('fail as errors of the query, at the call', async () => {
    const failing = (call: HostFunction['call']): Environment => ({
      functions: { s: { name: 's', kind: 'source', call } },
    });
    const env = failing(() => Promise.reject(new Error('device lost')));
    await expect(evaluateAsync('1 + count(s())', env)).rejects.toMatchObject({
      name: 'EfilterError',
      kind: 'eval',
      message: 's failed: device lost',
      start: 10,
      end: 13,
    });
    const broken = failing(async function* () {
      yield await Promise.resolve({ a: 1 });
      throw new Error('torn off');
    });
    const seen: unknown[] = [];
    await expect(
      (async () => {
        for await (const row of rowsAsync('select a from s()', broken)) seen.push(row);
      })(),
    ).rejects.toMatchObject({ message: 's failed: torn off', start: 14 });
    expect(seen).toEqual([{ a: 1 }]);
  });

  it('cannot be read by what cannot wait, which says so', () => {
    const query = 'select * from pslist()';
    expect(() => drain(evaluate(query, later(world)))).toThrow('pslist does not answer at once');
  });
});

describe('an evaluation that waits', () => {
  const silent = (asked: () => void, closed: () => void): Environment => ({
    functions: {
      silent: {
        name: 'silent',
        kind: 'source',
        call: () => ({
          [Symbol.asyncIterator]: () => ({
            next: () => {
              asked();
              return new Promise<IteratorResult<Row>>(() => undefined);
            },
            return: () => {
              closed();
              return Promise.resolve({ done: true, value: undefined });
            },
          }),
        }),
      },
    },
  });
  const ended = async (
    query: string,
    options: EvaluateOptions,
    asked: () => void = () => undefined,
  ): Promise<[unknown, number]> => {
    let closed = 0;
    const env = silent(asked, () => (closed += 1));
    const error: unknown = await evaluateAsync(query, env, options).catch((reason: unknown) => reason);
    return [error instanceof EfilterError ? error.message : error, closed];
  };

  it.each(['select * from silent()', 'count(silent())'])('ends on time: %s', async (query) => {
    const [message, closed] = await ended(query, { limits: { milliseconds: 20 } });
    expect(message).toBe('The query took more than its limit of 20 ms.');
    expect(closed).toBe(1);
  });

  it('ends when it is aborted', async () => {
    const controller = new AbortController();
    const abort = (): void => {
      queueMicrotask(() => {
        controller.abort();
      });
    };
    const stopped = 'The query was stopped.';
    expect(await ended('select * from silent()', { signal: controller.signal }, abort)).toEqual([stopped, 1]);
    expect(await ended('select * from silent()', { signal: AbortSignal.abort() })).toEqual([stopped, 0]);
  });
});
