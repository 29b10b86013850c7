import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, WholeSystem } from '../support/whole-system.js';

/* What callers see while a part of ours is away: 503 and when to try again, never a 500 and never silence. */
interface Problem {
  code: string;
  detail: string;
}
let system: WholeSystem;
beforeAll(async () => {
  system = await WholeSystem.make();
  await system.startApi();
}, 120_000);
afterAll(() => system.close(), 60_000);

const ask = async (path: string): Promise<{ status: number; retryAfter: string | null; body: Problem }> => {
  const response = await fetch(`${system.api!.ready}/api/v1${path}`, {
    headers: { authorization: `Bearer ${system.token}` },
    signal: AbortSignal.timeout(20_000),
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Problem,
  };
};

describe('with the file store halted', () => {
  it('says within seconds that it is not ready', async () => {
    process.kill(system.store.pid, 'SIGSTOP');
    const ready = await ask('/health/ready');
    process.kill(system.store.pid, 'SIGCONT');
    expect([ready.status, ready.retryAfter, ready.body.code]).toEqual([503, '5', 'health/not-ready']);
    expect(ready.body.detail).toContain('the bucket');
  });
});

describe('with Postgres killed', () => {
  it('answers 503 with Retry-After, and works again when it is back', async () => {
    expect((await ask('/me')).status).toBe(200);
    await system.postgres.kill9();
    for (let i = 0; i < 3; i++) {
      const answer = await ask('/hunts');
      expect([answer.status, answer.retryAfter, answer.body.code]).toEqual([503, '5', 'service/unavailable']);
    }
    expect((await ask('/health/ready')).status).toBe(503);
    const graphql = await fetch(`${system.api!.ready}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ hunts { nodes { id } } }' }),
    });
    const { errors } = (await graphql.json()) as { errors: { extensions: Problem }[] };
    expect([graphql.status, graphql.headers.get('retry-after'), errors[0]?.extensions.code]).toEqual([
      503,
      '5',
      'service/unavailable',
    ]);
    await system.startPostgres();
    await eventually('the API works again', async () => ((await ask('/hunts')).status === 200 ? true : undefined));
  }, 120_000);
});

describe('a body that nests very deep', () => {
  it('is refused, not a crash of the stack', async () => {
    const deep = `{"type":"ListProcesses","labels":["All"],"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const response = await fetch(`${system.api!.ready}/api/v1/hunts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}`, 'content-type': 'application/json' },
      body: deep,
    });
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([400, 'request/too-deep']);
  });
});
