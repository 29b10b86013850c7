import { describe, expect, it } from 'vitest';
import { explain, type Environment } from './index.js';

const env: Environment = {
  functions: {
    pslist: {
      name: 'pslist',
      kind: 'source',
      columns: ['pid', 'name', 'ppid'],
      params: [{ name: 'pid', array: true }],
      call: () => [],
    },
    files: { name: 'files', kind: 'source', call: () => [] },
  },
};

describe('explain', () => {
  it('gives the canonical text and the tree', () => {
    const { text, tree } = explain("select name as n from pslist() where pid=5 and name =~ 'a'", env);
    expect(text).toBe("SELECT name AS n FROM pslist() WHERE pid == 5 and name =~ 'a'");
    expect(tree).toBe(
      [
        'select n | where  [0-58]',
        '  variable name  [7-11]',
        '  call pslist  [22-30]',
        '  binary and  [37-58]',
        '    binary ==  [37-42]',
        '      variable pid  [37-40]',
        '      literal 5  [41-42]',
        '    binary =~  [47-58]',
        '      variable name  [47-51]',
        '      literal "a"  [55-58]',
      ].join('\n'),
    );
  });

  it('says what a source could be spared', () => {
    const [pslist] = explain(
      "select name from pslist() where 5 == pid and ppid >= 1 and lower(name) == 'a' and pid < 9",
      env,
    ).sources;
    expect(pslist).toMatchObject({
      name: 'pslist',
      columns: ['name', 'pid', 'ppid'],
      constraints: [
        { column: 'pid', operator: '==', value: 5 },
        { column: 'ppid', operator: '>=', value: 1 },
      ],
      arguments: { pid: [5] },
      sql: { pushed: ['5 == pid', 'ppid >= 1'], rest: ["lower(name) == 'a'", 'pid < 9'] },
      start: 17,
      end: 25,
    });
  });

  it('knows which parameter a column is asked for by', () => {
    const pushing: Environment = {
      functions: {
        lsof: { name: 'lsof', kind: 'source', params: [{ name: 'pids' }], pushdown: { pid: 'pids' }, call: () => [] },
      },
    };
    const passed = (query: string): unknown => explain(query, pushing).sources[0]?.arguments;
    expect(passed('any lsof() where pid == 2')).toEqual({ pids: [2] });
    expect(passed('any lsof(pids: 1) where pid == 2')).toEqual({});
    expect(passed('any lsof() where pids == 2')).toEqual({ pids: [2] });
    expect(passed('any lsof() where constructor == 2')).toEqual({});
  });

  it('passes several values of one parameter', () => {
    const [pslist] = explain('any from pslist() where pid in [1, 2]', env).sources;
    expect(pslist).toMatchObject({ arguments: { pid: [1, 2] }, columns: ['pid'] });
  });

  it('does not offer a parameter that is given, or a name that AS gave', () => {
    expect(explain('any from pslist(pid: 1) where pid == 2', env).sources[0]?.arguments).toEqual({});
    expect(explain('any from pslist(1) where pid == 2', env).sources[0]?.arguments).toEqual({});
    expect(explain('select ppid as pid from pslist() where pid == 2', env).sources[0]).toMatchObject({
      constraints: [],
      arguments: {},
    });
  });

  it('a list of very many values costs no more than reading it, and is none that SQL takes', () => {
    const values = Array.from({ length: 15_000 }, (_unused, index) => index);
    const started = performance.now();
    const { sources } = explain(`select name from pslist() where pid in [${values.join(', ')}]`, env);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(sources[0]?.constraints[0]?.value).toEqual(values);
    expect(sources[0]?.sql.pushed).toEqual([]);
  });

  it('names every source, known or not, and what whole rows are read for', () => {
    const { sources, functions } = explain(
      'let t = files() select lower(name) as l from pslist() where any(conns(pid: pid), port == 1) and count(t) > 1',
      env,
    );
    expect(sources.map(({ name, columns }) => [name, columns])).toEqual([
      ['files', undefined],
      ['pslist', ['name', 'pid']],
      ['conns', ['port']],
    ]);
    expect(functions).toEqual(['lower', 'count']);
  });

  it('knows that SELECT * passes whole rows', () => {
    expect(explain('select * from pslist() where pid == 1', env).sources[0]?.columns).toBeUndefined();
    expect(explain('select *, pid + 1 as q from pslist()', env).sources[0]?.columns).toBeUndefined();
  });
});
