import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertClient, insertRun, startTestApi, type TestApi } from '../support/api.js';

interface Hunt {
  hunt_id: string;
  state: string;
  spec_digest: string;
  stats: Record<string, number | string>;
  partial: boolean;
}
interface Problem {
  code: string;
  detail: string;
  status: number;
  start?: number;
  errors?: { pointer: string; code: string }[];
}

const HUNT = { type: 'ListProcesses', labels: ['All'] };
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const count = async (table: string, where: string, ...values: unknown[]): Promise<number> => {
  const { rows } = await api.sql.query<{ n: string }>(`SELECT count(*) AS n FROM ${table} WHERE ${where}`, values);
  return Number(rows[0]?.n);
};

describe('creating a hunt', () => {
  it('writes hunt, intent, change, queue mark and audit row together; the digest is that of the stored bytes', async () => {
    const { http, userId } = await api.as({ role: 'Hunter', scope: '*' });
    const answer = await http
      .post('/api/v1/hunts')
      .send({ ...HUNT, condition: "any from agent_info() where key=='system' and value=='Linux'" });
    expect(answer.status).toBe(201);
    const hunt = answer.body as Hunt;
    expect(hunt.hunt_id).toMatch(/^H_[0-9a-f]{16}$/);
    expect(hunt.state).toBe('Running');

    const { rows } = await api.sql.query<{ spec_payload: string; spec_digest: string; signature: string | null }>(
      'SELECT * FROM flow_attempts WHERE flow_id = $1',
      [hunt.hunt_id],
    );
    expect(rows).toHaveLength(1);
    expect(createHash('sha256').update(rows[0]!.spec_payload).digest('hex')).toBe(hunt.spec_digest);
    expect(rows[0]!.signature).toBeNull(); // the HTTP role cannot sign
    const spec = JSON.parse(rows[0]!.spec_payload) as Record<string, unknown>;
    expect(spec).toMatchObject({
      flow_id: hunt.hunt_id,
      target: { __type__: 'Labels', labels: ['All'] },
      report_skips: true,
    });
    expect(spec['requires']).toEqual(['action.collect.1', 'source.agent_info.1', 'source.pslist.1']);
    expect(JSON.stringify(spec)).not.toContain(userId); // what the server alone needs is never in it

    expect(await count('flow_changes', 'flow_id = $1 AND change = $2', hunt.hunt_id, 'launch')).toBe(1);
    expect(await count('queues', `id = 'label:All' AND wanted_seq > published_seq`)).toBe(1);
    expect(
      await count(
        'audit_events',
        `object_id = $1 AND action = 'hunts.create' AND outcome = 'done' AND actor = $2`,
        hunt.hunt_id,
        userId,
      ),
    ).toBe(1);
  });

  it('gives one hunt for one Idempotency-Key, also in parallel, and refuses another body under it', async () => {
    const { http } = await api.as({ role: 'Hunter', scope: '*' });
    const key = 'playbook-1';
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        http
          .post('/api/v1/hunts')
          .set('Idempotency-Key', key)
          .send({ ...HUNT, external_ref: 'idem-1' }),
      ),
    );
    expect(answers.map((a) => a.status)).toEqual(Array(8).fill(201));
    expect(new Set(answers.map((a) => (a.body as Hunt).hunt_id)).size).toBe(1);
    expect(await count('flows', 'external_ref = $1', 'idem-1')).toBe(1);

    const other = await http
      .post('/api/v1/hunts')
      .set('Idempotency-Key', key)
      .send({ ...HUNT, description: 'another' });
    expect(other.status).toBe(422);
    expect((other.body as Problem).code).toBe('request/idempotency-mismatch');
    const someoneElse = await api.as({ role: 'Hunter', scope: '*' });
    const theirs = await someoneElse.http
      .post('/api/v1/hunts')
      .set('Idempotency-Key', key)
      .send({ ...HUNT, external_ref: 'idem-1' });
    expect((theirs.body as Hunt).hunt_id).not.toBe((answers[0]!.body as Hunt).hunt_id);
    const bad = await http.post('/api/v1/hunts').set('Idempotency-Key', 'with space').send(HUNT);
    expect([bad.status, (bad.body as Problem).code]).toEqual([400, 'request/idempotency-key']);
  });

  it('shows where a query is wrong, with line and caret, and writes nothing', async () => {
    const { http } = await api.as({ role: 'Hunter', scope: '*' });
    const before = await count('flows', 'TRUE');
    const answer = await http.post('/api/v1/hunts').send({ ...HUNT, condition: 'any from pslist() where name ===' });
    expect(answer.status).toBe(400);
    const problem = answer.body as Problem;
    expect(problem.code).toBe('efilter/parse');
    expect(problem.errors).toMatchObject([{ pointer: '/condition' }]);
    expect(problem.detail).toMatch(/\n.*any from pslist\(\) where name ===\n\s*\^/);
    expect(await count('flows', 'TRUE')).toBe(before);
  });

  it.each([
    ['no labels', { type: 'ListProcesses', labels: [] }, '/labels'],
    ['an unknown field', { ...HUNT, role: 'Administrator' }, ''],
    ['an unknown type', { ...HUNT, type: 'Rootkit' }, '/type'],
    ['a label with a slash', { ...HUNT, labels: ['a/b'] }, '/labels/0'],
    ['a limit of zero', { ...HUNT, limit: 0 }, '/limit'],
    [
      'a collection without columns',
      { ...HUNT, type: 'Collect', query: 'select pid from pslist()', collection: { name: 'p', columns: [] } },
      '/collection/columns',
    ],
    [
      'a column name that is SQL',
      {
        ...HUNT,
        type: 'Collect',
        query: 'select pid from pslist()',
        collection: { name: 'p', columns: [{ name: 'a"; drop', type: 'int' }] },
      },
      '/collection/columns/0/name',
    ],
  ])('refuses %s', async (_what, body, pointer) => {
    const { http } = await api.as({ role: 'Hunter', scope: '*' });
    const answer = await http.post('/api/v1/hunts').send(body);
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const problem = answer.body as Problem;
    expect(problem.code).toBe('request/invalid');
    expect(problem.errors?.map((e) => e.pointer)).toContain(pointer);
  });

  it('refuses what the job file has no room for, also when two come at once, and writes nothing of it', async () => {
    const client = await insertClient(api.sql);
    const { http } = await api.as({ role: 'Investigator', scope: '*' });
    const large = {
      type: 'Collect',
      query: `select Name as name from pslist() where Name = '${'x'.repeat(25_000)}'`,
      collection: { name: 'names', columns: [{ name: 'name', type: 'unicode' }] },
    };
    const answers = [];
    for (let i = 0; i < 7; i++) answers.push(await http.post(`/api/v1/clients/${client}/flows`).send(large));
    const rest = await Promise.all(
      Array.from({ length: 6 }, () => http.post(`/api/v1/clients/${client}/flows`).send(large)),
    );
    const all = [...answers, ...rest];
    const accepted = all.filter((a) => a.status === 201).length;
    // 256 KiB hold at most ten of 25 kB, and each takes more than its query.
    expect(accepted).toBeGreaterThanOrEqual(7);
    expect(accepted).toBeLessThanOrEqual(9);
    for (const answer of all.filter((a) => a.status !== 201))
      expect([answer.status, (answer.body as Problem).code]).toEqual([409, 'flow/queue-full']);
    expect(await count('flows', 'client_id = $1', client)).toBe(accepted);
  });

  it('takes at most `limit` of the clients registered now: the bound is the limit-th smallest position plus one', async () => {
    const clients: string[] = [];
    for (let i = 0; i < 7; i++) clients.push(await insertClient(api.sql, ['sampled']));
    const { http } = await api.as({ role: 'Hunter', scope: 'label:sampled' });
    const answer = await http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['sampled'], limit: 3 });
    expect(answer.status).toBe(201);
    const { hunt_id: id, sample_below: below } = answer.body as Hunt & { sample_below: string };
    const taken = clients.filter(
      (c) =>
        createHash('sha256')
          .update(id + c)
          .digest('hex')
          .slice(0, 16) < below,
    );
    expect(taken).toHaveLength(3);
  });
});

describe('who may', () => {
  it('refuses a call without a token and with a token that holds nothing for it, and writes both down', async () => {
    const before = await count('flows', 'TRUE');
    const nobody = await api.anonymous.post('/api/v1/hunts').send(HUNT);
    expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, 'Bearer realm="rekall"']);
    const viewer = await api.as({ role: 'Viewer', scope: '*' });
    const refused = await viewer.http.post('/api/v1/hunts').send(HUNT);
    expect([refused.status, (refused.body as Problem).code]).toEqual([403, 'access/denied']);
    expect(await count('flows', 'TRUE')).toBe(before);
    expect(
      await count('audit_events', `actor = $1 AND action = 'hunts.create' AND outcome = 'denied'`, viewer.userId),
    ).toBe(1);
    expect(
      await count(
        'audit_events',
        `actor = 'anonymous' AND action = 'access.unauthenticated' AND object_id = 'POST /api/v1/hunts'`,
      ),
    ).toBeGreaterThan(0);
  });

  it('keeps a hunter within its labels: All needs the scope *', async () => {
    const { http, userId } = await api.as({ role: 'Hunter', scope: 'label:web' });
    const all = await http.post('/api/v1/hunts').send(HUNT);
    expect([all.status, (all.body as Problem).code]).toEqual([403, 'hunt/out-of-scope']);
    const mixed = await http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['web', 'db'] });
    expect(mixed.status).toBe(403);
    expect(await count('audit_events', `actor = $1 AND outcome = 'denied'`, userId)).toBe(2);
    const unknown = await http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['web'] });
    expect([unknown.status, (unknown.body as Problem).code]).toEqual([422, 'hunt/unknown-label']);
    const web = await insertClient(api.sql, ['web']);
    const own = await http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['web'] });
    expect(own.status).toBe(201);
    await api.sql.query('DELETE FROM client_labels WHERE client_id = $1', [web]);
    expect((await http.get(`/api/v1/hunts/${(own.body as Hunt).hunt_id}`)).status).toBe(200);
  });

  it('shows each the part of a hunt that is theirs, and says that it is a part', async () => {
    const red = await insertClient(api.sql, ['red']);
    const blue = await insertClient(api.sql, ['blue']);
    const admin = await api.as({ role: 'Hunter', scope: '*' });
    const { hunt_id: id } = (await admin.http.post('/api/v1/hunts').send(HUNT)).body as Hunt;
    await insertRun(api.sql, id, red, 'Done', 10);
    await insertRun(api.sql, id, blue, 'Error');

    const redUser = await api.as({ role: 'Examiner', scope: 'label:red' });
    const seen = (await redUser.http.get(`/api/v1/hunts/${id}`)).body as Hunt;
    expect(seen.partial).toBe(true);
    expect(seen.stats).toMatchObject({ done: 1, error: 0, expected: 1, rows: '10', progress: 'Done 1/1' });
    const clients = (await redUser.http.get(`/api/v1/hunts/${id}/clients`)).body as { items: { client_id: string }[] };
    expect(clients.items.map((c) => c.client_id)).toEqual([red]);
    const curve = (await redUser.http.get(`/api/v1/hunts/${id}/recruitment`)).body as {
      points: { finished: number }[];
      partial: boolean;
    };
    expect([curve.points.length, curve.partial]).toEqual([1, true]);
  });

  it('answers 404 for what is not in scope, as for what is not there, and the audit log knows the difference', async () => {
    await insertClient(api.sql, ['secret']);
    const { http: creator } = await api.as({ role: 'Hunter', scope: 'label:secret' });
    const { hunt_id: id } = (await creator.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['secret'] }))
      .body as Hunt;
    const other = await api.as({ role: 'Hunter', scope: 'label:other' });
    const hidden = await other.http.get(`/api/v1/hunts/${id}`);
    const missing = await other.http.get('/api/v1/hunts/H_0000000000000000');
    expect([hidden.status, missing.status]).toEqual([404, 404]);
    expect((hidden.body as Problem).detail.replace(id, 'ID')).toBe(
      (missing.body as Problem).detail.replace('H_0000000000000000', 'ID'),
    );
    expect((await other.http.post(`/api/v1/hunts/${id}/stop`).send({})).status).toBe(404);
    expect(await count('audit_events', `actor = $1 AND object_id = $2 AND outcome = 'denied'`, other.userId, id)).toBe(
      2,
    );
    expect(await count('flows', `id = $1 AND hunt_state = 'Running'`, id)).toBe(1);
  });

  it.each([
    'garbage',
    'Bearer',
    'Bearer T_0000000000000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'Basic dXNlcjpwYXNz',
    `Bearer ${'x'.repeat(100_00)}`,
  ])('refuses the credentials %.40s', async (header) => {
    const answer = await api.anonymous.get('/api/v1/me').set('authorization', header);
    expect([answer.status, (answer.body as Problem).code]).toEqual([401, 'auth/invalid-token']);
  });

  it('refuses an expired, a revoked and a disabled user’s token', async () => {
    for (const change of [
      'UPDATE api_tokens SET expires_at = now() WHERE id = $1',
      'UPDATE api_tokens SET revoked_at = now() WHERE id = $1',
      'UPDATE users SET disabled_at = now() WHERE id = (SELECT user_id FROM api_tokens WHERE id = $1)',
    ]) {
      const { http, token } = await api.as({ role: 'Viewer', scope: '*' });
      expect((await http.get('/api/v1/me')).status).toBe(200);
      await api.sql.query(change, [token.split('.')[0]]);
      expect((await http.get('/api/v1/me')).status).toBe(401);
    }
  });

  it('gives a grant that has ended nothing', async () => {
    const { http, userId } = await api.as({ role: 'Viewer', scope: '*' });
    await api.sql.query(`UPDATE grants SET valid_until = now() WHERE subject_id = $1`, [userId]);
    expect((await http.get('/api/v1/hunts')).status).toBe(403);
  });

  it('lets a token with grants of its own do only what both allow', async () => {
    const { http, token } = await api.as({ role: 'Hunter', scope: '*' });
    const web = await insertClient(api.sql, ['tokenweb']);
    await insertClient(api.sql, ['tokendb']);
    await api.sql.query(
      `INSERT INTO grants (id, subject_kind, subject_id, role, scope, created_by) VALUES ($1, 'token', $2, 'Viewer', 'label:tokenweb', 'U_test')`,
      [`G_${token.slice(2, 18)}`, token.split('.')[0]],
    );
    expect((await http.post('/api/v1/hunts').send(HUNT)).status).toBe(403);
    const clients = (await http.get('/api/v1/clients')).body as { items: { client_id: string }[] };
    expect(clients.items.map((c) => c.client_id)).toEqual([web]);
  });
});

describe('stopping a hunt', () => {
  it('cancels its entry once, marks the queue and writes the act down', async () => {
    const { http } = await api.as({ role: 'Hunter', scope: '*' });
    const { hunt_id: id } = (await http.post('/api/v1/hunts').send(HUNT)).body as Hunt;
    const wanted = async () =>
      (await api.sql.query<{ wanted_seq: string }>(`SELECT wanted_seq FROM queues WHERE id = 'label:All'`)).rows[0]!
        .wanted_seq;
    const before = Number(await wanted());
    const stopped = await http.post(`/api/v1/hunts/${id}/stop`).send({ reason: 'enough' });
    expect([stopped.status, (stopped.body as Hunt).state]).toEqual([200, 'Stopped']);
    expect(Number(await wanted())).toBe(before + 1);
    expect(await count('flows', `id = $1 AND entry_state = 'cancelled' AND ended_at IS NOT NULL`, id)).toBe(1);
    const again = await http.post(`/api/v1/hunts/${id}/stop`).send({});
    expect([again.status, (again.body as Hunt).state]).toEqual([200, 'Stopped']);
    expect(await count('flow_changes', `flow_id = $1 AND change = 'stop'`, id)).toBe(1);
  });
});

describe('lists', () => {
  it('page through everything once, and a cursor works only for its own user and query', async () => {
    const { http } = await api.as({ role: 'Hunter', scope: '*' });
    for (let i = 0; i < 5; i++) await http.post('/api/v1/hunts').send(HUNT);
    const total = await count('flows', 'is_hunt');
    const seen: string[] = [];
    let cursor: string | null = null;
    let first: string | null = null;
    do {
      const page = (await http.get('/api/v1/hunts').query({ limit: 3, ...(cursor === null ? {} : { cursor }) }))
        .body as { items: Hunt[]; next_cursor: string | null };
      seen.push(...page.items.map((h) => h.hunt_id));
      cursor = page.next_cursor;
      first ??= cursor;
    } while (cursor !== null);
    expect(seen).toHaveLength(total);
    expect(new Set(seen).size).toBe(total);

    const other = await api.as({ role: 'Hunter', scope: '*' });
    for (const attempt of [
      other.http.get('/api/v1/hunts').query({ cursor: first }),
      http.get('/api/v1/clients').query({ cursor: first }),
      http.get('/api/v1/hunts').query({ cursor: `${first!.slice(0, -2)}AA` }),
      http.get('/api/v1/hunts').query({ cursor: 'x' }),
    ]) {
      const answer = await attempt;
      expect([answer.status, (answer.body as Problem).code]).toEqual([400, 'request/bad-cursor']);
    }
    expect((await http.get('/api/v1/hunts').query({ limit: 1e9 })).status).toBe(400);
    expect((await http.get('/api/v1/hunts').query({ order_by: 'secret_hash' })).status).toBe(400);
  });
});

describe('the audit log', () => {
  it('can be changed by nobody: not by the application, not by the owner', async () => {
    const { Client } = await import('pg');
    for (const connectionString of [api.database.url, api.database.migrateUrl]) {
      const client = new Client({ connectionString });
      await client.connect();
      await expect(client.query(`UPDATE audit_events SET actor = 'x'`)).rejects.toThrow(
        /insert-only|permission denied/,
      );
      await expect(client.query('DELETE FROM audit_events')).rejects.toThrow(/insert-only|permission denied/);
      await expect(client.query('TRUNCATE audit_events')).rejects.toThrow(/insert-only|permission denied/);
      await client.end();
    }
  });
});
