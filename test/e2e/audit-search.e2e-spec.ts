import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, insertClient, startTestApi, type TestApi } from '../support/api.js';

let api: TestApi;
let auditor: Caller;

beforeAll(async () => {
  api = await startTestApi();
  auditor = await api.as({ role: 'Auditor', scope: '*' });
});
afterAll(() => api.close());

interface Event {
  id: string;
  at: string;
  action: string;
  object_kind: string;
  object_id: string | null;
  outcome: string;
  request_id: string;
  details: Record<string, unknown>;
}

const search = async (
  query: Record<string, string | number>,
): Promise<{ items: Event[]; next_cursor: string | null }> => {
  const answer = await auditor.http.get('/api/v1/audit').query(query);
  expect(answer.status).toBe(200);
  return answer.body as { items: Event[]; next_cursor: string | null };
};

/** Every event of one caller, oldest first, as it lies in the database. */
const eventsOf = async (caller: Caller): Promise<Event[]> =>
  (await api.sql.query<Event>('SELECT * FROM audit_events WHERE actor = $1 ORDER BY id', [caller.userId])).rows;

describe('what is on record', () => {
  it.each([
    ['/api/v1/bucket?prefix=hunts/', 'bucket.read', 'object', 'hunts/'],
    ['/api/v1/quarantine', 'quarantine.read', 'quarantine', null],
    ['/api/v1/audit?outcome=denied', 'audit.read', 'audit', null],
  ])('a read by GET %s is one event', async (path, action, object_kind, object_id) => {
    const admin = await api.as({ role: 'Administrator', scope: '*' });
    const answer = await admin.http.get(path);
    expect(answer.status).toBe(200);
    expect(await eventsOf(admin)).toMatchObject([
      { action, object_kind, object_id, outcome: 'done', request_id: answer.headers['x-request-id'] },
    ]);
  });

  it.each([
    ['Viewer', '*', 'GET', '/api/v1/audit', 'audit.read', 'route'],
    ['Auditor', 'label:Lab', 'GET', '/api/v1/audit', 'audit.read', 'audit'],
    ['Administrator', 'label:Lab', 'GET', '/api/v1/bucket', 'bucket.read', 'object'],
    ['Viewer', '*', 'POST', '/api/v1/hunts', 'hunts.create', 'route'],
    ['Hunter', 'label:Lab', 'POST', '/api/v1/hunts', 'hunts.create', 'labels'],
  ] as const)('a denial of %s on %s by %s %s is one event', async (role, scope, method, path, action, object_kind) => {
    const caller = await api.as({ role, scope });
    const body = { type: 'ListProcesses', labels: ['All'] };
    const answer = await (method === 'GET' ? caller.http.get(path) : caller.http.post(path).send(body));
    expect(answer.status).toBe(403);
    expect(await eventsOf(caller)).toMatchObject([
      { action, object_kind, outcome: 'denied', request_id: answer.headers['x-request-id'] },
    ]);
  });

  it('a refusal that the guard lets pass and the service makes is one event', async () => {
    const viewer = await api.as({ role: 'Viewer', scope: '*' });
    const hunter = await api.as({ role: 'Hunter', scope: '*' });
    const made = await hunter.http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['All'] });
    const { hunt_id } = made.body as { hunt_id: string };
    expect((await viewer.http.get(`/api/v1/hunts/${hunt_id}/rows`)).status).toBe(403);
    expect(await eventsOf(viewer)).toMatchObject([{ action: 'collections.read', outcome: 'denied' }]);
  });

  it.each<[string, object]>([
    ['hunt/unknown-label', { type: 'ListProcesses', labels: ['Nobody'] }],
    ['request/invalid', { type: 'nothing' }],
  ])('a change that fails, %s, is one event with the code of the answer', async (code, body) => {
    const hunter = await api.as({ role: 'Hunter', scope: '*' });
    const answer = await hunter.http.post('/api/v1/hunts').send(body);
    expect(answer.body).toMatchObject({ code });
    expect(await eventsOf(hunter)).toMatchObject([
      {
        action: 'hunts.create',
        object_kind: 'route',
        object_id: 'POST /api/v1/hunts',
        outcome: 'failed',
        details: { code },
        request_id: answer.headers['x-request-id'],
      },
    ]);
  });

  it('a change that comes about is one event, a wrong question none', async () => {
    const client = await insertClient(api.sql, ['Lab']);
    const admin = await api.as({ role: 'Administrator', scope: '*' });
    const made = await admin.http.post(`/api/v1/clients/${client}/flows`).send({ type: 'ListProcesses' });
    expect(made.status).toBe(201);
    expect((await admin.http.get('/api/v1/hunts').query({ limit: 0 })).status).toBe(400);
    expect(await eventsOf(admin)).toMatchObject([{ action: 'flows.create', outcome: 'done' }]);
  });
});

describe('GET /audit', () => {
  it('finds by actor, action, object, outcome and time, all together', async () => {
    const hunter = await api.as({ role: 'Hunter', scope: '*' });
    const made = await hunter.http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['All'] });
    const { hunt_id } = made.body as { hunt_id: string };
    await hunter.http.get('/api/v1/audit');
    const mine = await search({ actor: hunter.userId });
    expect(mine.items.map((e) => [e.action, e.outcome])).toEqual([
      ['audit.read', 'denied'],
      ['hunts.create', 'done'],
    ]);
    expect((await search({ actor: hunter.userId, outcome: 'denied' })).items).toHaveLength(1);
    expect((await search({ object_kind: 'hunt', object_id: hunt_id })).items).toMatchObject([
      { action: 'hunts.create', seq: null, chain_hash: null },
    ]);
    expect((await search({ actor: hunter.userId, action: 'hunts.stop' })).items).toEqual([]);
    const at = mine.items[1]!.at;
    expect((await search({ actor: hunter.userId, action: 'hunts.create', from: at })).items).toHaveLength(1);
    expect((await search({ actor: hunter.userId, action: 'hunts.create', to: at })).items).toEqual([]);
  });

  it('pages to the end, newest first, while searches are added to the log', async () => {
    const viewer = await api.as({ role: 'Viewer', scope: '*' });
    for (let i = 0; i < 5; i++) await viewer.http.get('/api/v1/audit');
    const found: Event[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await search({ actor: viewer.userId, limit: 2, ...(cursor === '' ? {} : { cursor }) });
      found.push(...page.items);
      cursor = page.next_cursor;
    }
    const ids = found.map((e) => BigInt(e.id));
    expect(ids).toHaveLength(5);
    expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? 1 : -1)));
  });

  it.each<[string, Record<string, string>]>([
    ['an unknown action', { action: 'hunts.dance' }],
    ['an unknown outcome', { outcome: 'maybe' }],
    ['an unknown kind of object', { object_kind: 'teapot' }],
    ['a time without a zone', { from: '2026-03-01T12:00:00' }],
    ['an end before the beginning', { from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z' }],
    ['a NUL', { actor: 'a\0b' }],
    ['too many', { limit: '1001' }],
    ['another column to sort by', { order_by: 'secret_hash' }],
    ['no cursor of ours', { cursor: 'AAAA' }],
  ])('refuses %s', async (_, query) => {
    const answer = await auditor.http.get('/api/v1/audit').query(query);
    expect({ status: answer.status, body: answer.body as unknown }).toMatchObject({ status: 400 });
  });

  it('refuses the cursor of another user, and of another question', async () => {
    const other = await api.as({ role: 'Auditor', scope: '*' });
    const { next_cursor } = await search({ limit: 1 });
    const of = (caller: Caller, query: object) =>
      caller.http.get('/api/v1/audit').query({ ...query, cursor: next_cursor });
    expect((await of(other, { limit: 1 })).body).toMatchObject({ code: 'request/bad-cursor' });
    expect((await of(auditor, { limit: 1, outcome: 'done' })).body).toMatchObject({ code: 'request/bad-cursor' });
  });
});
