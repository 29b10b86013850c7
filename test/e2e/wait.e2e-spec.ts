import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Endings } from '../../apps/api/src/modules/flows/endings.service.js';
import { type Caller, insertClient, insertRun, startTestApi, type TestApi } from '../support/api.js';
import { statementsOf } from '../support/statements.js';
import { eventually } from '../support/whole-system.js';

interface Status {
  hunt_id: string;
  flow_id: string;
  state: string;
  terminal: boolean;
  status_url: string;
}

let api: TestApi;
let base: string;
beforeAll(async () => {
  api = await startTestApi();
  await api.app.listen(0, '127.0.0.1');
  base = await api.app.getUrl();
});
afterAll(() => api.close());

const hunter = (): Promise<Caller> => api.as({ role: 'Hunter', scope: '*' });
const startHunt = async (caller: Caller): Promise<Status> =>
  (await caller.http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['All'] })).body as Status;

interface Answered {
  status: number;
  body: Status & { code: string };
  applied: string | null;
  retryAfter: string | null;
  seconds: number;
}
/** Asks for a state; `prefer` as the header has it. */
const ask = async (token: string, url: string, prefer?: string, signal?: AbortSignal): Promise<Answered> => {
  const begun = performance.now();
  const response = await fetch(`${base}${url}`, {
    headers: { authorization: `Bearer ${token}`, ...(prefer === undefined ? {} : { prefer }) },
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    status: response.status,
    body: (await response.json()) as Answered['body'],
    applied: response.headers.get('preference-applied'),
    retryAfter: response.headers.get('retry-after'),
    seconds: (performance.now() - begun) / 1000,
  };
};
/** Resolves when so many wait in the server. */
const waiting = (n: number, of: TestApi = api): Promise<true> =>
  eventually(`${String(n)} who wait`, () => Promise.resolve(of.app.get(Endings).waiting === n || undefined), 15_000);

describe('a hunt', () => {
  it('is answered with where to ask, and when to ask again until it has ended', async () => {
    const caller = await hunter();
    const posted = await caller.http.post('/api/v1/hunts').send({ type: 'ListProcesses', labels: ['All'] });
    const { hunt_id: id, status_url: url, terminal } = posted.body as Status;
    expect([posted.status, posted.headers['location'], posted.headers['retry-after'], terminal]).toEqual([
      201,
      `/api/v1/hunts/${id}`,
      '5',
      false,
    ]);
    const running = await ask(caller.token, url);
    expect(running).toMatchObject({ status: 200, applied: null, retryAfter: '5', body: { terminal: false } });
    await caller.http.post(`${url}/stop`).send({}).expect(200);
    const stopped = await ask(caller.token, url, 'wait=20');
    expect(stopped).toMatchObject({ applied: 'wait=20', retryAfter: null, body: { state: 'Stopped', terminal: true } });
    expect(stopped.seconds).toBeLessThan(5);
  });

  it('that somebody waits for is answered when it ends', async () => {
    const caller = await hunter();
    const { status_url: url } = await startHunt(caller);
    const asked = ask(caller.token, url, 'respond-async, wait=25');
    await waiting(1);
    await caller.http.post(`${url}/stop`).send({}).expect(200);
    const answer = await asked;
    expect(answer).toMatchObject({ applied: 'wait=25', body: { state: 'Stopped', terminal: true } });
    expect(answer.seconds).toBeLessThan(15);
  });

  it('that does not end is answered when the time is over', async () => {
    const caller = await hunter();
    const { status_url: url } = await startHunt(caller);
    const answer = await ask(caller.token, url, 'wait=1');
    expect(answer).toMatchObject({ applied: 'wait=1', retryAfter: '5', body: { state: 'Running', terminal: false } });
    expect(answer.seconds).toBeGreaterThan(0.9);
    expect(answer.seconds).toBeLessThan(15);
  });

  it.each(['wait=0', 'wait=soon', 'wait', 'respond-async', ''])(
    'is answered at once when asked with Prefer: %s',
    async (prefer) => {
      const caller = await hunter();
      const { status_url: url } = await startHunt(caller);
      expect(await ask(caller.token, url, prefer)).toMatchObject({ status: 200, applied: null, retryAfter: '5' });
    },
  );

  it('of another scope is 404 at once', async () => {
    await insertClient(api.sql, ['elsewhere']);
    const { status_url: url } = await startHunt(await hunter());
    const other = await api.as({ role: 'Hunter', scope: 'label:nobody' });
    const answer = await ask(other.token, url, 'wait=20');
    expect([answer.status, answer.body.code, answer.seconds < 5]).toEqual([404, 'hunt/not-found', true]);
  });
});

describe('a flow', () => {
  const startFlow = async (): Promise<{ caller: Caller; client: string; flow: Status }> => {
    const client = await insertClient(api.sql, ['waited']);
    const caller = await api.as({ role: 'Investigator', scope: 'label:waited' });
    const posted = await caller.http.post(`/api/v1/clients/${client}/flows`).send({ type: 'ListProcesses' });
    expect(posted.headers['location']).toBe((posted.body as Status).status_url);
    return { caller, client, flow: posted.body as Status };
  };

  it('is over with the client’s last word', async () => {
    const { caller, client, flow } = await startFlow();
    const asked = ask(caller.token, flow.status_url, 'wait=25');
    await waiting(1);
    await insertRun(api.sql, flow.flow_id, client, 'Error');
    expect(await asked).toMatchObject({ applied: 'wait=25', body: { state: 'Error', terminal: true } });
  });

  it('that was cancelled is not over before its client has said so, or its time is', async () => {
    const { caller, flow } = await startFlow();
    await caller.http.post(`${flow.status_url}/cancel`).send({}).expect(200);
    expect(await ask(caller.token, flow.status_url, 'wait=1')).toMatchObject({
      applied: 'wait=1',
      body: { state: 'Pending', terminal: false },
    });
    const asked = ask(caller.token, flow.status_url, 'wait=25');
    await waiting(1);
    await api.sql.query(`UPDATE flows SET expires_at = now() - interval '1 s' WHERE id = $1`, [flow.flow_id]);
    expect((await asked).body).toMatchObject({ state: 'Cancelled (not seen)', terminal: true });
  });
});

describe('who waits', () => {
  it('costs one statement every half second, however many there are, and twenty of one caller at most', async () => {
    const callers = await Promise.all(Array.from({ length: 4 }, hunter));
    const { status_url: url } = await startHunt(callers[0]!);
    const asked = callers.flatMap(({ token }) => Array.from({ length: 20 }, () => ask(token, url, 'wait=6')));
    await waiting(80);
    // One more than twenty: answered at once, and told when to come again.
    const extra = await ask(callers[0]!.token, url, 'wait=1');
    expect(extra).toMatchObject({ applied: null, retryAfter: '5', body: { terminal: false } });
    const statements = await statementsOf(() => new Promise((resolve) => setTimeout(resolve, 1500)));
    expect(statements).toBeGreaterThanOrEqual(1);
    expect(statements).toBeLessThanOrEqual(4);
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ applied }) => applied))).toEqual(new Set(['wait=6']));
  });

  it('and goes away makes room', async () => {
    const caller = await hunter();
    const { status_url: url } = await startHunt(caller);
    const leaving = new AbortController();
    const asked = Array.from({ length: 20 }, () =>
      ask(caller.token, url, 'wait=30', leaving.signal).catch((error: unknown) => error),
    );
    await waiting(20);
    expect(await ask(caller.token, url, 'wait=1')).toMatchObject({ applied: null });
    leaving.abort();
    await Promise.all(asked);
    await waiting(0);
    expect(await ask(caller.token, url, 'wait=1')).toMatchObject({ applied: 'wait=1' });
  });

  it('and loses the token or the grant meanwhile learns nothing', async () => {
    const [revoked, narrowed] = [await hunter(), await hunter()];
    const { status_url: url } = await startHunt(revoked);
    const asked = [ask(revoked.token, url, 'wait=25'), ask(narrowed.token, url, 'wait=25')];
    await waiting(2);
    await api.sql.query('UPDATE api_tokens SET revoked_at = now() WHERE user_id = $1', [revoked.userId]);
    await api.sql.query(`UPDATE grants SET scope = 'label:none-of-it' WHERE subject_id = $1`, [narrowed.userId]);
    await api.sql.query(`UPDATE flows SET hunt_state = 'Stopped' WHERE id = $1`, [url.split('/').at(-1)]);
    const [first, second] = await Promise.all(asked);
    expect([first!.status, first!.body.code]).toEqual([401, 'auth/invalid-token']);
    expect([second!.status, second!.body.code]).toEqual([404, 'hunt/not-found']);
  });

  it('is sent elsewhere when the server stops', async () => {
    const own = await startTestApi();
    await own.app.listen(0, '127.0.0.1');
    const url = `${await own.app.getUrl()}/api/v1`;
    const { token } = await own.as({ role: 'Hunter', scope: '*' });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const posted = await fetch(`${url}/hunts`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ type: 'ListProcesses', labels: ['All'] }),
    });
    const { hunt_id: id } = (await posted.json()) as Status;
    const asked = fetch(`${url}/hunts/${id}`, { headers: { ...headers, prefer: 'wait=25' } });
    await waiting(1, own);
    await own.close();
    const answer = await asked;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(((await answer.json()) as { code: string }).code).toBe('service/stopping');
  });
});
