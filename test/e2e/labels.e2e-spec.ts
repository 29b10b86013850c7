import { createPrivateKey } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgent } from '#embedded';
import { keys } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { eventually, WholeSystem } from '../support/whole-system.js';

interface Client {
  client_id: string;
  labels: string[];
  claimed_labels: string[];
}
interface Hunt {
  hunt_id: string;
  state: string;
  spec_digest: string;
  stats: { done: number; expected: number; progress: string };
}
interface Items<T> {
  items: T[];
}

let system: WholeSystem;
let labelled: string;
let claiming: string;

const clients = async (): Promise<Client[]> => (await system.call<Items<Client>>('GET', '/clients')).body.items;
const client = async (id: string): Promise<Client> => (await system.call<Client>('GET', `/clients/${id}`)).body;
const hunt = async (id: string): Promise<Hunt> => (await system.call<Hunt>('GET', `/hunts/${id}`)).body;
const startHunt = async (label: string): Promise<Hunt> => {
  const { status, body } = await system.call<Hunt>('POST', '/hunts', { type: 'ListProcesses', labels: [label] });
  expect(status).toBe(201);
  return body;
};
const label = (id: string, ...changes: string[]) =>
  system.rekall('client', 'label', id, ...changes, '--api', system.api!.ready, '--token', system.token);

/** An agent whose own configuration says that it has the label `web`. */
const startClaimingAgent = async (): Promise<void> => {
  const config = JSON.parse(await readFile(join(system.dir, 'agent.json'), 'utf8')) as object;
  const configFile = join(system.dir, 'claiming.json');
  await writeFile(configFile, JSON.stringify({ ...config, labels: ['web'] }));
  const state = join(system.dir, 'agents', 'claiming');
  await mkdir(state, { recursive: true, mode: 0o700 });
  system.agents.push(await startAgent({ name: 'claiming agent', configFile, args: ['--state', state], env: {} }));
};

beforeAll(async () => {
  system = await WholeSystem.make();
  await system.startWorker();
  await system.startApi();
  await Promise.all([system.startAgent(1), startClaimingAgent()]);
  const both = await eventually('two clients', async () => {
    const found = await clients();
    return found.length === 2 ? found : undefined;
  });
  claiming = both.find((c) => c.claimed_labels.includes('web'))!.client_id;
  labelled = both.find((c) => c.client_id !== claiming)!.client_id;
}, 120_000);
afterAll(() => system.close(), 60_000);

describe('a label that a person gives', () => {
  it('is shown apart from what an agent claims, and is refused a hunt as long as nobody has it', async () => {
    expect(await client(claiming)).toMatchObject({ labels: [], claimed_labels: ['web'] });
    const refused = await system.call<{ code: string }>('POST', '/hunts', { type: 'ListProcesses', labels: ['web'] });
    expect([refused.status, refused.body.code]).toEqual([422, 'hunt/unknown-label']);
  });

  it('reaches the running agent, which takes that label’s hunt; an agent that claims it does not', async () => {
    const given = await label(labelled, '+web', '+db');
    expect([given.code, given.output]).toEqual([
      0,
      expect.stringMatching(new RegExp(`${labelled}\\s+labels\\s+db web`)),
    ]);
    expect((await label(labelled, '-db')).code).toBe(0);
    expect((await client(labelled)).labels).toEqual(['web']);
    const { hunt_id: id } = await startHunt('web');
    const done = await eventually('the hunt on the labelled client', async () => {
      const found = await hunt(id);
      return found.state === 'Completed' ? found : undefined;
    });
    expect(done.stats).toMatchObject({ done: 1, expected: 1, progress: 'Done 1/1' });
    const all = await startHunt('All'); // the claiming agent has polled and worked since
    await eventually('a hunt over both', async () => ((await hunt(all.hunt_id)).stats.done === 2 ? true : undefined));
    const took = (await system.call<Items<{ client_id: string }>>('GET', `/hunts/${id}/clients`)).body.items;
    expect(took.map((c) => c.client_id)).toEqual([labelled]);
    expect((await system.bucket.list({ prefix: `hunts/${id}/vfs/analysis/pslist/${claiming}/` })).objects).toEqual([]);
  });

  it('is on record in the bucket, by whom, so that it outlives Postgres', async () => {
    const record = await eventually('its record', async () => {
      const got = await system.bucket.get(keys.clientRecord(labelled, 3), { maxBytes: 65_536 });
      return got.kind === 'found' ? got.body.toString() : undefined;
    });
    const payload = JSON.parse((JSON.parse(record) as { payload: string }).payload) as Record<string, unknown>;
    const { body: self } = await system.call<{ user_id: string }>('GET', '/me');
    expect(payload).toMatchObject({ client_id: labelled, change: 'labels', labels: ['web'], by: self.user_id });
  });

  it('taken away keeps the agent out of the next hunt', async () => {
    await label(claiming, '+web');
    await label(labelled, '-web');
    const { hunt_id: id } = await startHunt('web');
    await eventually('the hunt', async () => ((await hunt(id)).state === 'Completed' ? true : undefined));
    const took = (await system.call<Items<{ client_id: string }>>('GET', `/hunts/${id}/clients`)).body.items;
    expect(took.map((c) => c.client_id)).toEqual([claiming]);
    await label(claiming, '-web');
    await label(labelled, '+web');
  });
});

describe('a ticket of an agent that merely claims the label', () => {
  it('signed with its own key, for a hunt over the label, is put aside, and nothing is counted', async () => {
    process.kill(system.agents[0]!.pid, 'SIGSTOP'); // so that the hunt stays open
    const { hunt_id: id, spec_digest: digest } = await startHunt('web');
    const identity = JSON.parse(await readFile(join(system.dir, 'agents', 'claiming', 'identity.json'), 'utf8')) as {
      private_key: string;
    };
    const forger = new ScriptedAgent(system.bucket, createPrivateKey(identity.private_key));
    expect(forger.clientId).toBe(claiming);
    await forger.send(forger.status({ flow_id: id, spec_digest: digest }));
    const entry = await eventually('the entry', async () => {
      const { items } = (
        await system.call<Items<{ reason: string; client_id: string }>>('GET', `/quarantine?flow_id=${id}`)
      ).body;
      return items[0];
    });
    expect(entry).toMatchObject({ reason: 'not_in_target', client_id: claiming });
    expect((await hunt(id)).stats).toMatchObject({ done: 0, expected: 1 });
    process.kill(system.agents[0]!.pid, 'SIGCONT');
  });
});

describe('rekall client label', () => {
  it.each([
    ['no sign', ['web']],
    ['no label', ['+']],
    ['a label with a slash', ['+a/b']],
    ['an option that is none', ['--jsn']],
  ])('refuses %s', async (_what, changes) => {
    const end = await label(labelled, ...changes);
    expect(end.code).toBe(2);
    expect(end.output).toContain('+LABEL');
  });

  it('takes labels that look like options', async () => {
    expect((await label(labelled, '+host', '+json')).code).toBe(0);
    const end = await label(labelled, '-host', '-json');
    expect([end.code, (await client(labelled)).labels]).toEqual([0, ['web']]);
  });
});
