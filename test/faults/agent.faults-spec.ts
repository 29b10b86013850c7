import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { parseTicketKey, statusPrefix } from '#wire';
import { type AgentDeployment, collectAction } from '../support/agent-deployment.js';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.js';
import { killAgain } from '../support/agent-kills.js';
import { AgentWorld } from '../support/agent-world.js';
import { until } from '../support/other-process.js';

const KILLS = 50;
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

const PSLIST = collectAction('select Name as name, pid from pslist()', [
  { name: 'name', type: 'unicode' },
  { name: 'pid', type: 'int' },
]);

it(`kill -9 at ${KILLS} random moments: each flow has exactly one final ticket, none was started twice`, async () => {
  const seed = Number(process.env['REKALL_TEST_SEED'] ?? randomInt(2 ** 31));
  process.stdout.write(`seed ${seed} (REKALL_TEST_SEED=${seed} repeats it)\n`);
  const { finals, began, orphans } = await killAgain(world, KILLS, seed);
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
}, 900_000);

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
  const stored = await bucket.store.list({ prefix: statusPrefix(flow.flowId) });
  expect(stored.objects).toHaveLength(2);
  for (const ticket of tickets.flat())
    for (const { key, stored_bytes } of ticket.collections)
      expect((await bucket.bytesOf(key)).length).toBe(stored_bytes);
}, 200_000);

it('a pool with bad agents: the honest ones complete, each bad one leaves what it is known for', async () => {
  const hunt = await bucket.hunt({ actions: [PSLIST] });
  await bucket.publishQueue(bucket.allQueue, [hunt]);
  const startups = async (): Promise<Set<string>> =>
    new Set((await bucket.keysUnder('tickets/Startup/')).map((key) => parseTicketKey(key)!.clientId));
  const before = await startups();
  const pool = startAgentProcess([
    'pool',
    ...['--clients', '36', '--poll', '1', '--misbehave', '0.5', '--log-level', 'error'],
    ...['--config', await bucket.agentConfig(), '--state', world.newState()],
  ]);
  const { bad } = (await pool.ready) as unknown as { bad: Record<string, string> };
  expect(Object.keys(bad)).toHaveLength(18);
  expect(new Set(Object.values(bad)).size).toBe(9);
  const keysNow = (): Promise<string[]> => bucket.keysUnder(`tickets/HuntStatus/${hunt.flowId}/`);
  await until('all have started', async () => (await startups()).size === before.size + 36, 100_000);
  const honest = [...(await startups())].filter((id) => !before.has(id) && bad[id] === undefined);
  expect(honest).toHaveLength(18);
  const finalsOf = async (): Promise<Map<string, string[]>> => {
    const states = new Map<string, string[]>();
    for (const key of await keysNow()) {
      const { clientId } = parseTicketKey(key) as { clientId: string };
      const file = JSON.parse((await bucket.bytesOf(key)).toString()) as { payload: string };
      const { state } = JSON.parse(file.payload) as { state: string };
      states.set(clientId, [...(states.get(clientId) ?? []), state]);
    }
    return states;
  };
  await until(
    'every honest agent is done',
    async () => {
      const states = await finalsOf();
      return honest.every((id) => states.get(id)?.includes('Done') ?? false);
    },
    100_000,
  );
  const ofKind = (kind: string): string[] => Object.keys(bad).filter((id) => bad[id] === kind);
  await until(
    'slow ones come late, but come',
    async () => {
      const states = await finalsOf();
      return ofKind('slow').every((id) => states.get(id)?.includes('Done') ?? false);
    },
    100_000,
  );
  const states = await finalsOf();
  expect(ofKind('crashing').map((id) => states.get(id))).toEqual(ofKind('crashing').map(() => ['Started']));
  for (const id of ofKind('duplicate')) expect(states.get(id)!.length).toBeGreaterThan(2);
  for (const id of ofKind('oversized')) expect(states.get(id)).toBeUndefined();
  for (const id of ofKind('forged-name')) expect(states.get(id)).toBeUndefined();
  expect(
    (await bucket.keysUnder(`hunts/${hunt.flowId}/vfs/`)).filter((k) => /vfs\/[0-9a-f]{32}$/.test(k)),
  ).toHaveLength(ofKind('unasked-key').length);
  await pool.kill9();
}, 300_000);
