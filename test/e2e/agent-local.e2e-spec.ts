import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ResultGrant, sha256Hex, type StatusTicket } from '#wire';
import type { AgentDeployment, TestEntry } from '../support/agent-deployment.js';
import { startAgentProcess } from '../support/agent-process.js';
import { AgentWorld } from '../support/agent-world.js';
import { LocalEvidence } from '../support/local-evidence.js';
import { until } from '../support/other-process.js';

let world: AgentWorld;
let bucket: AgentDeployment;
let evidence: string;
let folders = 0;

beforeAll(async () => {
  world = await AgentWorld.start();
  bucket = world.deployment;
  evidence = join(bucket.folder, 'evidence.bin');
  await writeFile(evidence, randomBytes(300_000));
});

afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
});

afterAll(async () => {
  await bucket.close();
});

const newFolder = async (): Promise<string> => {
  const folder = join(bucket.folder, `local-${++folders}`);
  await mkdir(folder);
  return folder;
};

/** A hunt for one file, published with this folder in place of a grant. */
const publish = async (path: string): Promise<TestEntry> => {
  const hunt = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths: [evidence] }] });
  const grants: ResultGrant[] = [{ id: `g-${hunt.flowId}`, location: { __type__: 'LocalFile', path } }];
  await bucket.publishQueue(bucket.allQueue, [hunt], { grants });
  return hunt;
};

/** What lies in the folder is what the ticket says, and the file is whole. */
const checkContents = async (local: LocalEvidence, ticket: StatusTicket): Promise<void> => {
  expect([ticket.state, ticket.error]).toEqual(['Done', undefined]);
  for (const { key, stored_bytes, stored_sha256 } of [...ticket.files, ...ticket.collections]) {
    const stored = await local.bytesOf(key);
    expect([stored.length, sha256Hex(stored)]).toEqual([stored_bytes, stored_sha256]);
  }
  expect(gunzipSync(await local.bytesOf(ticket.files[0]!.key)).equals(await readFile(evidence))).toBe(true);
};

it('a job that names a local folder: results and tickets lie there under their keys, none in the bucket', async () => {
  const root = await newFolder();
  const local = new LocalEvidence(join(root, 'case-7'));
  const hunt = await publish(local.folder);
  const agent = await world.agent(world.newState(), {}, { local_folder: root });
  const ticket = await local.finalOf(hunt.flowId);
  await checkContents(local, ticket);
  expect(await bucket.keysUnder(`hunts/${hunt.flowId}/`)).toEqual([]);
  expect(await bucket.tickets(hunt.flowId)).toEqual([]);
  const { client_id: clientId } = await agent.ready;
  await until('its Startup ticket in the bucket', async () => (await bucket.startups(clientId)).length === 1, 50_000);

  await local.carryTo(bucket);
  expect(await world.final(hunt.flowId)).toEqual(ticket);
  expect(await bucket.rowsOf(ticket.collections[0]!.key, 'select uploaded from entries')).toEqual([{ uploaded: 1 }]);
});

it.each([
  ['no folder is allowed', {}, () => join(bucket.folder, 'anywhere'), /and no local_folder is allowed$/],
  ['another is', { local_folder: '/media/stick' }, () => join(bucket.folder, 'anywhere'), /outside of the allowed/],
  ['it climbs out', { local_folder: '/media' }, () => '/media/../etc', /no absolute path without "\."/],
])('a job that names a local folder is Rejected where %s', async (_, config, path, why) => {
  const hunt = await publish(path());
  await world.agent(world.newState(), {}, config);
  const ticket = await world.final(hunt.flowId);
  expect(ticket).toMatchObject({ state: 'Rejected', files: [], collections: [] });
  expect(ticket.error).toMatch(/^the configuration of this agent does not allow it: /);
  expect(ticket.error).toMatch(why);
  expect(existsSync(join(bucket.folder, 'anywhere'))).toBe(false);
});

it('while the folder is not there its results wait in the spool; a restart and a new disk, and they are written', async () => {
  const root = join(bucket.folder, `local-${++folders}`);
  const state = world.newState();
  const hunt = await publish(root);
  const first = await world.agent(state, {}, { local_folder: root });
  const failed = () => first.log.filter((l) => l.message === 'an upload failed here').map((l) => String(l['key']));
  await until('a result fails', () => failed().some((key) => key.startsWith('hunts/')), 50_000);
  expect(JSON.stringify(first.log)).toContain(`cannot write ${root}/`);
  expect(existsSync(root)).toBe(false);
  await first.kill9();
  await mkdir(root);
  await world.agent(state, {}, { local_folder: root });
  const local = new LocalEvidence(root);
  await checkContents(local, await local.finalOf(hunt.flowId));
});

it('without a network: jobs come in a folder and results leave in it, carried by hand', async () => {
  const folder = await newFolder();
  const hunt = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths: [evidence] }] });
  await bucket.publishQueue(bucket.allQueue, [hunt]);
  for (const key of await bucket.keysUnder('public/')) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), await bucket.bytesOf(key));
  }
  const config = await bucket.agentConfig({ bucket_url: 'http://127.0.0.1:9/evidence' });
  const state = world.newState();
  const once = (): Promise<{ code: number | null }> =>
    startAgentProcess(['--config', config, '--state', state, '--offline', folder, '--once']).exited;
  expect((await once()).code).toBe(0);
  const local = new LocalEvidence(folder);
  const ticket = (await local.final(hunt.flowId))!;
  await checkContents(local, ticket);
  expect(await bucket.tickets(hunt.flowId)).toEqual([]);

  await local.carryTo(bucket);
  expect(await world.final(hunt.flowId)).toEqual(ticket);
  expect(await bucket.startups(ticket.client_id)).toHaveLength(1);

  const before = await local.keys();
  expect((await once()).code).toBe(0);
  const startups = (keys: readonly string[]): number => keys.filter((key) => key.startsWith('tickets/Startup/')).length;
  const after = await local.keys();
  expect([after.length - before.length, startups(after)]).toEqual([1, 2]);
});

it('a folder that is not there is refused at the start', async () => {
  const agent = startAgentProcess([
    ...['--config', await bucket.agentConfig(), '--state', world.newState()],
    ...['--offline', join(bucket.folder, 'unplugged')],
  ]);
  expect((await agent.exited).code).toBe(2);
  expect(agent.errors).toEqual([
    `rekall-agent: --offline ${join(bucket.folder, 'unplugged')}: there is no such folder`,
  ]);
});
