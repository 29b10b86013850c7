import { afterAll, beforeAll, expect, it } from 'vitest';
import { keys, newFlowId, randomHex32 } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { startUnreliableStore, type UnreliableStore } from '../support/unreliable-store.js';
import { eventually, type ProgramEnd, WorkerDeployment } from '../support/worker-deployment.js';

// Real store and worker; what goes between them is counted, and their clock is moved by weeks.
const DAY = 86_400_000;

let world: WorkerDeployment;
let between: UnreliableStore;
let lists = 0;

beforeAll(async () => {
  world = await WorkerDeployment.start(true);
  between = await startUnreliableStore(world.store.url, (method, path) => {
    if (method === 'GET' && path.includes('list-type=2')) lists += 1;
  });
});
afterAll(async () => {
  await world.stop();
  await between.close();
});

const pass = (): Promise<ProgramEnd> => world.once({ S3_ENDPOINT: between.url, REKALL_PATROL_SECONDS: '0.001' });
const orphans = async (): Promise<string[]> =>
  (await world.sql.query<{ key: string }>('SELECT key FROM orphans ORDER BY key')).rows.map(({ key }) => key);

it('flow ids that somebody invents make it list no more than it does without', async () => {
  if (world.clock === undefined) throw new Error('the clock was not started');
  const stranger = new ScriptedAgent(world.bucket);
  const invented = Array.from({ length: 300 }, () => keys.analysis(newFlowId(), stranger.clientId, 'x', randomHex32()));
  expect(await pass()).toMatchObject({ code: 0 });
  const without = lists;
  for (const key of invented) await world.bucket.put(key, 'x');
  await world.clock.moveTo(10 * DAY);
  lists = 0;
  expect(await pass()).toMatchObject({ code: 0 });
  expect(await orphans()).toEqual(invented.toSorted());
  await world.clock.moveTo(18 * DAY);
  expect(await pass()).toMatchObject({ code: 0 });
  expect(await world.bucket.list({ prefix: `${stranger.clientId}/` })).toMatchObject({ objects: [] });
  expect(lists).toBeLessThan(2 * without + 10);
});

it('what somebody laid beside the archive objects does not make the database older than the bucket', async () => {
  await world.bucket.put('ledger/README.txt', 'x');
  await world.bucket.put('quarantine/2026/notes.txt', 'x');
  expect(await pass()).toMatchObject({ code: 0 });
  expect((await world.call('GET', '/health/status'))['patrol']).toMatchObject({
    outcome: 'done',
    last: { behind: null },
  });
});

it('one that fails is said, and forgotten when one ends well', async () => {
  const status = async () => (await world.call('GET', '/health/status'))['patrol'] as Record<string, unknown>;
  expect(await status()).toMatchObject({ outcome: 'done', failure: null, next: null });
  const worker = await world.startWorker({ S3_ENDPOINT: between.url, REKALL_PATROL_SECONDS: '0.2' });
  between.mood = 500;
  const failed = await eventually('it failed twice', async () => {
    const now = await status();
    return (now['failure'] as { failures: number } | null)?.failures === 2 ? now : undefined;
  });
  expect(failed).toMatchObject({ outcome: 'failed', failure: { error: expect.stringContaining('500') as string } });
  expect(failed['last']).toMatchObject({ orphans: 0, behind: null }); // the last that came to its end
  between.mood = 'well';
  await eventually('it goes on', async () => ((await status())['outcome'] === 'done' ? true : undefined));
  expect(await status()).toMatchObject({ failure: null });
  await worker.stop();
});
