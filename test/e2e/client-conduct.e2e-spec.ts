import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProcess } from '#embedded';
import { ENDLESS_QUERY } from '../support/agent-queries.js';
import { eventually, WholeSystem } from '../support/whole-system.js';

interface Record {
  client_id: string;
  clock_offset_ms: number | null;
  clock_skewed: boolean;
  clock_at: string | null;
  crashes: number;
  crashed_at: string | null;
  over_quota: number;
  over_quota_at: string | null;
  overdue: number;
  overdue_at: string | null;
}
interface Flow {
  flow_id: string;
  state: string;
  error: string | null;
  /** Read from the bucket: not counted yet. */
  unprocessed: boolean;
}

const SKEW_MS = 45 * 60_000;
const ENDLESS = {
  type: 'Collect',
  query: ENDLESS_QUERY,
  collection: { name: 'pids', columns: [{ name: 'pid', type: 'int' }] },
};

let system: WholeSystem;
let sql: Client;
let agents = 0;

beforeAll(async () => {
  system = await WholeSystem.make();
  await system.startWorker();
  await system.startApi();
  sql = new Client({ connectionString: system.databases.migrateUrl });
  await sql.connect();
}, 120_000);
afterAll(async () => {
  await sql.end();
  await system.close();
}, 60_000);

const record = async (id: string): Promise<Record> => (await system.call<Record>('GET', `/clients/${id}`)).body;
const flow = async (id: string): Promise<Flow> => (await system.call<Flow>('GET', `/flows/${id}`)).body;

/** A new agent, once the server knows it. */
const newAgent = async (
  env: Readonly<globalThis.Record<string, string>> = {},
): Promise<{ n: number; id: string; process: RunningProcess<true> }> => {
  const known = new Set((await system.call<{ items: Record[] }>('GET', '/clients')).body.items.map((c) => c.client_id));
  const n = ++agents;
  const process = await system.startAgent(n, env);
  const id = await eventually('the client', async () =>
    (await system.call<{ items: Record[] }>('GET', '/clients')).body.items
      .map((c) => c.client_id)
      .find((found) => !known.has(found)),
  );
  return { n, id, process };
};

const launch = async (id: string, body: object = { type: 'ListProcesses' }): Promise<string> =>
  (await system.call<Flow>('POST', `/clients/${id}/flows`, body)).body.flow_id;
const inState = (id: string, state: string): Promise<Flow> =>
  eventually(`${id} is ${state}`, async () => {
    const found = await flow(id);
    return found.state === state && !found.unprocessed ? found : undefined;
  });
const inspect = async (id: string): Promise<string> =>
  (await system.rekall('client', 'inspect', id, '--api', system.api!.ready, '--token', system.token)).output;

describe('the record of a client', () => {
  it('holds nothing against one that does what it should', async () => {
    const { id } = await newAgent();
    await inState(await launch(id), 'Done');
    const found = await record(id);
    expect(found).toMatchObject({ clock_skewed: false, crashes: 0, over_quota: 0, overdue: 0 });
    expect(Math.abs(found.clock_offset_ms!)).toBeLessThan(60_000);
  });

  it('says how wrong its clock is, from the first ticket on, in REST, GraphQL and the console', async () => {
    const { id } = await newAgent({ REKALL_AGENT_CLOCK_SKEW_MS: String(SKEW_MS) });
    const { clock_offset_ms, clock_skewed, clock_at } = await record(id);
    expect(Math.abs(clock_offset_ms! - SKEW_MS)).toBeLessThan(60_000);
    expect([clock_skewed, typeof clock_at]).toEqual([true, 'string']);
    const query = `{ client(id: "${id}") { clockSkewed clockOffsetMs crashes overQuota overdue detail { clockAt } } }`;
    const response = await fetch(`${system.api!.ready}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const none = { crashes: 0, overQuota: 0, overdue: 0 };
    expect(await response.json()).toMatchObject({
      data: { client: { clockSkewed: true, clockOffsetMs: clock_offset_ms, ...none, detail: { clockAt: clock_at } } },
    });
    expect(await inspect(id)).toContain('45 minutes fast');
  });

  it('counts flows that crashed', async () => {
    const { n, id, process } = await newAgent({ REKALL_AGENT_FAULT: 'child-started' });
    const flowId = await launch(id);
    await process.exited;
    await system.startAgent(n);
    await inState(flowId, 'Crashed');
    const found = await record(id);
    expect(found).toMatchObject({ crashes: 1, over_quota: 0, overdue: 0 });
    expect(Math.abs(Date.parse(found.crashed_at!) - Date.now())).toBeLessThan(60_000);
    expect(await inspect(id)).toContain('1 flows, the last one');
  });

  it('counts flows that a quota stopped', async () => {
    const { id } = await newAgent();
    const flowId = await launch(id, { ...ENDLESS, quota: { wall_seconds: 0.5 } });
    expect((await inState(flowId, 'Error')).error).toMatch(/^Resource exceeded: wall seconds, limit 0\.5/);
    const found = await record(id);
    expect(found).toMatchObject({ crashes: 0, over_quota: 1, overdue: 0 });
    expect(Math.abs(Date.parse(found.over_quota_at!) - Date.now())).toBeLessThan(60_000);
  });

  it('counts flows that it began and never ended, once, also when the end comes late', async () => {
    const { n, id, process } = await newAgent();
    const flowId = await launch(id, ENDLESS);
    await inState(flowId, 'Started');
    await process.kill9();
    const { rows } = await sql.query<{ expires_at: Date }>(
      `UPDATE flows SET expires_at = now() - interval '1 minute' WHERE id = $1 RETURNING expires_at`,
      [flowId],
    );
    await eventually('it is overdue', async () => ((await record(id)).overdue === 1 ? true : undefined));
    expect((await flow(flowId)).state).toBe('Expired');
    expect(await record(id)).toMatchObject({ overdue_at: rows[0]!.expires_at.toISOString(), crashes: 0 });
    await system.startAgent(n);
    await inState(flowId, 'Crashed');
    expect(await record(id)).toMatchObject({ overdue: 1, crashes: 1 });
  });
});
