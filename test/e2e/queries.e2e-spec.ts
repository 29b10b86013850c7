import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, startTestApi, type TestApi } from '../support/api.js';
import { runConsole } from '../support/console-process.js';
import { ask } from '../support/graphql.js';

/** The paper's queries, each with its canonical text and what is known of it. */
const PAPER = [
  {
    query: "any from agent_info() where key=='system' and value=='Windows'",
    text: "any(agent_info(), key == 'system' and value == 'Windows')",
    source: 'agent_info',
    columns: ['key', 'value'],
    pushed: ["key == 'system'", "value == 'Windows'"],
    rest: [],
    functions: [],
  },
  {
    query: 'any from pslist() where regex_search(Name, "chrome")',
    text: "any(pslist(), regex_search(Name, 'chrome'))",
    source: 'pslist',
    columns: ['Name'],
    pushed: [],
    rest: ["regex_search(Name, 'chrome')"],
    functions: ['regex_search'],
  },
  {
    query: 'select Name as name, pid, ppid, start_time from pslist()',
    text: 'SELECT Name AS name, pid, ppid, start_time FROM pslist()',
    source: 'pslist',
    columns: ['Name', 'pid', 'ppid', 'start_time'],
    pushed: [],
    rest: [],
    functions: [],
  },
];
/** The one that lost its names on the way to print. */
const ACCIDENT = 'select,, ppid, start_time from pslist()';

let api: TestApi;
let viewer: Caller;
let folder: string;
beforeAll(async () => {
  api = await startTestApi();
  viewer = await api.as({ role: 'Viewer', scope: 'label:All' });
  folder = await mkdtemp(join(tmpdir(), 'rekall-queries-'));
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

const VALIDATE = `query ($query: String!, $parameters: JSON, $rows: String) {
  validateQuery(query: $query, parameters: $parameters, rows: $rows) { valid text diagnostics { severity message start end line column } }
}`;
const EXPLAIN = `query ($query: String!, $parameters: JSON) {
  explainQuery(query: $query, parameters: $parameters) {
    text tree functions
    sources { name start end columns constraints { column operator value } arguments sql { pushed rest } }
  }
}`;

describe.each(PAPER)('$query', ({ query, text, source, columns, pushed, rest, functions }) => {
  it('is valid by command, REST and GraphQL', async () => {
    const command = await runConsole(['query', 'validate', query]);
    expect([command.code, command.stdout, command.stderr]).toEqual([0, 'valid\n', '']);
    const valid = { valid: true, text, diagnostics: [] };
    const json = await runConsole(['query', 'validate', '--json', query]);
    expect(JSON.parse(json.stdout)).toEqual(valid);
    const rest = await viewer.http.post('/api/v1/queries/validate').send({ query });
    expect([rest.status, rest.body]).toEqual([200, valid]);
    expect((await ask(viewer.http, VALIDATE, { query })).data).toEqual({ validateQuery: valid });
  });

  it('is explained by command, REST and GraphQL', async () => {
    const start = query.indexOf(`${source}()`);
    const use = { name: source, start, end: start + source.length + 2, columns, sql: { pushed, rest } };
    const answer = await viewer.http.post('/api/v1/queries/explain').send({ query });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ text, functions, sources: [use] });
    const lines = (answer.body as { tree: string }).tree.split('\n');
    expect(lines[0]).toContain(`[0-${String(query.length)}]`);
    expect(lines).toContain(`  call ${source}  [${String(start)}-${String(use.end)}]`);
    const graphql = await ask<{ explainQuery: unknown }>(viewer.http, EXPLAIN, { query });
    expect(graphql.data?.explainQuery).toEqual(answer.body);
    expect(JSON.parse((await runConsole(['query', 'explain', '--json', query])).stdout)).toEqual(answer.body);
    const shown = (await runConsole(['query', 'explain', query])).stdout;
    expect(shown).toContain(`canonical\n  ${text}\ntree\n`);
    expect(shown).toContain(`    columns   ${columns.join(', ')}\n`);
  });
});

describe('a query that leaves an argument to its condition, as agents read it', () => {
  it.each(["select sha256 from hash() where path == '/etc/hostname'", "any stat() where path == '/etc/hostname'"])(
    'is valid by command and REST: %s',
    async (query) => {
      expect((await runConsole(['query', 'validate', query])).stdout).toBe('valid\n');
      const rest = await viewer.http.post('/api/v1/queries/validate').send({ query });
      expect(rest.body).toMatchObject({ valid: true, diagnostics: [] });
    },
  );
});

describe('a query that is malformed', () => {
  it.each(['validate', 'explain'])('is refused with its place: %s', async (what) => {
    const command = await runConsole(['query', what, ACCIDENT]);
    expect([command.code, command.stdout]).toEqual([1, '']);
    expect(command.stderr).toBe(
      `rekall: Malformed query at 1:7: Expected a value, found “,”.\n1 | ${ACCIDENT}\n          ^\n`,
    );
    const rest = await viewer.http.post(`/api/v1/queries/${what}`).send({ query: ACCIDENT });
    expect([rest.status, rest.type]).toEqual([400, 'application/problem+json']);
    expect(rest.body).toMatchObject({ code: 'efilter/parse', start: 6, end: 7, errors: [{ pointer: '/query' }] });
    const graphql = await ask(viewer.http, what === 'validate' ? VALIDATE : EXPLAIN, { query: ACCIDENT });
    expect(graphql.codes).toEqual(['efilter/parse']);
    expect(graphql.errors[0]?.extensions).toMatchObject({ start: 6, end: 7 });
  });
});

describe('a query that would fail', () => {
  const query = "select Nmae from pslist() where pid == '5' and\n  nonsense(pid)";

  it('is shown with all that is wrong, each at its place', async () => {
    const command = await runConsole(['query', 'validate', query]);
    expect(command.code).toBe(1);
    expect(command.stdout).toBe(
      [
        'Warning at 1:8: No source here declares a column named Nmae.',
        "1 | select Nmae from pslist() where pid == '5' and",
        '           ^^^^',
        'Warning at 1:33: A number and a string are never equal.',
        "1 | select Nmae from pslist() where pid == '5' and",
        '                                    ^^^^^^^^^^',
        'Error at 2:3: There is no function or source named nonsense.',
        '2 |   nonsense(pid)',
        '      ^^^^^^^^',
        '',
      ].join('\n'),
    );
    expect(command.stderr).toBe('rekall: the query would fail: 1 mistake\n');
    const rest = await viewer.http.post('/api/v1/queries/validate').send({ query });
    expect(rest.body).toMatchObject({
      valid: false,
      diagnostics: [
        { severity: 'warning', start: 7, end: 11, line: 1, column: 8 },
        { severity: 'warning', start: 32, end: 42, line: 1, column: 33 },
        { severity: 'error', start: 49, end: 57, line: 2, column: 3 },
      ],
    });
  });

  it('is not signed', async () => {
    const hunter = await api.as({ role: 'Hunter', scope: '*' });
    const hunt = { type: 'ListProcesses', labels: ['All'] };
    const condition = 'any from pslist() where nonsense(pid)';
    const refused = await hunter.http.post('/api/v1/hunts').send({ ...hunt, condition });
    expect([refused.status, refused.body]).toMatchObject([400, { code: 'efilter/check', start: 24, end: 32 }]);
    const files = { type: 'ListDirectory', path: '/etc', labels: ['All'] };
    const column = await hunter.http.post('/api/v1/hunts').send({ ...files, filter: 'st_sise > 5' });
    expect([column.status, column.body]).toMatchObject([400, { code: 'efilter/check', start: 0, end: 7 }]);
    expect((await hunter.http.post('/api/v1/hunts').send({ ...files, filter: 'st_size > 5' })).status).toBe(201);
  });
});

describe('a bare condition on rows', () => {
  const rows = 'listing';

  it('is valid where the rows have its columns, by command, REST and GraphQL', async () => {
    const query = 'st_size > {least} and filename =~ "log$"';
    const valid = { valid: true, text: "st_size > 100 and filename =~ 'log$'", diagnostics: [] };
    const command = await runConsole([
      ...['query', 'validate', '--rows', rows, '--parameters', '{"least": 100}', '--json', query],
    ]);
    expect([command.code, JSON.parse(command.stdout)]).toEqual([0, valid]);
    const parameters = { least: 100 };
    const rest = await viewer.http.post('/api/v1/queries/validate').send({ query, query_parameters: parameters, rows });
    expect([rest.status, rest.body]).toEqual([200, valid]);
    expect((await ask(viewer.http, VALIDATE, { query, parameters, rows })).data).toEqual({ validateQuery: valid });
  });

  it('is no query on its own', async () => {
    const command = await runConsole(['query', 'validate', 'st_size > 100']);
    expect(command.code).toBe(1);
    expect(command.stdout).toContain('Error at 1:1: There is no variable named st_size.');
    const rest = await viewer.http.post('/api/v1/queries/validate').send({ query: 'st_size > 100' });
    expect(rest.body).toMatchObject({ valid: false, diagnostics: [{ severity: 'error', start: 0, end: 7 }] });
  });

  it('is shown with what the rows do not have, and what can never hold', async () => {
    const query = "st_sise > 5 or st_size == '5'";
    const command = await runConsole(['query', 'validate', '--rows', rows, query]);
    expect([command.code, command.stderr]).toEqual([1, 'rekall: the query would fail: 1 mistake\n']);
    expect(command.stdout).toContain(`1 | ${query}\n    ^^^^^^^\n`);
    const diagnostics = [
      { severity: 'error', start: 0, end: 7, line: 1, column: 1 },
      { severity: 'warning', start: 15, end: 29, line: 1, column: 16 },
    ];
    const rest = await viewer.http.post('/api/v1/queries/validate').send({ query, rows });
    expect(rest.body).toMatchObject({ valid: false, diagnostics });
    const graphql = await ask(viewer.http, VALIDATE, { query, rows });
    expect(graphql.data).toMatchObject({ validateQuery: { valid: false, diagnostics } });
  });

  it('is about rows of a kind that there is', async () => {
    const command = await runConsole(['query', 'validate', '--rows', 'registry', 'true']);
    expect(command.code).toBe(2);
    expect(command.stderr).toContain('listing');
    const rest = await viewer.http.post('/api/v1/queries/validate').send({ query: 'true', rows: 'registry' });
    expect([rest.status, rest.body]).toMatchObject([400, { errors: [{ pointer: '/rows' }] }]);
    expect((await ask(viewer.http, VALIDATE, { query: 'true', rows: 'registry' })).codes).toHaveLength(1);
    const explained = await viewer.http.post('/api/v1/queries/explain').send({ query: 'true', rows });
    expect(explained.status).toBe(400);
  });
});

describe('what a query is given', () => {
  it('parameters as a list or by name, everywhere', async () => {
    const query = 'select Name from pslist() where pid == {pid}';
    const text = 'SELECT Name FROM pslist() WHERE pid == 5';
    const parameters = { pid: 5 };
    const command = await runConsole(['query', 'validate', '--json', '--parameters', '{"pid": 5}', query]);
    expect(JSON.parse(command.stdout)).toMatchObject({ valid: true, text });
    const rest = await viewer.http.post('/api/v1/queries/explain').send({ query, query_parameters: parameters });
    expect(rest.body).toMatchObject({
      text,
      sources: [{ arguments: { pids: [5] }, constraints: [{ column: 'pid', operator: '==', value: 5 }] }],
    });
    const graphql = await ask(viewer.http, VALIDATE, { query, parameters });
    expect(graphql.data).toMatchObject({ validateQuery: { valid: true, text } });
    const missing = await viewer.http.post('/api/v1/queries/validate').send({ query });
    expect(missing.body).toMatchObject({ code: 'efilter/parse', start: 39, end: 44 });
  });

  it('a file, and not nothing', async () => {
    const file = join(folder, 'hunt.efilter');
    await writeFile(file, '-- who listens\nselect pid from netstat() where state == "LISTEN"\n');
    expect((await runConsole(['query', 'validate', '--file', file])).stdout).toBe('valid\n');
    const nothing = await runConsole(['query', 'validate']);
    expect([nothing.code, nothing.stderr]).toEqual([
      2,
      'rekall: give a query or --file, one of the two (see --help)\n',
    ]);
    expect((await runConsole(['query', 'explain', '--parameters', '5', 'true'])).code).toBe(2);
  });
});
