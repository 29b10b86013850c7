import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessInventory } from '../../apps/api/src/platform/access/access-inventory.js';
import { openApiDocument } from '../../apps/api/src/http-app.js';
import { type Caller, insertClient, startTestApi, type TestApi } from '../support/api.js';

/*
 * `Idempotency-Key` on every route that takes one: at once, again, with another body, of somebody else. A kill between the
 * commit and the answer is in first-hunt.e2e-spec.ts.
 */
let api: TestApi;
let client: string;
beforeAll(async () => {
  api = await startTestApi();
  client = await insertClient(api.sql);
});
afterAll(() => api.close());

const fresh = (): string => randomBytes(6).toString('hex');
const until = new Date(Date.now() + 600_000).toISOString();

interface Route {
  path: () => string;
  body: (word: string) => object;
  id: string;
  /** Objects in the database that the body’s word made. */
  made: string;
}
const ROUTES: Record<string, Route> = {
  'POST /hunts': {
    path: () => '/hunts',
    body: (word) => ({ type: 'ListProcesses', labels: ['All'], description: word }),
    id: 'hunt_id',
    made: 'SELECT count(*) AS n FROM flows WHERE description = $1',
  },
  'POST /clients/:client_id/flows': {
    path: () => `/clients/${client}/flows`,
    body: (word) => ({ type: 'ListProcesses', description: word }),
    id: 'flow_id',
    made: 'SELECT count(*) AS n FROM flows WHERE description = $1',
  },
  'POST /users': {
    path: () => '/users',
    body: (word) => ({ name: word, kind: 'service' }),
    id: 'user_id',
    made: 'SELECT count(*) AS n FROM users WHERE name = $1',
  },
  'POST /tokens': {
    path: () => '/tokens',
    body: (word) => ({ name: word, expires_at: until }),
    id: 'token_id',
    made: 'SELECT count(*) AS n FROM api_tokens WHERE name = $1',
  },
};

describe('the routes that take an Idempotency-Key', () => {
  it('are these, as their description says', () => {
    const { paths } = openApiDocument(api.app);
    const taking = api.app
      .get(AccessInventory)
      .rows()
      .filter(({ method, path }) => {
        const item = paths[`/api/v1${path.replaceAll(/:(\w+)/g, '{$1}')}`] as
          Record<string, { parameters?: { name?: string }[] }> | undefined;
        return item?.[method.toLowerCase()]?.parameters?.some(({ name }) => name === 'Idempotency-Key');
      })
      .map(({ method, path }) => `${method} ${path}`);
    expect(taking.sort()).toEqual(Object.keys(ROUTES).sort());
  });
});

describe.each(Object.entries(ROUTES))('%s', (_name, { path, body, id, made }) => {
  const send = (caller: Caller, key: string, word: string) =>
    caller.http.post(`/api/v1${path()}`).set('Idempotency-Key', key).send(body(word));
  const idOf = (answer: { body: unknown }): string => (answer.body as Record<string, string>)[id]!;
  const count = async (query: string, value: string): Promise<number> =>
    Number((await api.sql.query<{ n: string }>(query, [value])).rows[0]!.n);

  it('makes one object of eight requests at once and of one more, with one event', async () => {
    const caller = await api.as({ role: 'Administrator', scope: '*' });
    const [key, word] = [fresh(), fresh()];
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(caller, key, word)));
    answers.push(await send(caller, key, word));
    expect(answers.map(({ status }) => status)).toEqual(Array(9).fill(201));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(await count(made, word)).toBe(1);
    const events = `SELECT count(*) AS n FROM audit_events WHERE outcome = 'done' AND object_id = $1`;
    expect(await count(events, idOf(answers[0]!))).toBe(1);
    // A secret is shown once, to the one that made it.
    const secrets = answers.filter((answer) => typeof (answer.body as { token?: unknown }).token === 'string');
    expect(secrets.length).toBe(id === 'token_id' ? 1 : 0);
  });

  it('refuses another body under the same key, also at once, and makes nothing of it', async () => {
    const caller = await api.as({ role: 'Administrator', scope: '*' });
    const [key, word, other] = [fresh(), fresh(), fresh()];
    const answers = await Promise.all([send(caller, key, word), send(caller, key, other)]);
    answers.push(await send(caller, key, other), await send(caller, key, word));
    const codes = answers.map(({ status, body: answer }) => [status, (answer as { code?: string }).code]);
    const won = codes[0]![0] === 201;
    const refused = [422, 'request/idempotency-mismatch'];
    const accepted = [201, undefined];
    expect(codes).toEqual(won ? [accepted, refused, refused, accepted] : [refused, accepted, accepted, refused]);
    expect([await count(made, word), await count(made, other)]).toEqual(won ? [1, 0] : [0, 1]);
  });

  it('takes the same key of somebody else for another one', async () => {
    const [one, two] = [
      await api.as({ role: 'Administrator', scope: '*' }),
      await api.as({ role: 'Administrator', scope: '*' }),
    ];
    const key = fresh();
    expect(idOf(await send(one, key, fresh()))).not.toBe(idOf(await send(two, key, fresh())));
  });

  it.each(['', 'a b', 'é', 'x'.repeat(201), 'a\tb'])('refuses the key %j', async (key) => {
    const caller = await api.as({ role: 'Administrator', scope: '*' });
    const word = fresh();
    const answer = await api.app.inject({
      method: 'POST',
      url: `/api/v1${path()}`,
      headers: { authorization: `Bearer ${caller.token}`, 'idempotency-key': key },
      payload: body(word),
    });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'request/idempotency-key']);
    expect(await count(made, word)).toBe(0);
  });
});
