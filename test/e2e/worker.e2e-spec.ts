import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Entry, emptyMarks, keys, labelQueue, readJobFile, readManifest, readSpec } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

let world: WorkerDeployment;

beforeAll(async () => {
  world = await WorkerDeployment.start();
});
afterAll(async () => {
  await world.stop();
});

const publicText = async (key: string): Promise<string> => {
  const response = await fetch(`${world.store.url}/evidence/${key}`);
  if (!response.ok) throw new Error(`${key}: HTTP ${response.status}`);
  return response.text();
};

const trusted = async () => {
  const ca = new X509Certificate(world.ca.certificatePem);
  const text = await publicText(keys.manifest(world.secret));
  return readManifest(text, { ca, now: new Date(), marks: emptyMarks(), deployment: world.deployment });
};

const queueFile = async (queue: string) => {
  const { trust, marks } = await trusted();
  return readJobFile(await publicText(keys.jobs(world.secret, queue)), { trust, queue, now: new Date(), marks });
};

const entriesOf = async (queue: string): Promise<Entry[]> => (await queueFile(queue)).jobFile.entries;

const register = async (): Promise<ScriptedAgent> => {
  const agent = new ScriptedAgent(world.bucket);
  await agent.send(agent.startup());
  await eventually('the client is registered', async () => {
    const { rowCount } = await world.sql.query('SELECT 1 FROM clients WHERE id = $1', [agent.clientId]);
    return rowCount === 1 ? true : undefined;
  });
  return agent;
};

describe('the worker', () => {
  it('publishes, registers, tasks and takes in', async () => {
    await world.startWorker({ LOG_LEVEL: 'info' });
    const all = labelQueue(world.queueKey, 'All', 1);
    expect((await trusted()).manifest.all_queue).toBe(all);
    expect(await entriesOf(all)).toEqual([]);
    const agent = await register();
    const hunt = await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['All'] });
    const [entry] = await eventually('the hunt is published', async () => {
      const entries = await entriesOf(all);
      return entries.length === 1 ? entries : undefined;
    });
    const { trust } = await trusted();
    const { spec, digest } = await readSpec(entry!, { trust, now: new Date() });
    expect(spec.flow_id).toBe(hunt['hunt_id']);
    const collection = await agent.collect(spec.flow_id);
    await agent.send(agent.status({ flow_id: spec.flow_id, spec_digest: digest, collections: [collection] }));
    const run = await eventually('the run is there', async () => {
      const { rows } = await world.sql.query<{ state: string }>('SELECT * FROM flow_runs WHERE flow_id = $1', [
        spec.flow_id,
      ]);
      return rows[0];
    });
    expect(run.state).toBe('Done');
  });
});
