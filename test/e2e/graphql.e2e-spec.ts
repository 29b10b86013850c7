import { type DynamicModule, Module } from '@nestjs/common';
import { Query, Resolver } from '@nestjs/graphql';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpApp } from '../../apps/api/src/http-app.js';
import { HttpModule } from '../../apps/api/src/http.module.js';
import { loadConfig } from '../../apps/api/src/platform/config/env.js';
import { insertClient, insertRun, startTestApi, type TestApi } from '../support/api.js';
import { answered, ask } from '../support/graphql.js';
import { statementsOf } from '../support/statements.js';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const hex = (): string => randomBytes(8).toString('hex');
const count = async (where: string, ...values: unknown[]): Promise<number> => {
  const { rows } = await api.sql.query<{ n: string }>(`SELECT count(*) AS n FROM audit_events WHERE ${where}`, values);
  return Number(rows[0]?.n);
};

/** A collection as intake would have written it; its file is not there. */
const insertCollection = (flowId: string, clientId: string): Promise<unknown> =>
  api.sql.query(
    `INSERT INTO collections (id, flow_id, client_id, attempt, name, key, etag, stored_bytes, stored_sha256,
       content_bytes, content_sha256, schema, row_counts, rows, reported_at)
     VALUES ($1, $2, $3, 1, 'pslist', $1, 'e', 1, $4, 1, $4, $5, '{"pslist":1}', 1, now())`,
    [
      `CL_${hex()}`,
      flowId,
      clientId,
      '0'.repeat(64),
      JSON.stringify({
        __type__: 'Collection',
        name: 'pslist',
        tables: [{ name: 'pslist', columns: [{ name: 'pid', type: 'int' }], indexes: [] }],
      }),
    ],
  );

const insertFlow = async (clientId: string | null, labels: string[] = []): Promise<string> => {
  const id = `${clientId === null ? 'H' : 'F'}_${hex()}`;
  await api.sql.query(
    `INSERT INTO flows (id, is_hunt, type, creator, created_at, expires_at, client_id, labels, hunt_state, request, change_seq)
     VALUES ($1, $2, 'ListProcesses', 'U_test', now(), now() + interval '1 day', $3, $4, $5, '{}', 1)`,
    [id, clientId === null, clientId, labels, clientId === null ? 'Running' : null],
  );
  await api.sql.query(
    `INSERT INTO flow_attempts (flow_id, attempt, spec_digest, spec_payload) VALUES ($1, 1, $2, '{}')`,
    [id, '0'.repeat(64)],
  );
  return id;
};

describe('the door', () => {
  it('answers nobody who is not signed in, not even with the schema, and writes it down', async () => {
    for (const query of ['{ __typename }', '{ __schema { types { name } } }', '{ me { id } }', '{ nonsense', '']) {
      const answer = await ask(api.anonymous, query);
      expect([answer.status, answer.codes, answer.data]).toEqual([401, ['auth/invalid-token'], undefined]);
      expect(answer.response.headers['www-authenticate']).toBe('Bearer realm="rekall"');
    }
    expect(await count(`actor = 'anonymous' AND object_id = 'POST /graphql'`)).toBe(5);
  });

  it('shows the schema to who is signed in', async () => {
    const { http } = await api.as({ role: 'Viewer', scope: '*' });
    const { __schema } = await answered<{ __schema: { types: { name: string }[] } }>(
      http,
      '{ __schema { types { name fields { name type { name ofType { name ofType { name ofType { name } } } } } } } }',
    );
    expect(__schema.types.map(({ name }) => name)).toEqual(expect.arrayContaining(['Hunt', 'Client', 'Rows']));
  });

  it('is asked by POST of JSON only, one operation a request', async () => {
    const { http } = await api.as({ role: 'Viewer', scope: '*' });
    expect((await http.get('/graphql?query={me{id}}')).status).toBe(404);
    const form = await http.post('/graphql').type('form').send('query={me{id}}');
    expect([form.status, form.text.includes('"data"')]).toEqual([415, false]);
    const text = await http.post('/graphql').type('text/plain').send('{"query":"{me{id}}"}');
    expect(text.status).toBeGreaterThanOrEqual(400);
    expect(text.text).not.toContain('"data"');
    const batch = await http.post('/graphql').send([{ query: '{ me { id } }' }, { query: '{ me { id } }' }]);
    expect([batch.status, batch.text.includes('"data"')]).toEqual([400, false]);
    const two = await ask(http, 'query A { me { id } } query B { me { id } }');
    expect(two.codes[0]).toBe('request/too-complex');
  });

  it('does not start with a resolver that declares no rule', async () => {
    @Resolver()
    class Forgotten {
      @Query(() => String)
      secret(): string {
        return 'open';
      }
    }
    @Module({ providers: [Forgotten] })
    class WithMore {
      static of(all: DynamicModule): DynamicModule {
        return { module: WithMore, imports: [all] };
      }
    }
    const config = loadConfig('http', {
      DATABASE_URL: api.database.url,
      S3_ENDPOINT: api.store.url,
      S3_BUCKET: 'evidence',
      S3_ACCESS_KEY: 'service-key',
      S3_SECRET_KEY: 'secret-of-the-service',
      REKALL_DEPLOYMENT: 'd'.repeat(32),
      REKALL_CURSOR_KEY: 'c'.repeat(64),
      REKALL_SESSION_KEY: '5'.repeat(64),
      LOG_LEVEL: 'silent',
    });
    const app = await createHttpApp(config, WithMore.of(HttpModule.of(config)));
    await expect(app.init()).rejects.toThrow(/no @Access or @Public on Forgotten\.secret \(GRAPHQL Query\.secret\)/);
    await app.close();
  });
});

describe('limits, before anything runs', () => {
  /** Three levels a turn. */
  const nested = (turns: number): string =>
    Array.from({ length: turns }).reduce<string>((inner) => `flows(first: 1) { nodes { client { ${inner} } } }`, 'id');

  it.each([
    ['first: 1e9', '{ clients(first: 1000000000) { nodes { id } } }', 'request/invalid'],
    ['first: 0', '{ clients(first: 0) { nodes { id } } }', 'request/invalid'],
    ['first: -1', '{ hunts { nodes { clients(first: -1) { nodes { hostname } } } } }', 'request/invalid'],
    ['first: 1001', '{ clients(first: 1001) { nodes { id } } }', 'request/invalid'],
    [
      'lists in lists',
      '{ clients(first: 1000) { nodes { flows(first: 100) { nodes { collections(first: 10) { nodes { id } } } } } } }',
      'request/too-complex',
    ],
    ['readers for many hunts', '{ hunts(first: 100) { nodes { rows { rows } } } }', 'request/too-complex'],
    [
      'aliases',
      `{ ${Array.from({ length: 31 }, (_, i) => `a${String(i)}: __typename`).join(' ')} }`,
      'request/too-complex',
    ],
    ['root fields', `{ ${'__typename '.repeat(21)} }`, 'request/too-complex'],
    ['tokens', `{ me { ${'id '.repeat(2100)} } }`, 'request/invalid'],
    ['two changes', 'mutation { a: revokeToken(id: "x") b: revokeToken(id: "x") }', 'request/too-complex'],
    ['a fragment in itself', '{ me { ...a } } fragment a on Me { id ...a }', 'request/invalid'],
    ['fragments in a circle', '{ me { ...a } } fragment a on Me { ...b } fragment b on Me { ...a }', 'request/invalid'],
    [
      'fragments that double',
      `{ me { ...f0 } } ${Array.from({ length: 40 }, (_, i) => `fragment f${String(i)} on Me { ...f${String(i + 1)} ...f${String(i + 1)} }`).join(' ')} fragment f40 on Me { id }`,
      'request/invalid',
    ],
    ['an unknown field', '{ me { password } }', 'request/invalid'],
    ['a NUL', '{ clients(hostname: "\\u0000") { nodes { id } } }', 'request/invalid'],
    ['half a surrogate pair', '{ clients(hostname: "\\ud800") { nodes { id } } }', 'request/invalid'],
  ])('refuse %s', async (_what, query, code) => {
    const { http } = await api.as({ role: 'Administrator', scope: '*' });
    await ask(http, '{ me { id } }'); // the token's last use is written down once a minute
    let answer: Awaited<ReturnType<typeof ask>> | undefined;
    const statements = await statementsOf(async () => (answer = await ask(http, query)));
    expect([answer?.status, answer?.codes[0], answer?.data]).toEqual([400, code, undefined]);
    expect(statements).toBeLessThanOrEqual(2); // who asks, and nothing else
  });

  it('refuse depth, also through fragments', async () => {
    const { http } = await api.as({ role: 'Examiner', scope: '*' });
    const id = await insertClient(api.sql);
    expect((await ask(http, `{ client(id: "${id}") { ${nested(4)} } }`)).codes).toEqual([]);
    for (const query of [
      `{ client(id: "${id}") { ${nested(5)} } }`,
      `{ client(id: "${id}") { ...f } } fragment f on Client { ${nested(5)} }`,
    ])
      expect((await ask(http, query)).codes).toEqual(['request/too-complex']);
  });

  it('refuse 1 MB of query without reading it', async () => {
    const { http } = await api.as({ role: 'Viewer', scope: '*' });
    const answer = await http.post('/graphql').send({ query: `{ me { id } } #${'x'.repeat(1024 * 1024)}` });
    expect(answer.status).toBe(413);
  });

  it('are in every answer, with what the query may cost, and in the refusal', async () => {
    const { http } = await api.as({ role: 'Examiner', scope: '*' });
    type Cost = { extensions: { cost: { requested: number; limit: number } } };
    const costOf = async (query: string): Promise<number> => {
      const { response } = await ask(http, query);
      const { requested, limit } = (response.body as Cost).extensions.cost;
      expect(limit).toBe(20_000);
      return requested;
    };
    expect(await costOf('{ me { id } }')).toBe(1);
    // A list and its ten clients, each with a list and its flows: 1 + 10 x (1 + (1 + 5 x 1)), with nodes counted as objects.
    const ten = await costOf('{ clients(first: 10) { nodes { id flows(first: 5) { nodes { id } } } } }');
    expect(await costOf('{ clients(first: 20) { nodes { id flows(first: 5) { nodes { id } } } } }')).toBe(2 * ten - 1);
    const refused = await ask(http, '{ clients(first: 1000) { nodes { flows(first: 100) { nodes { id } } } } }');
    expect(refused.errors[0]!.extensions).toMatchObject({ code: 'request/too-complex', limit: 20_000 });
    expect(refused.errors[0]!.extensions['cost']).toBeGreaterThan(100_000);
  });

  it('let through what analysts ask: a page of a thousand clients with their flows', async () => {
    const { http } = await api.as({ role: 'Examiner', scope: '*' });
    await answered(http, '{ clients(first: 1000) { nodes { id labels flows(first: 5) { nodes { id state } } } } }');
  });
});

describe('pages', () => {
  it('follow each other, by cursors that are REST’s too, of this caller and this query only', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await insertClient(api.sql, ['paged']));
    ids.sort();
    const { http } = await api.as({ role: 'Viewer', scope: 'label:paged' });
    type Page = { clients: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } };
    const query =
      'query ($after: String) { clients(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
    const seen: string[] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const { clients }: Page = await answered<Page>(http, query, { after });
      seen.push(...clients.nodes.map(({ id }) => id));
      ({ hasNextPage: more, endCursor: after } = clients.pageInfo);
    }
    expect(seen).toEqual(ids);

    const rest = await http.get('/api/v1/clients?limit=2');
    const { next_cursor: cursor } = rest.body as { next_cursor: string };
    const second = await answered<Page>(http, query, { after: cursor });
    expect(second.clients.nodes.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    const edges = await answered<{ clients: { edges: { cursor: string; node: { id: string } }[] } }>(
      http,
      '{ clients(first: 5) { edges { cursor node { id } } } }',
    );
    const third = await http.get(`/api/v1/clients?cursor=${edges.clients.edges[2]!.cursor}`);
    expect((third.body as { items: { client_id: string }[] }).items.map((c) => c.client_id)).toEqual(ids.slice(3));

    const other = await api.as({ role: 'Viewer', scope: 'label:paged' });
    for (const [who, text] of [
      [other.http, query],
      [http, query.replace('first: 2', 'first: 2, label: "paged"')],
      [http, query.replace('clients(', 'hunts(')],
    ] as const)
      expect((await ask(who, text, { after: cursor })).codes).toEqual(['request/bad-cursor']);
  });
});

describe('two people with different labels', () => {
  it('see each their own part of one hunt over All: clients, counts, curve, collections, rows', async () => {
    const red = await insertClient(api.sql, ['gred']);
    const blue = await insertClient(api.sql, ['gblue']);
    const hunter = await api.as({ role: 'Hunter', scope: '*' });
    const { createHunt } = await answered<{ createHunt: { id: string; partial: boolean } }>(
      hunter.http,
      'mutation { createHunt(input: { type: "ListProcesses", labels: ["All"] }) { id partial } }',
    );
    expect(createHunt.partial).toBe(false);
    const { id } = createHunt;
    await insertRun(api.sql, id, red, 'Done', 10);
    await insertRun(api.sql, id, blue, 'Error', 3);
    await insertCollection(id, red);
    await insertCollection(id, blue);
    const query = `query ($id: ID!) { hunt(id: $id) {
      partial
      stats { done error rows expected }
      recruitment { finished }
      clients { nodes { clientId client { id labels } collections { nodes { clientId } } } }
      collections { nodes { clientId } }
    } }`;
    for (const [label, client, stats] of [
      ['gred', red, { done: '1', error: '0', rows: '10', expected: '1' }],
      ['gblue', blue, { done: '0', error: '1', rows: '3', expected: '1' }],
    ] as const) {
      const { http } = await api.as({ role: 'Examiner', scope: `label:${label}` });
      const { hunt } = await answered(http, query, { id });
      expect(hunt).toEqual({
        partial: true,
        stats,
        recruitment: [{ finished: '1' }],
        clients: {
          nodes: [
            {
              clientId: client,
              client: { id: client, labels: [label] },
              collections: { nodes: [{ clientId: client }] },
            },
          ],
        },
        collections: { nodes: [{ clientId: client }] },
      });
      const rest = (await http.get(`/api/v1/hunts/${id}`)).body as { stats: Record<string, unknown> };
      expect(rest.stats).toMatchObject({ done: Number(stats.done), error: Number(stats.error), rows: stats.rows });
    }
  });
});

describe('changes', () => {
  it('are made once for one idempotencyKey, which REST shares, and refuse another body', async () => {
    const { http } = await api.as({ role: 'Hunter', scope: '*' });
    const query = `mutation ($description: String!) { createHunt(idempotencyKey: "k1",
      input: { type: "ListProcesses", labels: ["All"], description: $description }) { id } }`;
    const first = await answered<{ createHunt: { id: string } }>(http, query, { description: 'x' });
    expect(await answered(http, query, { description: 'x' })).toEqual(first);
    const rest = await http
      .post('/api/v1/hunts')
      .set('Idempotency-Key', 'k1')
      .send({ type: 'ListProcesses', labels: ['All'], description: 'x' });
    expect((rest.body as { hunt_id: string }).hunt_id).toBe(first.createHunt.id);
    expect((await ask(http, query, { description: 'y' })).codes).toEqual(['request/idempotency-mismatch']);
    const bad = await ask(http, query.replace('"k1"', '"with space"'), { description: 'x' });
    expect(bad.codes).toEqual(['request/idempotency-key']);
  });

  it('launch a query with its columns, and say where it is wrong as REST does', async () => {
    const client = await insertClient(api.sql, ['gflow']);
    const { http } = await api.as({ role: 'Investigator', scope: 'label:gflow' });
    const query = `mutation ($id: ID!, $input: LaunchInput!) { launchFlow(clientId: $id, input: $input) {
      id state type clientId client { labels } } }`;
    const input = {
      type: 'Collect',
      query: 'select pid from pslist() where pid > ?',
      queryParameters: [100],
      quota: { rows: '1000' },
      collection: { name: 'pids', columns: [{ name: 'pid', type: 'int' }] },
    };
    const { launchFlow } = await answered<{ launchFlow: { id: string } }>(http, query, { id: client, input });
    expect(launchFlow).toMatchObject({
      state: 'Pending',
      type: 'Collect',
      clientId: client,
      client: { labels: ['gflow'] },
    });
    const { rows } = await api.sql.query<{ spec_payload: string }>(
      'SELECT spec_payload FROM flow_attempts WHERE flow_id = $1',
      [launchFlow.id],
    );
    expect(JSON.parse(rows[0]!.spec_payload)).toMatchObject({ quota: { rows: 1000 } });

    const wrong = await ask(http, query, { id: client, input: { ...input, query: 'select pid from ===' } });
    expect(wrong.codes).toEqual(['efilter/parse']);
    expect(wrong.errors[0]!.message).toMatch(/\n\s*\^/);
    expect(wrong.errors[0]!.extensions).toMatchObject({ errors: [{ pointer: '/query' }] });
    const typed = await ask(http, query, { id: client, input: { type: 'Rootkit' } });
    expect([typed.codes, typed.errors[0]!.extensions['errors']]).toMatchObject([
      ['request/invalid'],
      [{ pointer: '/type' }],
    ]);
  });

  it('that fail are on record with their reason, like REST’s', async () => {
    const { http, userId } = await api.as({ role: 'Hunter', scope: '*' });
    const answer = await ask(
      http,
      'mutation { createHunt(input: { type: "ListProcesses", labels: ["nobody-has-it"] }) { id } }',
    );
    expect(answer.codes).toEqual(['hunt/unknown-label']);
    const { rows } = await api.sql.query<{ object_id: string; details: { code: string } }>(
      `SELECT object_id, details FROM audit_events WHERE actor = $1 AND action = 'hunts.create' AND outcome = 'failed'`,
      [userId],
    );
    expect(rows).toEqual([{ object_id: 'POST /graphql Mutation.createHunt', details: { code: 'hunt/unknown-label' } }]);
  });

  it('show a new token’s secret once, and it works', async () => {
    const { http, userId } = await api.as({ role: 'Viewer', scope: '*' });
    const query = `mutation ($until: DateTime!) { createToken(idempotencyKey: "t1",
      input: { name: "soar", expiresAt: $until, grants: [{ role: "Viewer", scope: "*" }] }) { secret token { id userId } } }`;
    const until = new Date(Date.now() + 600_000).toISOString();
    type Made = { createToken: { secret: string | null; token: { id: string; userId: string } } };
    const { createToken: made } = await answered<Made>(http, query, { until });
    const { createToken: again } = await answered<Made>(http, query, { until });
    expect([made.token.userId, again.token.id, again.secret]).toEqual([userId, made.token.id, null]);
    const me = await api.anonymous
      .post('/graphql')
      .set('authorization', `Bearer ${made.secret!}`)
      .send({ query: '{ me { id tokenId } }' });
    expect((me.body as { data: unknown }).data).toEqual({ me: { id: userId, tokenId: made.token.id } });
  });
});

describe('SQL statements', () => {
  it('of hunt pages and of client -> flows -> collections are as many for 100 as for 10', async () => {
    const clients: string[] = [];
    for (let i = 0; i < 100; i++) clients.push(await insertClient(api.sql, ['many']));
    const hunts = [];
    for (let i = 0; i < 100; i++) hunts.push(await insertFlow(null, ['many']));
    const hunt = hunts[0]!;
    for (const client of clients) {
      await insertCollection(await insertFlow(client), client);
      await insertRun(api.sql, hunt, client, 'Done', 1);
      await insertCollection(hunt, client);
    }
    const { http } = await api.as({ role: 'Examiner', scope: 'label:many' });
    const shapes = {
      'a page of hunts': `query ($first: Int!) { hunts(first: $first) { nodes {
        id partial stats { done expected } recruitment(points: 5) { finished }
        clients(first: 3) { nodes { hostname } } collections(first: 3) { nodes { id } } } } }`,
      'the clients of a hunt': `query ($first: Int!, $hunt: ID!) { hunt(id: $hunt) { stats { done } clients(first: $first) { nodes {
        clientId client { labels detail { identity } } collections(first: 2) { nodes { id client { hostname } } } } } } }`,
      'clients with flows and collections': `query ($first: Int!) { clients(first: $first) { nodes {
        id flows(first: 3) { nodes { id state run { rows } client { id } collections(first: 3) { nodes { id tables { name } } } } } } } }`,
    };
    const counted: Record<string, number[]> = {};
    for (const [name, query] of Object.entries(shapes)) {
      counted[name] = [];
      for (const first of [10, 10, 100]) {
        let text = '';
        const n = await statementsOf(async () => {
          text = JSON.stringify(await answered(http, query, { first, ...(query.includes('$hunt') ? { hunt } : {}) }));
        });
        expect(text.length).toBeGreaterThan(first * 40);
        counted[name].push(n);
      }
    }
    for (const [name, [, ten, hundred]] of Object.entries(counted)) {
      expect([name, hundred]).toEqual([name, ten]);
      expect(ten).toBeGreaterThan(3);
      expect(ten).toBeLessThan(12);
    }
    process.stderr.write(`statements: ${JSON.stringify(counted)}\n`);
  }, 120_000);
});
