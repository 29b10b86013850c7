import { access, readFile } from 'node:fs/promises';
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

/** Stops a process, its connections open and silent, while `work` runs. */
const halted = async <T>(pids: readonly number[], work: () => Promise<T>): Promise<T> => {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
};

/** An answer, and how long it took in milliseconds. */
const timed = async (path: string): Promise<Awaited<ReturnType<typeof ask>> & { ms: number }> => {
  const startedMs = performance.now();
  const answer = await ask(path);
  return { ...answer, ms: performance.now() - startedMs };
};

describe('with the file store halted', () => {
  it('says within two seconds that it is not ready, and within five that the bucket is away', async () => {
    const [ready, listing] = await halted([system.store.pid], () =>
      Promise.all([timed('/health/ready'), timed('/bucket')]),
    );
    expect([ready.status, ready.retryAfter, ready.body.code]).toEqual([503, '5', 'health/not-ready']);
    expect(ready.body.detail).toContain('the bucket');
    expect(ready.ms).toBeLessThan(2500);
    expect([listing.status, listing.retryAfter, listing.body.code]).toEqual([503, '5', 'service/unavailable']);
    expect(listing.ms).toBeLessThan(6000);
    expect((await ask('/bucket')).status).toBe(200);
  });
});

/** The server and its backends: each holds connections of its own. */
const backends = async (): Promise<number[]> => {
  const { pid } = system.postgres;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return [pid, ...children.trim().split(' ').map(Number)];
};

describe('with Postgres halted', () => {
  it('says within two seconds that it is not ready, and within five that the database is away, to many at once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask('/hunts'))); // connections are open
    const [ready, ...answers] = await halted(await backends(), () =>
      Promise.all([timed('/health/ready'), ...Array.from({ length: 30 }, () => timed('/hunts'))]),
    );
    expect([ready.status, ready.body.code]).toEqual([503, 'health/not-ready']);
    expect(ready.body.detail).toContain('Postgres');
    expect(ready.ms).toBeLessThan(2500);
    for (const answer of answers)
      expect([answer.status, answer.retryAfter, answer.body.code]).toEqual([503, '5', 'service/unavailable']);
    expect(Math.max(...answers.map((a) => a.ms))).toBeLessThan(6500);
    await eventually('the API works again', async () => ((await ask('/hunts')).status === 200 ? true : undefined));
  });
});

describe('with Postgres killed', () => {
  it('answers 503 with Retry-After, and works again when it is back', async () => {
    expect((await ask('/me')).status).toBe(200);
    const pids = await backends();
    await system.postgres.kill9();
    // a backend answers until it has seen that its server is gone
    await eventually('all of them are gone', async () =>
      (
        await Promise.all(
          pids.map((pid) =>
            access(`/proc/${pid}`).then(
              () => true,
              () => false,
            ),
          ),
        )
      ).includes(true)
        ? undefined
        : true,
    );
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

describe('while Postgres is killed and starts again', () => {
  it('each answer is a good one or a 503: also of a server that is there and takes nobody in yet', async () => {
    const seen = new Map<string, number>();
    let over = false;
    const keepAsking = async (): Promise<void> => {
      while (!over) {
        const { status, body } = await ask('/hunts');
        const what = status === 200 ? '200' : `${String(status)} ${body.code}`;
        seen.set(what, (seen.get(what) ?? 0) + 1);
      }
    };
    const askers = Array.from({ length: 6 }, keepAsking);
    for (let round = 0; round < 3; round++) {
      await system.postgres.kill9();
      await system.startPostgres();
      await eventually('the API works again', async () => ((await ask('/hunts')).status === 200 ? true : undefined));
    }
    over = true;
    await Promise.all(askers);
    expect([...seen.keys()].sort()).toEqual(['200', '503 service/unavailable']);
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
