import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { AgentDeployment } from '../support/agent-deployment.js';
import { PSLIST } from '../support/agent-queries.js';
import { killAgain } from '../support/agent-kills.js';
import type { AgentProcess } from '../support/agent-process.js';
import { AgentWorld } from '../support/agent-world.js';
import { until } from '../support/other-process.js';

const DAY_MS = 86_400_000;

let world: AgentWorld;
let bucket: AgentDeployment;

beforeAll(async () => {
  world = await AgentWorld.start();
  bucket = world.deployment;
});

afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
});

afterAll(async () => {
  await bucket.close();
});

it('kill -9 at 50 random moments under load: one final ticket for each flow, none was started twice', async () => {
  const seed = Number(process.env['REKALL_TEST_SEED'] ?? randomInt(2 ** 31));
  process.stdout.write(`seed ${seed} (REKALL_TEST_SEED=${seed} repeats it)\n`);
  const { finals, began, orphans } = await killAgain(world, { agents: 5, rounds: 10, seed });
  expect(finals.map((f) => f.length)).toEqual(finals.map(() => 1));
  const states = finals.flat().map((f) => f.state);
  expect(states.filter((s) => s !== 'Done' && s !== 'Crashed')).toEqual([]);
  const done = states.filter((s) => s === 'Done').length;
  process.stdout.write(`${done} Done, ${states.length - done} Crashed, ${began.length} began\n`);
  expect(began.length).toBeGreaterThanOrEqual(done);
  expect(began.length).toBe(new Set(began).size);
  expect(orphans).toEqual([]);
  // What a ticket names is in the bucket.
  for (const ticket of finals.flat())
    for (const { key, stored_bytes } of [...ticket.collections, ...ticket.files])
      expect((await bucket.bytesOf(key)).length).toBe(stored_bytes);
}, 400_000);

it('a day without the store: nothing is lost, order is kept, targeted flows first', async () => {
  const state = world.newState();
  const first = await world.agent(state);
  const { client_id } = await first.ready;
  const queue = await world.queueOf(state);
  const hunts = await Promise.all([1, 2, 3].map(() => bucket.hunt({ actions: [PSLIST], spread_seconds: 1 })));
  const flow = await bucket.flow(client_id, { actions: [PSLIST] });
  const entries = (own: boolean): Promise<string> =>
    own ? bucket.publishQueue(queue, [flow]) : bucket.publishQueue(bucket.allQueue, hunts);
  await bucket.stopStore();
  await first.stop();
  await bucket.startStore();
  // It reads its jobs, then the store is gone before anything could be uploaded.
  await bucket.publishManifest({ limits: { upload_rate: 10_000_000_000 } });
  await entries(false);
  await entries(true);
  const second: AgentProcess = await world.agent(state);
  const taken = (): number => second.log.filter((l) => l.message === 'flow taken up').length;
  await until('a flow is taken up', () => taken() > 0, 50_000);
  await bucket.stopStore();
  const ended = (): number => second.log.filter((l) => l.message === 'flow ended').length;
  await until('all have run', () => ended() === 4, 50_000);
  await second.stop();
  const waiting = readdirSync(join(state, 'spool')).filter((name) => name.endsWith('.json')).length;
  expect(waiting).toBeGreaterThanOrEqual(4);

  await bucket.startStore();
  bucket.aheadMs = DAY_MS;
  await bucket.publishManifest({ limits: { upload_rate: 10_000_000_000 } });
  await entries(false);
  await entries(true);
  const third = await world.agent(state, {
    REKALL_AGENT_CLOCK_SKEW_MS: String(DAY_MS),
  });
  for (const { flowId } of [flow, ...hunts]) await world.final(flowId);
  expect(third.log.filter((l) => l.message === 'flow taken up')).toEqual([]);
  bucket.aheadMs = 0;
  const tickets = await Promise.all([flow, ...hunts].map((f) => bucket.tickets(f.flowId)));
  expect(tickets.map((t) => t.map((x) => x.state))).toEqual(tickets.map(() => ['Started', 'Done']));
  // When the store took what: each flow's in their order, the targeted one's before those of hunts.
  const takenAt = await Promise.all(
    tickets.map((t) => Promise.all(t.map(async (x) => (await bucket.takenAt(x)).getTime()))),
  );
  for (const [started = 0, done = 0] of takenAt) expect(started).toBeLessThanOrEqual(done);
  const [[, flowDone = 0] = [], ...hunted] = takenAt;
  for (const [, huntDone = 0] of hunted) expect(flowDone).toBeLessThanOrEqual(huntDone);
  for (const ticket of tickets.flat())
    for (const { key, stored_bytes } of ticket.collections)
      expect((await bucket.bytesOf(key)).length).toBe(stored_bytes);
}, 200_000);
