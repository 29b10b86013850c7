import {
  drain,
  EfilterError,
  evaluate,
  type Environment,
  type HostFunction,
  type QueryParams,
  type Row,
} from '#efilter';

const source = (name: string, given: readonly Row[]): HostFunction => ({ name, kind: 'source', call: () => given });

export const users: readonly Row[] = [
  { name: 'Bob', age: 10, city: 'Zurich', tags: ['a', 'b'] },
  { name: 'Alice', age: 20, city: 'Oslo', tags: ['b'] },
  { name: 'Eve', age: 30, city: 'Zurich', tags: [] },
  { name: 'Mallory', age: 20, city: 'Brno', tags: ['c', 'a', 'b'] },
];

const connections: readonly Row[] = [
  { pid: 400, state: 'LISTEN', port: 22 },
  { pid: 2200, state: 'ESTABLISHED', port: 443 },
  { pid: 2200, state: 'CLOSE_WAIT', port: 80 },
];

/** What the cases of the language's specs are asked of. */
export const world: Environment = {
  variables: {
    users,
    n: 7,
    name: 'outer',
    nums: [3, 1, 2],
    words: ['pear', 'Apple', 'fig'],
    nil: null,
    d: { a: 1, b: { c: [10, 20, { z: 5 }] }, 'k v': 9 },
    mixed: [
      { k: 'b' },
      { k: null },
      { k: 2 },
      { k: [1] },
      { k: 'B' },
      { k: -1 },
      { k: true },
      { k: { z: 1 } },
      { k: 'a' },
    ],
  },
  functions: {
    pslist: source('pslist', [
      { Name: 'systemd', pid: 1 },
      { Name: 'sshd', pid: 400 },
      { Name: 'Chrome', pid: 2200 },
    ]),
    conns: {
      name: 'conns',
      kind: 'source',
      params: [{ name: 'pid' }, { name: 'state' }],
      call: ({ named }) =>
        connections.filter(({ pid, state }) => {
          const wanted = named['state'] ?? null;
          return pid === named['pid'] && (wanted === null || state === wanted);
        }),
    },
    echo: { name: 'echo', kind: 'function', call: ({ positional, named }) => ({ args: positional, kwargs: named }) },
    boom: {
      name: 'boom',
      kind: 'function',
      call: () => {
        throw new Error('device lost');
      },
    },
  },
};

/** The answer of a query, or its error as `kind@start`. */
export function outcome(query: string, params?: QueryParams): unknown {
  try {
    return drain(evaluate(query, world, { epoch: 1_700_000_000, ...(params === undefined ? {} : { params }) }));
  } catch (error) {
    if (error instanceof EfilterError) return `${error.kind}@${String(error.start)}`;
    throw error;
  }
}
