import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { keys, randomHex32 } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { type ProgramEnd, WorkerDeployment } from '../support/worker-deployment.js';

vi.setConfig({ testTimeout: 180_000 }); // each starts many processes, one after the other

let world: WorkerDeployment;

beforeAll(async () => {
  world = await WorkerDeployment.start();
});
afterAll(async () => {
  await world.stop();
});

const pass = async (): Promise<void> => {
  const { code, output } = await world.once();
  expect({ code, output }).toMatchObject({ code: 0 });
};

const resultOf = ({ output }: ProgramEnd): Record<string, unknown> =>
  JSON.parse(
    output.split('\n').findLast((line) => line.startsWith('{') && !line.includes('"level"')) ?? '{}',
  ) as Record<string, unknown>;

/** Everything that can be rebuilt, but for the times at which rows were written and ids that only number rows. */
const TABLES: Record<string, string> = {
  clients: 'SELECT * FROM clients ORDER BY id',
  client_labels: 'SELECT * FROM client_labels ORDER BY client_id, label',
  client_changes: 'SELECT client_id, seq, change, by, at FROM client_changes ORDER BY client_id, seq',
  flows: 'SELECT * FROM flows ORDER BY id',
  flow_attempts: 'SELECT * FROM flow_attempts ORDER BY flow_id, attempt',
  flow_changes: 'SELECT flow_id, seq, change, by, at, entry_state, hunt_state FROM flow_changes ORDER BY flow_id, seq',
  flow_runs: 'SELECT * FROM flow_runs ORDER BY flow_id, client_id',
  collections: `SELECT flow_id, client_id, attempt, name, key, etag, stored_bytes, stored_sha256, content_bytes, content_sha256,
    schema, row_counts, rows, dropped_columns, null_coerced, reported_at FROM collections ORDER BY key`,
  collected_files: `SELECT flow_id, client_id, attempt, path, path_bytes, key, etag, stored_bytes, stored_sha256, content_bytes,
    content_sha256, parts, reported_at FROM collected_files ORDER BY key`,
  tickets_seen: 'SELECT key, etag, last_modified, flow_id, verdict, reason FROM tickets_seen ORDER BY key',
  quarantine_entries:
    'SELECT key, etag, reason, detail, client_id, flow_id, archive_key FROM quarantine_entries ORDER BY key, reason',
};

const dump = async (): Promise<Record<string, unknown[]>> => {
  const tables: Record<string, unknown[]> = {};
  for (const [name, query] of Object.entries(TABLES)) tables[name] = (await world.sql.query(query)).rows;
  return tables;
};

const startHunt = async (labels: string[]): Promise<{ id: string; digest: string }> => {
  const hunt = await world.call('POST', '/hunts', {
    type: 'ListProcesses',
    labels,
    description: 'a hunt',
    external_ref: 'X-1',
  });
  return { id: String(hunt['hunt_id']), digest: String(hunt['spec_digest']) };
};

const launchFlow = async (agent: ScriptedAgent): Promise<{ id: string; digest: string }> => {
  const flow = await world.call('POST', `/clients/${agent.clientId}/flows`, { type: 'ListProcesses' });
  return { id: String(flow['flow_id']), digest: String(flow['spec_digest']) };
};

describe('rebuild', () => {
  it('makes an empty database what it was, from the bucket alone', async () => {
    const agents = Array.from({ length: 4 }, () => new ScriptedAgent(world.bucket));
    const [a, b, c, d] = agents as [ScriptedAgent, ScriptedAgent, ScriptedAgent, ScriptedAgent];
    for (const agent of agents) await agent.send(agent.startup());
    await pass();
    await world.sql.query(
      `WITH l AS (INSERT INTO client_labels (client_id, label, by) VALUES ($1, 'Lab', 'U_1') RETURNING client_id),
        c AS (UPDATE clients SET change_seq = 2 WHERE id = $1)
       INSERT INTO client_changes (client_id, seq, change, by) SELECT client_id, 2, 'labels', 'U_1' FROM l`,
      [a.clientId],
    );
    await world.sql.query(`UPDATE queues SET wanted_seq = wanted_seq + 1 WHERE id = $1`, [`client:${a.clientId}`]);
    const everyone = await startHunt(['All']);
    const lab = await startHunt(['Lab']);
    const stopped = await startHunt(['All']);
    const flow = await launchFlow(b);
    const cancelled = await launchFlow(c);
    const crashed = await launchFlow(d);
    const tooMuch = await launchFlow(d);
    await pass();
    const done = async (agent: ScriptedAgent, of: { id: string; digest: string }, rows: number): Promise<void> => {
      const collections = [await agent.collect(of.id, 'pslist', rows)];
      const key = keys.file(of.id, agent.clientId, '/etc/host name', randomHex32(), '');
      await world.bucket.put(key, 'web-01');
      const sha256 = '94c93d95d3cd0c4ee65ef3e37c5f9c4e1b6ce1e1a8d1d5ccd2a8a5cbb5b8e1d3';
      const sizes = { stored_bytes: 6, stored_sha256: sha256, content_bytes: 6, content_sha256: sha256 };
      const files = [{ key, ...sizes, path: '/etc/host name', path_bytes: 'L2V0Yy9ob3N0IG5hbWU=' }];
      await agent.send(agent.status({ flow_id: of.id, spec_digest: of.digest, collections, files }));
    };
    await a.send(a.status({ flow_id: everyone.id, spec_digest: everyone.digest, state: 'Started' }));
    await pass();
    for (const agent of [a, b, c]) await done(agent, everyone, 5);
    await done(a, lab, 2);
    await done(b, flow, 9);
    await d.send(d.status({ flow_id: everyone.id, spec_digest: everyone.digest, state: 'Started' }));
    await c.send(c.status({ flow_id: lab.id, spec_digest: lab.digest })); // not in target
    await a.send(a.startup({ agent_version: '0.3.0', local_time: new Date(Date.now() + 3_600_000).toISOString() }));
    await d.send(d.status({ flow_id: crashed.id, spec_digest: crashed.digest, state: 'Crashed', error: 'gone' }));
    const error = 'Resource exceeded: rows, limit 1, used 2';
    await d.send(d.status({ flow_id: tooMuch.id, spec_digest: tooMuch.digest, state: 'Error', error }));
    await world.call('POST', `/hunts/${stopped.id}/stop`, { running: 'cancel' });
    await world.call('POST', `/flows/${cancelled.id}/cancel`, {});
    await pass();
    // a second final, a replay, and a label that is taken away after its hunt was run
    const again = a.status({ flow_id: everyone.id, spec_digest: everyone.digest, state: 'Error', error: 'second' });
    await a.send(again);
    await c.send(c.status({ flow_id: cancelled.id, spec_digest: cancelled.digest, state: 'Cancelled' }));
    await world.bucket.put(`tickets/FlowStatus/${randomHex32()}`, 'junk');
    await pass();
    await a.send(again);
    await world.sql.query(
      `WITH l AS (DELETE FROM client_labels WHERE client_id = $1), c AS (UPDATE clients SET change_seq = 3 WHERE id = $1)
       INSERT INTO client_changes (client_id, seq, change, by) VALUES ($1, 3, 'labels', 'U_1')`,
      [a.clientId],
    );
    await world.sql.query(`UPDATE queues SET wanted_seq = wanted_seq + 1 WHERE id = $1`, [`client:${a.clientId}`]);
    await pass();
    const before = await dump();
    const reasons = (before['quarantine_entries'] as { reason: string }[]).map((q) => q.reason).sort();
    expect(reasons).toEqual(['bad_key', 'not_in_target', 'replay']);
    const conduct = await world.sql.query(
      'SELECT clock_offset_ms > 3500000 AS fast, crashes, over_quota FROM clients WHERE id = ANY($1::text[]) ORDER BY id = $2',
      [[a.clientId, d.clientId], d.clientId],
    );
    expect(conduct.rows).toEqual([
      { fast: true, crashes: 0, over_quota: 0 },
      { fast: false, crashes: 1, over_quota: 1 },
    ]);
    const versions = await Promise.all(
      [world.queueOf('All'), a.queue].map(async (q) => (await world.jobFile(q)).version),
    );

    expect(before['collected_files']).toHaveLength(5);
    await world.loseDatabase();
    const end = await world.admin('rebuild');
    expect(end).toMatchObject({ code: 0 });
    expect(resultOf(end)['rebuilt']).toMatchObject({
      clients: 4,
      flows: 7,
      quarantined: 3,
      taken: 0,
      missing_objects: 0,
    });
    const after = await dump();
    for (const name of Object.keys(TABLES)) expect({ [name]: after[name] }).toEqual({ [name]: before[name] });
    expect(resultOf(await world.admin('recount', '--check'))).toEqual({ differences: [] });

    // agents take the next file, and what they send counts
    await d.send(d.status({ flow_id: everyone.id, spec_digest: everyone.digest, state: 'Done' }));
    await pass();
    const next = await Promise.all([world.queueOf('All'), a.queue].map(async (q) => (await world.jobFile(q)).version));
    expect(next.map((version, i) => version > versions[i]!)).toEqual([true, true]);
    const hunt = await world.call('GET', `/hunts/${everyone.id}`);
    expect(hunt).toMatchObject({ state: 'Completed', external_ref: 'X-1', description: 'a hunt' });
  });

  it('takes in what was not archived yet, and says what the bucket no longer has', async () => {
    const agent = new ScriptedAgent(world.bucket);
    await agent.send(agent.startup());
    await pass();
    const flow = await launchFlow(agent);
    await pass();
    const collection = await agent.collect(flow.id);
    await agent.send(agent.status({ flow_id: flow.id, spec_digest: flow.digest, collections: [collection] }));
    await pass();
    await world.bucket.delete([collection.key]);
    const second = new ScriptedAgent(world.bucket);
    await second.send(second.startup());
    await world.loseDatabase();
    const end = await world.admin('rebuild');
    expect(resultOf(end)['rebuilt']).toMatchObject({ taken: 1, missing_objects: 1 });
    const { rows } = await world.sql.query('SELECT state FROM flow_runs WHERE flow_id = $1', [flow.id]);
    expect(rows).toEqual([{ state: 'Done' }]);
    const collections = await world.sql.query('SELECT 1 FROM collections WHERE key = $1', [collection.key]);
    expect(collections.rows).toEqual([]);
    expect((await world.sql.query('SELECT 1 FROM clients WHERE id = $1', [second.clientId])).rows).toHaveLength(1);
  });

  it('refuses a database that is not empty, and a record that is not ours', async () => {
    const refused = await world.admin('rebuild');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('clients is not empty');
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM flows LIMIT 1');
    const key = keys.flowRecord(rows[0]!.id, 1);
    const got = await world.bucket.get(key, { maxBytes: 1_000_000 });
    const text = got.kind === 'found' ? got.body.toString('utf8') : '';
    await world.bucket.put(key, text.replace('a hunt', 'a hint').replace('\\"by\\":\\"', '\\"by\\":\\"x'));
    await world.loseDatabase();
    const damaged = await world.admin('rebuild');
    expect(damaged.code).toBe(1);
    expect(damaged.output).toContain(`${key} is not a record of this deployment`);
    await world.bucket.put(key, text);
    expect((await world.admin('rebuild')).code).toBe(0);
  });
});

describe('the administrator’s program', () => {
  it('finds and mends counters that are wrong', async () => {
    await world.sql.query('UPDATE flows SET n_done = n_done + 1 WHERE id = (SELECT min(id) FROM flows)');
    const found = await world.admin('recount', '--check');
    expect(found.code).toBe(1);
    expect(resultOf(found)['differences']).toMatchObject([{ counter: 'n_done' }]);
    expect((await world.admin('recount', '--check')).code).toBe(1);
    expect((await world.admin('recount')).code).toBe(0);
    expect(await world.admin('recount', '--check')).toMatchObject({ code: 0 });
  });

  it('makes a user with a token that works, and applies migrations once', async () => {
    const options = ['--user', 'ann', '--role', 'Viewer', '--scope', 'label:Lab', '--token-name', 'first'];
    const made = resultOf(
      await world.admin('provision', ...options, '--expires', new Date(Date.now() + 60_000).toISOString()),
    );
    const app = await world.api();
    const me = await app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${String(made['token'])}` } });
    expect(me.json()).toMatchObject({ user_id: made['user_id'], name: 'ann' });
    const refused = await world.admin('provision', ...options, '--expires', 'tomorrow');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('--expires');
    expect(resultOf(await world.admin('migrate'))).toEqual({ migrated: [] });
    expect((await world.admin('config-doc')).output).toContain('REKALL_SIGNING_KEY_FILE');
  });
});
