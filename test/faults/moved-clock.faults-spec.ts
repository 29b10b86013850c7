import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PART_BYTES, type ResultGrant, S3SignedPolicy } from '#wire';
import { BUCKET } from '../support/api.js';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.js';
import type { MovedClock } from '../support/moved-clock.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

// Real store, worker and agent; their clock, and this process's, is moved day by day.
const DAY = 86_400_000;
const GRANT_DAYS = 7;

let world: WorkerDeployment;
let clock: MovedClock;
let agent: AgentProcess | undefined;

const one = async <T>(query: string, ...values: unknown[]): Promise<T | undefined> =>
  (await world.sql.query(query, values)).rows[0] as T | undefined;

beforeAll(async () => {
  world = await WorkerDeployment.start(true);
  if (world.clock === undefined) throw new Error('the clock was not started');
  clock = world.clock;
  await world.startWorker({ GRANT_DAYS: String(GRANT_DAYS), REKALL_POLL_MIN: '0.1', REKALL_POLL_MAX: '0.3' });
});
afterAll(async () => {
  await agent?.kill9();
  await world.stop();
});

const startAgent = async (env: Record<string, string> = {}): Promise<AgentProcess> => {
  const config = join(world.folder, 'agent.json');
  const content = {
    __type__: 'AgentConfig',
    version: 1,
    deployment: world.deployment,
    bucket_url: `${world.store.url}/${BUCKET}`,
    public_secret: world.secret,
    ca_certificate: world.ca.certificatePem,
  };
  await writeFile(config, JSON.stringify(content));
  agent = startAgentProcess(['--config', config, '--state', join(world.folder, 'agent')], {
    ...clock.environment,
    ...env,
  });
  return agent;
};

const expiries = (grants: readonly ResultGrant[]): number[] =>
  grants.map(({ location }) => Date.parse(S3SignedPolicy.parse(location).expires_at));

it('grants are signed again each day; a flow that lasts 30 days still delivers, over a kill', async () => {
  const first = await startAgent();
  const { client_id: clientId } = await first.ready;
  const client = await eventually('the client is registered', () =>
    one<{ queue: string }>('SELECT queue FROM clients WHERE id = $1', clientId),
  );
  await first.stop();
  const large = join(world.folder, 'memory.img');
  await writeFile(large, 'rekall');
  await truncate(large, 2.5 * PART_BYTES);
  const flow = await world.call('POST', `/clients/${clientId}/flows`, {
    type: 'GetFiles',
    paths: [large],
    expires_in_seconds: 40 * 86_400,
  });
  const flowId = String(flow['flow_id']);
  const killed = await startAgent({ REKALL_AGENT_FAULT: 'part-uploaded' });
  expect((await killed.exited).signal).toBe('SIGKILL');
  const parts = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of world.bucket.listAll(`${clientId}/vfs/files/${flowId}/`)) found.push(key);
    return found;
  };
  const before = await parts();
  expect(before).toHaveLength(1);

  let last = 0;
  for (let day = 1; day <= 29; day++) {
    await clock.moveTo(day * DAY + 3_600_000);
    const now = Date.now();
    const until = await eventually(`grants of day ${String(day)}`, async () => {
      const { manifest } = await world.manifest();
      const soonest = Math.min(...expiries([manifest.ticket_grant, ...(await world.jobFile(client.queue)).grants]));
      return soonest > now + (GRANT_DAYS - 1) * DAY ? soonest : undefined;
    });
    expect(until).toBeGreaterThan(last);
    expect(until).toBeLessThanOrEqual(Date.now() + GRANT_DAYS * DAY);
    last = until;
  }

  const again = await startAgent();
  await eventually(
    'the flow is done',
    async () =>
      (await one<{ state: string }>('SELECT state FROM flow_runs WHERE flow_id = $1', flowId))?.state === 'Done'
        ? true
        : undefined,
    120_000,
  );
  expect(again.log.some(({ message }) => message === 'goes on sending large files')).toBe(true);
  const after = await parts();
  expect(after).toEqual(expect.arrayContaining(before));
  expect(after.filter((key) => key.endsWith('/index.json'))).toHaveLength(1);
  expect(after.every((key) => key.startsWith(before[0]?.replace(/part-.*/, '') ?? 'none'))).toBe(true);
  expect(await one('SELECT 1 FROM quarantine_entries')).toBeUndefined();
}, 240_000);
