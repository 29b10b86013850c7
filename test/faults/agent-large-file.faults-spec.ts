import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ResultGrant } from '#wire';
import type { AgentDeployment, TestEntry } from '../support/agent-deployment.js';
import { AgentWorld } from '../support/agent-world.js';
import { LargeTestFile } from '../support/large-file.js';
import { LocalEvidence } from '../support/local-evidence.js';
import { until } from '../support/other-process.js';

let world: AgentWorld;
let bucket: AgentDeployment;
let large: LargeTestFile;

beforeAll(async () => {
  world = await AgentWorld.start();
  bucket = world.deployment;
  large = new LargeTestFile(join(bucket.folder, 'memory.img'));
  await large.write('rekall');
});

afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
});

afterAll(async () => {
  await bucket.close();
});

/** A hunt for the file, published. */
const publish = (): Promise<TestEntry> => world.hunt({ __type__: 'GetFiles', paths: [large.path] });

const partsOf = async (hunt: TestEntry): Promise<string[]> =>
  (await bucket.keysUnder(`hunts/${hunt.flowId}/vfs/files/`)).filter((key) => key.includes('/part-'));

it('comes in parts, the index last', async () => {
  const hunt = await publish();
  await world.agent(world.newState());
  const ticket = await world.final(hunt.flowId);
  expect(ticket.state).toBe('Done');
  await large.checkStored(bucket, ticket);
  const rows = await bucket.rowsOf(ticket.collections[0]!.key, 'select uploaded, note from entries');
  expect(rows).toEqual([{ uploaded: 1, note: 'in parts' }]);
});

it('goes on after a kill in the middle: no part again, one final ticket', async () => {
  const hunt = await publish();
  const state = world.newState();
  const first = await world.agent(state, { REKALL_AGENT_FAULT: 'part-uploaded' });
  expect((await first.exited).signal).toBe('SIGKILL');
  expect(await bucket.finals(hunt.flowId)).toEqual([]);
  const before = await partsOf(hunt);
  expect(before).toHaveLength(1);
  const second = await world.agent(state);
  const ticket = await world.final(hunt.flowId);
  expect([ticket.state, ticket.error]).toEqual(['Done', undefined]);
  expect(second.log.some((l) => l.message === 'goes on sending large files')).toBe(true);
  const index = await large.checkStored(bucket, ticket);
  expect(index.parts[0]!.key).toBe(before[0]);
  expect(await partsOf(hunt)).toHaveLength(index.parts.length);
  expect(ticket.collections).toHaveLength(1);
});

it('into a folder of the machine: the same parts and index, over a kill in the middle', async () => {
  const local = new LocalEvidence(join(bucket.folder, 'local'));
  await mkdir(local.folder);
  const hunt = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths: [large.path] }] });
  const grants: ResultGrant[] = [{ id: `g-${hunt.flowId}`, location: { __type__: 'LocalFile', path: local.folder } }];
  await bucket.publishQueue(bucket.allQueue, [hunt], { grants });
  const state = world.newState();
  const config = { local_folder: local.folder };
  const first = await world.agent(state, { REKALL_AGENT_FAULT: 'part-uploaded' }, config);
  expect((await first.exited).signal).toBe('SIGKILL');
  expect(await local.final(hunt.flowId)).toBeUndefined();
  const parts = (keys: readonly string[]): string[] => keys.filter((key) => key.includes('/part-'));
  const before = parts(await local.keys());
  expect(before).toHaveLength(1);
  await world.agent(state, {}, config);
  const ticket = await local.finalOf(hunt.flowId);
  expect([ticket.state, ticket.error]).toEqual(['Done', undefined]);
  const index = await large.checkStored(local, ticket);
  expect(index.parts[0]!.key).toBe(before[0]);
  expect(parts(await local.keys())).toHaveLength(index.parts.length);
  expect(await partsOf(hunt)).toEqual([]);
});

it('killed again and again it still comes whole', async () => {
  const hunt = await publish();
  const state = world.newState();
  for (let kills = 1; kills <= 3; kills++) {
    const agent = await world.agent(state, { REKALL_AGENT_FAULT: 'part-uploaded' });
    expect((await agent.exited).signal).toBe('SIGKILL');
    expect(await bucket.finals(hunt.flowId)).toEqual([]);
  }
  await world.agent(state);
  const ticket = await world.final(hunt.flowId);
  expect([ticket.state, ticket.error]).toEqual(['Done', undefined]);
  await large.checkStored(bucket, ticket);
});

it('is cancelled in between: Cancelled, nothing more comes', async () => {
  await bucket.publishManifest({ limits: { upload_rate: 50_000 } });
  const hunt = await publish();
  await world.agent(world.newState());
  await until('it started', async () => (await bucket.tickets(hunt.flowId)).length > 0, 50_000);
  await bucket.publishQueue(bucket.allQueue, [{ ...hunt, state: 'cancelled' }]);
  const ticket = await world.final(hunt.flowId);
  expect(ticket).toMatchObject({ state: 'Cancelled', files: [] });
  await bucket.publishManifest({ limits: { upload_rate: 10_000_000_000 } });
});

it('that changed between a kill and the next start begins again under a new name', async () => {
  const hunt = await publish();
  const state = world.newState();
  const first = await world.agent(state, { REKALL_AGENT_FAULT: 'part-uploaded' });
  await first.exited;
  const before = await partsOf(hunt);
  await large.write('changed');
  await world.agent(state);
  const ticket = await world.final(hunt.flowId);
  expect([ticket.state, ticket.error]).toEqual(['Done', undefined]);
  const index = await large.checkStored(bucket, ticket);
  expect(before).not.toContain(index.parts[0]!.key);
  expect(ticket.logs.map((l) => l.message)).toContain('a file changed after parts of it were sent: begun again');
});
