import { afterAll, beforeAll, expect, it } from 'vitest';

import { keys, randomHex32 } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

// Real store, Postgres and worker; their clock, and this process's, is moved by weeks.
const DAY = 86_400_000;

let world: WorkerDeployment;
let agent: ScriptedAgent;

const one = async <T>(query: string, ...values: unknown[]): Promise<T | undefined> =>
  (await world.sql.query(query, values)).rows[0] as T | undefined;

interface Patrol {
  outcome: string;
  next: string | null;
  last: { at: string; behind: Record<string, unknown> | null; removed: number; orphans: number } | null;
}
const patrol = async (): Promise<Patrol> => (await world.call('GET', '/health/status'))['patrol'] as Patrol;
/** Waits for two patrols that end after this call: the second began after it. */
const patrolled = async (): Promise<Patrol> => {
  let seen = (await patrol()).last?.at;
  for (let round = 0; ; round++) {
    const found = await eventually('a patrol', async () => {
      const now = await patrol();
      return now.last === null || now.last.at === seen ? undefined : now;
    });
    if (round === 1) return found;
    seen = found.last?.at;
  }
};
const ended = async (worker: Awaited<ReturnType<WorkerDeployment['startWorker']>>): Promise<string> => {
  await worker.stop();
  return worker.output();
};
const startWorker = () => world.startWorker({ REKALL_PATROL_SECONDS: '0.2' });

beforeAll(async () => {
  world = await WorkerDeployment.start(true);
  agent = new ScriptedAgent(world.bucket);
});
afterAll(() => world.stop());

it('an older dump put back: nothing is removed, it is said what to do, and after a rebuild all is as it was', async () => {
  const clock = world.clock;
  if (clock === undefined) throw new Error('the clock was not started');
  let worker = await startWorker();
  await agent.send(agent.startup());
  const hunt = await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['All'] });
  const [id, digest] = [String(hunt['hunt_id']), String(hunt['spec_digest'])];
  await eventually('the hunt is published', async () =>
    (await world.entries(world.queueOf('All'))).find((e) => e.flow_id === id),
  );
  await eventually('the client is registered', () => one('SELECT 1 FROM clients WHERE id = $1', agent.clientId));
  await eventually('its ticket is archived', async () =>
    (await world.archived('ledger/')).length === 1 ? true : undefined,
  );
  expect(await patrolled()).toMatchObject({ outcome: 'done', next: null, last: { behind: null } });
  await ended(worker);
  const { putBack } = await world.dump();

  worker = await startWorker();
  const collection = await agent.collect(id);
  await agent.send(agent.status({ flow_id: id, spec_digest: digest, collections: [collection] }));
  await eventually('its ticket is archived', async () =>
    (await world.archived('ledger/')).length === 2 ? true : undefined,
  );
  const stray = keys.analysis(id, agent.clientId, 'pslist', randomHex32());
  await world.bucket.put(stray, 'xx');
  await patrolled();
  await ended(worker);

  await putBack();
  expect(await one('SELECT 1 FROM collections')).toBeUndefined();
  worker = await startWorker();
  // long after the hunt, its late grants, and a week of being listed
  for (const days of [50, 58]) {
    await clock.moveTo(days * DAY);
    const { outcome, next, last } = await patrolled();
    expect({ outcome, last }).toMatchObject({
      outcome: 'behind',
      last: { behind: { archives: 1, flows: 0 }, removed: 0, orphans: 0 },
    });
    expect(next).toContain('rekall rebuild');
  }
  for (const key of [collection.key, stray]) expect(await world.bucket.head(key)).toBeDefined();
  const { rows: events } = await world.sql.query<{ details: Record<string, unknown> }>(
    `SELECT details FROM audit_events WHERE action = 'database.behind'`,
  );
  expect(events).toHaveLength(1); // when it is first seen
  expect(events[0]?.details).toMatchObject({ archives: 1, next: expect.stringContaining('rekall rebuild') as string });
  const output = await ended(worker);
  expect(output).toContain('1 archive objects');
  expect(output).toContain('rekall rebuild');

  await world.loseDatabase();
  expect(await world.admin('rebuild')).toMatchObject({ code: 0 });
  worker = await startWorker();
  expect(await patrolled()).toMatchObject({ outcome: 'done', next: null, last: { behind: null, orphans: 1 } });
  await clock.moveTo(66 * DAY);
  await eventually('what nothing names goes', async () =>
    (await world.bucket.head(stray)) === undefined ? true : undefined,
  );
  expect(await world.bucket.head(collection.key)).toBeDefined();
  expect(await one('SELECT key FROM collections')).toEqual({ key: collection.key });
  await ended(worker);
}, 180_000);

it('a database that does not know a flow of the bucket’s records removes nothing; a crash while archiving is no such thing', async () => {
  const end = await world.once({ REKALL_FAULT: 'after-ledger', REKALL_PATROL_SECONDS: '0.001' });
  expect(end.output).not.toContain('does not know');
  await agent.send(agent.startup());
  expect(await world.once({ REKALL_FAULT: 'after-ledger' })).toMatchObject({ signal: 'SIGKILL' });
  expect(await world.once({ REKALL_PATROL_SECONDS: '0.001' })).toMatchObject({ code: 0 });
  expect(await patrol()).toMatchObject({ outcome: 'done', last: { behind: null } });
  await world.bucket.put(keys.flowRecord('F_00000000000000ee', 1), '{}');
  expect(await world.once({ REKALL_PATROL_SECONDS: '0.001' })).toMatchObject({ code: 0 });
  expect(await patrol()).toMatchObject({
    outcome: 'behind',
    last: { behind: { archives: 0, flows: 1, first_flow: 'F_00000000000000ee' } },
  });
});
