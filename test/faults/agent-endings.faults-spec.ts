import { readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { AgentDeployment, TestEntry } from '../support/agent-deployment.js';
import { PSLIST, SLOW } from '../support/agent-queries.js';
import type { AgentProcess } from '../support/agent-process.js';
import { AgentWorld } from '../support/agent-world.js';
import { until as untilWithin } from '../support/other-process.js';
import { startUnreliableStore } from '../support/unreliable-store.js';

let world: AgentWorld;
let bucket: AgentDeployment;

/** Other work on the machine makes these slow, never wrong. */
const until = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> =>
  untilWithin(what, holds, 50_000);

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

const started = (hunt: TestEntry) => async (): Promise<boolean> => (await bucket.tickets(hunt.flowId)).length > 0;
const says = (agent: AgentProcess, message: string) => (): boolean => agent.log.some((l) => l.message === message);

/** What the state file has of a flow. */
const recordOf = async (state: string, { flowId }: TestEntry): Promise<Record<string, unknown> | undefined> => {
  const file = JSON.parse(await readFile(join(state, 'state.json'), 'utf8')) as {
    attempts: ({ flow_id: string } & Record<string, unknown>)[];
  };
  return file.attempts.find((a) => a.flow_id === flowId);
};

/** Nothing can be put into the spool any more; gives the function that makes it well again. */
const breakSpool = async (state: string): Promise<() => Promise<void>> => {
  const spool = join(state, 'spool');
  await rename(spool, `${spool}.away`);
  await writeFile(spool, 'no folder');
  return async () => {
    await rm(spool);
    await rename(`${spool}.away`, spool);
  };
};

it('an ending that cannot be written holds up no other: they are told, it is tried again', async () => {
  const store = await startUnreliableStore(bucket.store.bucketUrl);
  try {
    const state = world.newState();
    const hunts = [await bucket.hunt({ actions: [SLOW] }), await bucket.hunt({ actions: [SLOW] })];
    await bucket.publishQueue(bucket.allQueue, hunts);
    const first = await world.agent(state, {}, { bucket_url: store.url });
    for (const hunt of hunts) await until('it runs', started(hunt));
    await until('both are delivered', () => readdirSync(join(state, 'spool')).length === 0);
    await first.kill9();
    // While it waits for its Manifest, the place of the next thing in its spool is taken.
    store.mood = 'nothing';
    const second = await world.agent(state, {}, { bucket_url: store.url });
    await until('it asks for its Manifest', () => (store.answered.get('nothing') ?? 0) > 0);
    await mkdir(join(state, 'spool/000000000001.data/taken'), { recursive: true });
    const next = await bucket.hunt({ actions: [PSLIST] });
    await bucket.publishQueue(bucket.allQueue, [...hunts, next]);
    store.mood = 'well';
    for (const hunt of hunts) expect((await world.final(hunt.flowId)).state).toBe('Crashed');
    expect((await world.final(next.flowId)).state).toBe('Done');
    const failed = second.log.filter((l) => l.message === 'an unfinished flow could not be ended yet');
    expect(failed).toHaveLength(1);
    const [a, b] = await Promise.all(hunts.map(async (h) => (await bucket.finals(h.flowId))[0]!.seq));
    // The one that failed took a number first, and was told after the other one.
    const late = failed[0]!['flow_id'] === hunts[0]!.flowId ? a : b;
    expect(late).toBe(Math.max(a!, b!));
  } finally {
    await store.close();
  }
});

it('a flow that was cancelled stays Cancelled when its ending cannot be written at once', async () => {
  const state = world.newState();
  const hunt = await bucket.hunt({ actions: [SLOW] });
  await bucket.publishQueue(bucket.allQueue, [hunt]);
  const agent = await world.agent(state);
  await until('it runs', started(hunt));
  const mend = await breakSpool(state);
  await bucket.publishQueue(bucket.allQueue, [{ ...hunt, state: 'cancelled' }]);
  await until('its ending cannot be written', says(agent, 'an unfinished flow could not be ended yet'));
  await mend();
  const ticket = await world.final(hunt.flowId);
  expect(ticket).toMatchObject({ state: 'Cancelled', collections: [], files: [] });
  expect(ticket.error).toBeUndefined();
  await until('it is known', async () => (await recordOf(state, hunt))?.['outcome'] === 'Cancelled');
});

it('and also when the agent is killed before it could write it', async () => {
  const state = world.newState();
  const hunt = await bucket.hunt({ actions: [SLOW] });
  await bucket.publishQueue(bucket.allQueue, [hunt]);
  const agent = await world.agent(state);
  await until('it runs', started(hunt));
  const mend = await breakSpool(state);
  await bucket.publishQueue(bucket.allQueue, [{ ...hunt, state: 'cancelled' }]);
  await until('its ending cannot be written', says(agent, 'an unfinished flow could not be ended yet'));
  await agent.kill9();
  await mend();
  await world.agent(state);
  expect((await world.final(hunt.flowId)).state).toBe('Cancelled');
});

it('what does not run here is Rejected, with the reason, also when that cannot be written at once', async () => {
  const state = world.newState();
  await bucket.publishQueue(bucket.allQueue, []);
  const agent = await world.agent(state);
  await agent.ready;
  await until('its Startup is delivered', () => readdirSync(join(state, 'spool')).length === 0);
  const mend = await breakSpool(state);
  const hunt = await bucket.hunt({ actions: [PSLIST], requires: ['source.teleport.1'] });
  await bucket.publishQueue(bucket.allQueue, [hunt]);
  await until('its answer cannot be written', says(agent, 'an unfinished flow could not be ended yet'));
  await mend();
  const ticket = await world.final(hunt.flowId);
  expect([ticket.state, ticket.error]).toEqual(['Rejected', 'agent 0.1.0 lacks source.teleport.1']);
});
