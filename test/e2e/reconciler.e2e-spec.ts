import { afterAll, beforeAll, expect, it } from 'vitest';
import { keys } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { FILESTORE_KEYS } from '../support/filestore-process.js';
import { WorkerDeployment } from '../support/worker-deployment.js';

// A real worker, pass by pass, and what it published, as agents read it.

let world: WorkerDeployment;

beforeAll(async () => {
  world = await WorkerDeployment.start();
});
afterAll(() => world.stop());

const pass = async (more: Record<string, string> = {}): Promise<string> => {
  const { code, output } = await world.once(more);
  expect({ code, output }).toMatchObject({ code: 0 });
  return output;
};
const keyOf = (queue: string): string => keys.jobs(world.secret, queue);
const versions = async (queues: readonly string[]): Promise<number[]> =>
  Promise.all(queues.map(async (queue) => (await world.jobFile(queue)).version));

it('publishes again what is not in the bucket as it was published, and nothing else', async () => {
  const agents = Array.from({ length: 6 }, () => new ScriptedAgent(world.bucket));
  for (const agent of agents) await agent.send(agent.startup());
  await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['All'] });
  await pass();
  const all = world.queueOf('All');
  const queues = [...agents.map((agent) => agent.queue).toSorted(), all];
  const before = await versions(queues);
  expect(await pass()).not.toContain('published again');
  expect(await versions(queues)).toEqual(before);

  const [first, second, , , , last] = queues;
  const text = await world.publicText(keyOf(second!));
  await world.bucket.delete([keyOf(first!), keyOf(last!), keyOf(all)]);
  await world.bucket.put(keyOf(second!), `${text} `);
  await world.bucket.put(keyOf('0'.repeat(32)), 'nobody’s');
  expect(await pass()).toContain('published again');
  const after = await versions(queues);
  expect(after.map((version, i) => version > before[i]!)).toEqual([true, true, false, false, false, true, true]);

  await world.bucket.delete([keys.manifest(world.secret)]);
  await pass();
  expect((await world.manifest()).manifest.deployment).toBe(world.deployment);
});

it('with another upload-only key every file is signed again in one pass', async () => {
  const { rows } = await world.sql.query<{ id: string; v: string }>(
    `SELECT id, published_version AS v FROM queues WHERE published_at IS NOT NULL ORDER BY id`,
  );
  expect(rows.length).toBeGreaterThanOrEqual(8);
  await pass({ S3_UPLOAD_ACCESS_KEY: `${FILESTORE_KEYS.upload.accessKeyId}X` });
  const { rows: now } = await world.sql.query<{ id: string; v: string }>(
    `SELECT id, published_version AS v FROM queues WHERE published_at IS NOT NULL ORDER BY id`,
  );
  expect(now.map(({ id, v }, i) => [id, BigInt(v) > BigInt(rows[i]!.v)])).toEqual(rows.map(({ id }) => [id, true]));
});
