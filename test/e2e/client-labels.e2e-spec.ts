import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, insertClient, startTestApi, type TestApi } from '../support/api.js';
import { answered } from '../support/graphql.js';

interface Problem {
  code: string;
  detail: string;
}
interface Labelled {
  items: { client_id: string; labels: string[] }[];
}

let api: TestApi;
/** Gives labels of `web` and `db`. */
let local: Caller;

beforeAll(async () => {
  api = await startTestApi();
  local = await api.as({ role: 'Investigator', scope: 'label:web' }, { role: 'Investigator', scope: 'label:db' });
});
afterAll(() => api.close());

const labelsOf = async (clientId: string): Promise<string[]> => {
  const { rows } = await api.sql.query<{ label: string }>(
    'SELECT label FROM client_labels WHERE client_id = $1 ORDER BY label',
    [clientId],
  );
  return rows.map((row) => row.label);
};
const count = async (table: string, where: string, ...values: unknown[]): Promise<number> => {
  const { rows } = await api.sql.query<{ n: string }>(`SELECT count(*) AS n FROM ${table} WHERE ${where}`, values);
  return Number(rows[0]?.n);
};
const codeOf = (answer: { status: number; body: unknown }): [number, string] => [
  answer.status,
  (answer.body as Problem).code,
];

describe('labels of clients', () => {
  it('are given once however often: one change, one queue mark, by whom', async () => {
    const client = await insertClient(api.sql, ['web']);
    const give = () => local.http.put(`/api/v1/clients/${client}/labels/db`);
    expect(((await give()).body as Labelled).items).toEqual([{ client_id: client, labels: ['db', 'web'] }]);
    expect((await give()).status).toBe(200);
    expect(
      await count('client_changes', `client_id = $1 AND change = 'labels' AND by = $2`, client, local.userId),
    ).toBe(1);
    expect(await count('queues', `id = $1 AND wanted_seq = 1 AND published_seq = 0`, `client:${client}`)).toBe(1);
    expect(await count('client_labels', `client_id = $1 AND label = 'db' AND by = $2`, client, local.userId)).toBe(1);
  });

  it('move a client only between labels of one’s own scope: both sides are looked at', async () => {
    const client = await insertClient(api.sql, ['web', 'secret']);
    const move = (add: string[], remove: string[]) =>
      local.http.post('/api/v1/clients/labels').send({ clients: [client], add, remove });
    expect(codeOf(await move(['other'], ['web']))).toEqual([403, 'label/out-of-scope']);
    expect(codeOf(await move(['db'], ['secret']))).toEqual([403, 'label/out-of-scope']);
    expect(codeOf(await local.http.put(`/api/v1/clients/${client}/labels/other`))).toEqual([403, 'label/out-of-scope']);
    expect(codeOf(await local.http.delete(`/api/v1/clients/${client}/labels/secret`))).toEqual([
      403,
      'label/out-of-scope',
    ]);
    expect(await labelsOf(client)).toEqual(['secret', 'web']);
    expect(
      await count('audit_events', `actor = $1 AND outcome = 'denied' AND action = 'clients.label'`, local.userId),
    ).toBe(4);
    expect((await move(['db'], ['web'])).status).toBe(200);
    expect(await labelsOf(client)).toEqual(['db', 'secret']);
  });

  it('of many change together or not at all: each client is looked at', async () => {
    const [mine, theirs] = [await insertClient(api.sql, ['web']), await insertClient(api.sql, ['other'])];
    const send = (...clients: string[]) => local.http.post('/api/v1/clients/labels').send({ clients, add: ['db'] });
    const refused = await send(mine, theirs);
    expect(refused.status).toBe(404);
    expect((refused.body as Problem).detail).toContain(theirs);
    expect((refused.body as Problem).detail).not.toContain(mine);
    expect([await labelsOf(mine), await labelsOf(theirs)]).toEqual([['web'], ['other']]);
    expect((await send(mine, 'C.0000000000000000')).status).toBe(404);
    const second = await insertClient(api.sql, ['db']);
    expect((await send(mine, second, mine)).status).toBe(200);
    expect(await count('client_changes', `client_id = ANY($1)`, [mine, second])).toBe(1); // the second has it already
  });

  it('are eight at most: each has a queue', async () => {
    const client = await insertClient(
      api.sql,
      Array.from({ length: 8 }, (_, i) => `l${String(i)}`),
    );
    const { http } = await api.as({ role: 'Investigator', scope: '*' });
    expect(codeOf(await http.put(`/api/v1/clients/${client}/labels/ninth`))).toEqual([409, 'label/too-many']);
    const swap = await http.post('/api/v1/clients/labels').send({ clients: [client], add: ['ninth'], remove: ['l0'] });
    expect(swap.status).toBe(200);
  });

  it('given at the same time by several are never more than eight', async () => {
    const client = await insertClient(api.sql, ['web']);
    const { http } = await api.as({ role: 'Investigator', scope: '*' });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => http.put(`/api/v1/clients/${client}/labels/p${String(i)}`)),
    );
    expect(answers.filter((a) => a.status === 200)).toHaveLength(7);
    expect(await labelsOf(client)).toHaveLength(8);
  });

  it.each([
    ['the label of all', { add: ['All'] }],
    ['a label with a slash', { add: ['a/b'] }],
    ['a lone surrogate', { add: ['\ud800'] }],
    ['nothing to do', {}],
    ['a label that is given and taken', { add: ['web'], remove: ['web'] }],
    ['no client', { clients: [], add: ['web'] }],
    ['1,001 clients', { clients: Array(1001).fill('C.0000000000000000'), add: ['web'] }],
    ['an unknown field', { add: ['web'], claims: ['web'] }],
  ])('take no %s', async (_what, body) => {
    const client = await insertClient(api.sql, ['web']);
    const answer = await local.http.post('/api/v1/clients/labels').send({ clients: [client], ...body });
    expect(answer.status).toBe(400);
    expect(await labelsOf(client)).toEqual(['web']);
  });
});

describe('the list of labels', () => {
  it('has those of the clients that one may see, with how many of these have each, on both doors', async () => {
    await insertClient(api.sql, ['seen', 'shared']);
    await insertClient(api.sql, ['seen']);
    await insertClient(api.sql, ['shared', 'unseen']);
    const { http } = await api.as({ role: 'Viewer', scope: 'label:seen' });
    const expected = [
      ['seen', 2],
      ['shared', 1],
    ];
    const rest = (await http.get('/api/v1/labels')).body as { items: { label: string; clients: number }[] };
    expect(rest.items.map(({ label, clients }) => [label, clients])).toEqual(expected);
    const { labels } = await answered<{ labels: { nodes: { label: string; clients: string }[] } }>(
      http,
      '{ labels { nodes { label clients } } }',
    );
    expect(labels.nodes.map(({ label, clients }) => [label, Number(clients)])).toEqual(expected);
    const first = (await http.get('/api/v1/labels?limit=1')).body as { next_cursor: string };
    const second = await http.get(`/api/v1/labels?limit=1&cursor=${first.next_cursor}`);
    expect(second.body).toEqual({ items: [{ label: 'shared', clients: 1 }], next_cursor: null });
  });
});

describe('a hunt over a label of one’s own and another', () => {
  it('is seen in part, and not stopped for the others', async () => {
    await insertClient(api.sql, ['web']);
    await insertClient(api.sql, ['other']);
    const { http } = await api.as({ role: 'Hunter', scope: '*' });
    const made = await http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['web', 'other'] });
    const { hunt_id: id } = made.body as { hunt_id: string };
    const part = await api.as({ role: 'Hunter', scope: 'label:web' });
    expect((await part.http.get(`/api/v1/hunts/${id}`)).body).toMatchObject({ partial: true });
    const own = await part.http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['web'] });
    expect([own.status, (own.body as { partial: boolean }).partial]).toEqual([201, true]);
    expect(codeOf(await part.http.post(`/api/v1/hunts/${id}/stop`).send({}))).toEqual([403, 'hunt/out-of-scope']);
    expect(await count('flows', `id = $1 AND hunt_state = 'Running'`, id)).toBe(1);
  });
});
