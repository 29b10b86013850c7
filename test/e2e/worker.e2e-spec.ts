import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Entry, FlowRecord, keys, randomHex32, readRecord, readSpec, S3SignedPolicy } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

let world: WorkerDeployment;
let all: string;

beforeAll(async () => {
  world = await WorkerDeployment.start();
  all = world.queueOf('All');
  await world.startWorker();
});
afterAll(async () => {
  await world.stop();
});

const jobFile = (queue: string) => world.jobFile(queue);
const entriesOf = (queue: string) => world.entries(queue);
const trusted = () => world.manifest();

const one = async <T>(query: string, ...values: unknown[]): Promise<T | undefined> =>
  (await world.sql.query(query, values)).rows[0] as T | undefined;

const register = async (): Promise<ScriptedAgent> => {
  const agent = new ScriptedAgent(world.bucket);
  await agent.send(agent.startup());
  await eventually('the client is registered', () => one('SELECT 1 FROM clients WHERE id = $1', agent.clientId));
  return agent;
};

/** A hunt, published, and what agents need of it. */
const startHunt = async (body: object = {}): Promise<{ id: string; digest: string; entry: Entry }> => {
  const hunt = await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['All'], ...body });
  const id = String(hunt['hunt_id']);
  const [label = 'All'] = (hunt['labels'] as string[] | undefined) ?? [];
  const queue = world.queueOf(label);
  const entry = await eventually('the hunt is published', async () =>
    (await entriesOf(queue)).find((e) => e.flow_id === id),
  );
  const { trust } = await trusted();
  return { id, entry, digest: (await readSpec(entry, { trust, now: new Date() })).digest };
};

const launchFlow = async (agent: ScriptedAgent): Promise<{ id: string; digest: string }> => {
  const flow = await world.call('POST', `/clients/${agent.clientId}/flows`, { type: 'ListProcesses' });
  const id = String(flow['flow_id']);
  await eventually('the flow is published', async () =>
    (await entriesOf(agent.queue)).find((e) => e.flow_id === id && e.state === 'open'),
  );
  return { id, digest: String(flow['spec_digest']) };
};

const run = (flowId: string, agent: ScriptedAgent) =>
  one<{ state: string; ticket_key: string; rows: string; started_at: Date; finished_at: Date | null }>(
    'SELECT * FROM flow_runs WHERE flow_id = $1 AND client_id = $2',
    flowId,
    agent.clientId,
  );
const runInState = (flowId: string, agent: ScriptedAgent, state: string) =>
  eventually(`${flowId} is ${state}`, async () => {
    const found = await run(flowId, agent);
    return found?.state === state ? found : undefined;
  });

const quarantined = (key: string) =>
  eventually(`${key} is put aside`, () =>
    one<{ reason: string; detail: string; archive_key: string | null }>(
      'SELECT reason, detail, archive_key FROM quarantine_entries WHERE key = $1 AND archive_key IS NOT NULL ORDER BY id DESC',
      key,
    ),
  );

const archived = (key: string) =>
  eventually(`${key} is archived`, async () => {
    const row = await one('SELECT 1 FROM tickets_seen WHERE key = $1 AND archived_at IS NOT NULL', key);
    return row === undefined || (await world.bucket.head(key)) !== undefined ? undefined : true;
  });

const countersOf = (flowId: string) =>
  one<{ n_done: number; n_rows: string; hunt_state: string | null; entry_state: string; ended_at: Date | null }>(
    'SELECT * FROM flows WHERE id = $1',
    flowId,
  );

describe('publishing', () => {
  it('signs a Manifest that agents accept, with a right to put tickets', async () => {
    const { manifest } = await trusted();
    expect(manifest.all_queue).toBe(all);
    expect(manifest.upload_base).toBe(`${world.store.url}/evidence`);
    expect(manifest.startup_actions).toEqual([{ __type__: 'Interrogate' }]);
    expect(manifest.ticket_grant.location).toMatchObject({ path_prefix: 'tickets/', min_bytes: 1, max_bytes: 262_144 });
    expect(Date.parse(manifest.not_after) - Date.parse(manifest.issued_at)).toBe(7 * 86_400_000);
  });

  it('gives a client its own file: registration, label queues, its flows; and the record of each change', async () => {
    const agent = await register();
    await world.sql.query(`INSERT INTO client_labels (client_id, label, by) VALUES ($1, 'Windows', 'U_1')`, [
      agent.clientId,
    ]);
    const { id } = await launchFlow(agent);
    const file = await jobFile(agent.queue);
    const { registered_at } = (await one<{ registered_at: Date }>(
      'SELECT * FROM clients WHERE id = $1',
      agent.clientId,
    ))!;
    expect(file.registered_at).toBe(registered_at.toISOString());
    expect(file.queues).toEqual([{ label: 'Windows', queue: world.queueOf('Windows') }]);
    expect(file.entries).toMatchObject([{ flow_id: id, attempt: 1, state: 'open', grants: [agent.clientId] }]);
    expect(file.grants).toMatchObject([{ id: agent.clientId, location: { path_prefix: `${agent.clientId}/vfs/` } }]);
    const ca = new X509Certificate(world.ca.certificatePem);
    const got = await world.bucket.get(keys.flowRecord(id, 1), { maxBytes: 1_000_000 });
    const text = got.kind === 'found' ? got.body.toString('utf8') : '';
    const record = FlowRecord.parse(await readRecord(text, 'FlowRecord', ca, 1_000_000));
    expect(record).toMatchObject({
      flow_id: id,
      seq: 1,
      change: 'launch',
      entry_state: 'open',
      deployment: world.deployment,
    });
    expect(record.attempts.map((a) => a.spec.payload)).toEqual([file.entries[0]!.spec.payload]);
    expect(await world.bucket.head(keys.clientRecord(agent.clientId, 1))).toBeDefined();
  });

  it('cancels and stops: the entry says so, and gives no upload right', async () => {
    const agent = await register();
    const { id } = await launchFlow(agent);
    await world.call('POST', `/flows/${id}/cancel`, {});
    const file = await eventually('the entry is cancelled', async () => {
      const now = await jobFile(agent.queue);
      return now.entries[0]?.state === 'cancelled' ? now : undefined;
    });
    expect(file.entries[0]?.grants).toEqual([]);
    expect(file.grants).toEqual([]);
  });

  it('puts a file right that was replaced by an older one, or taken away', async () => {
    const key = keys.jobs(world.secret, all);
    const older = await world.publicText(key);
    const { id } = await startHunt();
    const version = (await jobFile(all)).version;
    await world.bucket.put(key, older);
    const mended = await eventually('the older file is replaced', async () => {
      const now = await jobFile(all);
      return now.version > version ? now : undefined;
    });
    expect(mended.entries.map((e) => e.flow_id)).toContain(id);
    await world.bucket.delete([key]);
    const again = await eventually('the file is back', async () =>
      (await world.bucket.head(key)) ? jobFile(all) : undefined,
    );
    expect(again.version).toBeGreaterThan(mended.version);
  });

  it('signs grants again that are a day old', async () => {
    await startHunt();
    // the file is there before its row says so
    await eventually('everything is published and marked so', async () =>
      (
        await one<{ n: string }>(
          `SELECT count(*) AS n FROM queues WHERE wanted_seq > published_seq OR published_at IS NULL`,
        )
      )?.n === '0'
        ? true
        : undefined,
    );
    const before = await jobFile(all);
    const aged = await world.sql.query(
      `UPDATE queues SET published_at = published_at - interval '25 hours' WHERE id = 'label:All'`,
    );
    expect(aged.rowCount).toBe(1);
    const after = await eventually('the grants are new', async () => {
      const now = await jobFile(all);
      return now.version > before.version ? now : undefined;
    });
    const expiry = (file: typeof after): number =>
      Date.parse(S3SignedPolicy.parse(file.grants.at(-1)!.location).expires_at);
    expect(expiry(after)).toBeGreaterThan(expiry(before));
    expect(after.entries.map((e) => e.spec)).toEqual(before.entries.map((e) => e.spec));
    expect((await trusted()).manifest.version).toBeGreaterThan(0);
  });

  it('does not sign a spec that is not what its flow says', async () => {
    const agent = await register();
    const other = await register();
    await launchFlow(agent);
    const worked = await one<{ spec_payload: string }>(
      'SELECT a.* FROM flow_attempts a JOIN flows f ON f.id = a.flow_id WHERE f.client_id = $1',
      agent.clientId,
    );
    const forged = `F_${randomHex32().slice(0, 16)}`;
    await world.sql.query(
      `INSERT INTO flows (id, is_hunt, type, creator, created_at, expires_at, client_id, request)
       VALUES ($1, false, 'ListProcesses', 'U_x', now(), now() + interval '1 day', $2, '{}')`,
      [forged, other.clientId],
    );
    await world.sql.query(
      `INSERT INTO flow_attempts (flow_id, attempt, spec_digest, spec_payload)
       VALUES ($1, 1, encode(sha256(convert_to($2, 'UTF8')), 'hex'), $2)`,
      [forged, worked!.spec_payload],
    );
    await world.sql.query(`UPDATE queues SET wanted_seq = wanted_seq + 1 WHERE id = $1`, [`client:${other.clientId}`]);
    const { id } = await launchFlow(other);
    expect((await jobFile(other.queue)).entries.map((e) => e.flow_id)).toEqual([id]);
    expect(await one('SELECT 1 FROM flow_attempts WHERE flow_id = $1 AND signature IS NULL', forged)).toBeDefined();
  });
});

describe('intake', () => {
  it('keeps what a Startup says, newest by the store’s time, and pins the identity', async () => {
    const agent = await register();
    const startup = agent.startup({
      queue: randomHex32(),
      agent_version: '0.2.0',
      boot_time: '0000-01-01T00:00:00.000Z',
    });
    startup.system_info = { ...startup.system_info!, node: 'new\u0000name\ud800' };
    await agent.send(startup);
    const row = await eventually('the new facts', () =>
      one<Record<string, unknown>>(`SELECT * FROM clients WHERE id = $1 AND agent_version = '0.2.0'`, agent.clientId),
    );
    expect(row).toMatchObject({
      identity: agent.identity,
      queue: startup.queue,
      hostname: 'new\ufffdname\ufffd',
      boot_at: null,
      claims: ['Claimed'],
      change_seq: 2,
      acceptance: 'accepted',
    });
    expect(
      (await eventually('its file is in the new queue', () => jobFile(startup.queue).catch(() => undefined))).queues,
    ).toEqual([]);
    const events = await world.sql.query(`SELECT action FROM audit_events WHERE object_id = $1 ORDER BY id`, [
      agent.clientId,
    ]);
    expect(events.rows).toEqual([{ action: 'clients.register' }, { action: 'clients.queue' }]);
  });

  it('counts a hunt once, pins its collection, and completes it when all have answered', async () => {
    await world.sql.query(`UPDATE clients SET last_seen_at = now() - interval '40 days'`);
    const agent = await register();
    const second = await register();
    const hunt = await startHunt();
    const collection = await agent.collect(hunt.id, 'pslist', 7);
    const started = agent.status({ flow_id: hunt.id, spec_digest: hunt.digest, state: 'Started' });
    await agent.send(started);
    await runInState(hunt.id, agent, 'Started');
    const key = await agent.send(
      agent.status({ flow_id: hunt.id, spec_digest: hunt.digest, collections: [collection], error: 'a\u0000b' }),
    );
    const done = await runInState(hunt.id, agent, 'Done');
    expect(done).toMatchObject({ ticket_key: key, rows: '7' });
    expect(done.started_at.getTime()).toBeLessThanOrEqual(done.finished_at!.getTime());
    const pinned = await one<Record<string, unknown>>('SELECT * FROM collections WHERE key = $1', collection.key);
    expect(pinned).toMatchObject({
      flow_id: hunt.id,
      client_id: agent.clientId,
      name: 'pslist',
      etag: (await world.bucket.head(collection.key))!.etag,
      stored_bytes: String(collection.stored_bytes),
      stored_sha256: collection.stored_sha256,
      rows: '7',
    });
    expect((pinned!['schema'] as { tables: { name: string }[] }).tables.map((t) => t.name)).toEqual(['pslist']);
    expect(await countersOf(hunt.id)).toMatchObject({ n_done: 1, n_started: 0, n_rows: '7', hunt_state: 'Running' });
    await second.send(second.status({ flow_id: hunt.id, spec_digest: hunt.digest, state: 'Skipped' }));
    const complete = await eventually('the hunt is complete', async () => {
      const now = await countersOf(hunt.id);
      return now?.hunt_state === 'Completed' ? now : undefined;
    });
    expect(complete).toMatchObject({ n_done: 1, n_skipped: 1, entry_state: 'closed' });
    await eventually('the entry is closed', async () =>
      (await jobFile(all)).entries.find((e) => e.flow_id === hunt.id && e.state === 'closed'),
    );
    await archived(key);
    const lines = (await world.archived('ledger/')).filter((line) => line.key === key);
    expect(lines).toMatchObject([{ verdict: 'accepted' }]);
    expect(JSON.parse(lines[0]!.ticket!)).toHaveProperty('signature');
  });

  it('ends a flow with its answer; a Started that comes late and a second final change nothing', async () => {
    const agent = await register();
    const flow = await launchFlow(agent);
    const started = agent.status({ flow_id: flow.id, spec_digest: flow.digest, state: 'Started' });
    const first = await agent.send(
      agent.status({ flow_id: flow.id, spec_digest: flow.digest, state: 'Error', error: 'no' }),
    );
    await runInState(flow.id, agent, 'Error');
    await agent.send(started);
    const second = await agent.send(agent.status({ flow_id: flow.id, spec_digest: flow.digest, state: 'Done' }));
    const late = await eventually('the second final is recorded', () =>
      one<{ verdict: string }>('SELECT verdict FROM tickets_seen WHERE key = $1', second),
    );
    expect(late.verdict).toBe('after_final');
    await archived(agent.keyOf(started));
    expect(await run(flow.id, agent)).toMatchObject({ state: 'Error', ticket_key: first });
    expect(await countersOf(flow.id)).toMatchObject({ n_error: 1, n_done: 0, n_started: 0, entry_state: 'closed' });
    await eventually('the entry is closed', async () =>
      (await jobFile(agent.queue)).entries.find((e) => e.state === 'closed'),
    );
  });

  it('waits for the Startup of a client it does not know', async () => {
    const hunt = await startHunt();
    const agent = new ScriptedAgent(world.bucket);
    const key = await agent.send(agent.status({ flow_id: hunt.id, spec_digest: hunt.digest }));
    const witness = await register();
    await witness.send(witness.status({ flow_id: hunt.id, spec_digest: hunt.digest }));
    await runInState(hunt.id, witness, 'Done');
    expect(await one('SELECT 1 FROM tickets_seen WHERE key = $1', key)).toBeUndefined();
    await agent.send(agent.startup());
    await runInState(hunt.id, agent, 'Done');
  });
});

describe('quarantine', () => {
  it('puts a ticket aside that is forged for another client, and counts nothing', async () => {
    const victim = await register();
    const forger = await register();
    const hunt = await startHunt();
    const forged = { ...forger.status({ flow_id: hunt.id, spec_digest: hunt.digest }), client_id: victim.clientId };
    const byOwnKey = await forger.send(forged);
    const byPath = await forger.send(
      forger.status({ flow_id: hunt.id, spec_digest: hunt.digest }),
      keys.statusTicket(hunt.id, victim.clientId, randomHex32(), 1),
    );
    expect(await quarantined(byOwnKey)).toMatchObject({ reason: 'bad_signature' });
    expect(await quarantined(byPath)).toMatchObject({ reason: 'path_mismatch' });
    expect(await run(hunt.id, victim)).toBeUndefined();
    expect(await one('SELECT quarantined FROM clients WHERE id = $1', victim.clientId)).toEqual({ quarantined: 2 });
    expect(await world.bucket.head(byPath)).toBeUndefined();
    const kept = (await world.archived('quarantine/')).filter((line) => line.key === byPath);
    expect(kept).toMatchObject([{ verdict: 'quarantined' }]);
    expect(kept[0]?.reason).toMatch(/^path_mismatch: /);
  });

  it('counts the same ticket once, whether it comes again under its key or under another', async () => {
    const agent = await register();
    const hunt = await startHunt();
    const ticket = agent.status({ flow_id: hunt.id, spec_digest: hunt.digest });
    const text = await agent.text(ticket);
    const key = agent.keyOf(ticket);
    await world.bucket.put(key, text);
    await archived(key);
    await world.bucket.put(key, text);
    expect(await quarantined(key)).toMatchObject({ reason: 'replay' });
    const elsewhere = keys.statusTicket(hunt.id, agent.clientId, randomHex32(), ticket.seq);
    await world.bucket.put(elsewhere, text);
    expect(await quarantined(elsewhere)).toMatchObject({ reason: 'path_mismatch' });
    const other = await launchFlow(agent);
    const moved = {
      ...agent.status({ flow_id: other.id, spec_digest: other.digest }),
      nonce: ticket.nonce,
      seq: ticket.seq,
    };
    expect(await quarantined(await agent.send(moved))).toMatchObject({ reason: 'replay' });
    expect(await countersOf(hunt.id)).toMatchObject({ n_done: 1 });
    expect(await run(other.id, agent)).toBeUndefined();
    expect(await world.bucket.head(key)).toBeUndefined();
    // and a third time
    await world.bucket.put(key, text);
    await eventually('it is gone again', async () => ((await world.bucket.head(key)) === undefined ? true : undefined));
    expect(await countersOf(hunt.id)).toMatchObject({ n_done: 1 });
  });

  it('compares what a ticket says of its objects with the bucket', async () => {
    const agent = await register();
    const other = await register();
    const hunt = await startHunt();
    const good = await agent.collect(hunt.id);
    const send = (collection: typeof good): Promise<string> =>
      agent.send(agent.status({ flow_id: hunt.id, spec_digest: hunt.digest, collections: [collection] }));
    const gone = { ...good, key: keys.analysis(hunt.id, agent.clientId, 'pslist', randomHex32()) };
    const size = { ...good, stored_bytes: good.stored_bytes + 1 };
    const rows = { ...good, rows: { pslist: good.content_bytes + 1 } };
    const bomb = { ...good, content_bytes: good.stored_bytes * 2000 };
    const foreign = await other.collect(hunt.id);
    const reasons: string[] = [];
    for (const claim of [gone, size, rows, bomb, foreign]) reasons.push((await quarantined(await send(claim))).reason);
    expect(reasons).toEqual(['object_missing', 'object_mismatch', 'object_mismatch', 'object_mismatch', 'foreign_key']);
    expect(await one('SELECT 1 FROM collections WHERE key = ANY($1)', [good.key, foreign.key])).toBeUndefined();
    await send(good);
    await runInState(hunt.id, agent, 'Done');
  });

  it('puts aside what is for others: target, sample, spec, flow, standing, key', async () => {
    const agent = await register();
    await world.sql.query(`INSERT INTO client_labels (client_id, label, by) VALUES ($1, 'Lab', 'U_1')`, [
      agent.clientId,
    ]);
    const outsider = await register();
    const lab = await startHunt({ labels: ['Lab'] });
    const sampled = await startHunt({ limit: 1 });
    const below = (await one<{ sample_below: string }>('SELECT * FROM flow_attempts WHERE flow_id = $1', sampled.id))!;
    const newcomer = await register();
    const status = (who: ScriptedAgent, id: string, digest: string): Promise<string> =>
      who.send(who.status({ flow_id: id, spec_digest: digest }));
    expect(below.sample_below).toMatch(/^[0-9a-f]{16}$/);
    expect(await quarantined(await status(outsider, lab.id, lab.digest))).toMatchObject({ reason: 'not_in_target' });
    expect(await quarantined(await status(newcomer, sampled.id, sampled.digest))).toMatchObject({
      reason: 'not_in_sample',
    });
    expect(await quarantined(await status(agent, lab.id, sampled.digest))).toMatchObject({ reason: 'digest_mismatch' });
    const nowhere = `H_${randomHex32().slice(0, 16)}`;
    expect(await quarantined(await status(agent, nowhere, lab.digest))).toMatchObject({ reason: 'unknown_flow' });
    const flow = await launchFlow(agent);
    expect(await quarantined(await status(outsider, flow.id, flow.digest))).toMatchObject({ reason: 'not_in_target' });
    await world.sql.query(`UPDATE clients SET acceptance = 'refused' WHERE id = $1`, [outsider.clientId]);
    expect(await quarantined(await outsider.send(outsider.startup()))).toMatchObject({ reason: 'not_accepted' });
    await world.sql.query(`UPDATE clients SET identity = $2 WHERE id = $1`, [newcomer.clientId, 'a'.repeat(64)]);
    expect(await quarantined(await newcomer.send(newcomer.startup()))).toMatchObject({ reason: 'key_conflict' });
    expect(await quarantined(await status(newcomer, lab.id, lab.digest))).toMatchObject({ reason: 'key_conflict' });
    await status(agent, lab.id, lab.digest);
    await runInState(lab.id, agent, 'Done');
  });

  it('refuses a queue that is somebody else’s: its owner’s file would be overwritten', async () => {
    const agent = await register();
    const thief = new ScriptedAgent(world.bucket);
    expect(await quarantined(await thief.send(thief.startup({ queue: all })))).toMatchObject({
      reason: 'key_conflict',
    });
    expect(await quarantined(await thief.send(thief.startup({ queue: agent.queue })))).toMatchObject({
      reason: 'key_conflict',
    });
    expect(await one('SELECT 1 FROM clients WHERE id = $1', thief.clientId)).toBeUndefined();
  });

  it('clears away what is no ticket, wherever it lies', async () => {
    const agent = await register();
    const flowId = `F_${'0'.repeat(16)}`;
    const put = async (key: string, body: Buffer | string): Promise<string> => {
      await world.bucket.put(key, body);
      return key;
    };
    const at = (): string => keys.statusTicket(flowId, agent.clientId, randomHex32(), 1);
    const cases: [string, string][] = [
      [await put('tickets/readme.txt', 'hello'), 'bad_key'],
      [await put('tickets/FlowStatus/readme.txt', 'hello'), 'bad_key'],
      [await put('tickets/Other/x/y', 'hello'), 'bad_key'],
      [await put(at(), 'hello'), 'not_json'],
      [await put(at(), Buffer.from([0xff, 0xfe])), 'not_json'],
      [await put(at(), '{"protected":"x"}'), 'malformed'],
      [await put(at(), '['.repeat(40)), 'malformed'],
      [await put(at(), 'x'.repeat(300_000)), 'too_large'],
    ];
    for (const [key, reason] of cases) expect(await quarantined(key)).toMatchObject({ reason });
    for (const [key] of cases) expect(await world.bucket.head(key)).toBeUndefined();
    const lines = await world.archived('quarantine/');
    expect(lines.find((line) => line.key === cases[4]![0])?.ticket_base64).toBe('//4=');
    expect(lines.find((line) => line.key === cases[7]![0])).not.toHaveProperty('ticket');
  });
});

describe('time and trouble', () => {
  it('ends what is past its time: the hunt is Completed, the flow closed, silent runs Expired', async () => {
    const agent = await register();
    const hunt = await startHunt();
    const flow = await launchFlow(agent);
    for (const of of [hunt, flow])
      await agent.send(agent.status({ flow_id: of.id, spec_digest: of.digest, state: 'Started' }));
    await runInState(hunt.id, agent, 'Started');
    await runInState(flow.id, agent, 'Started');
    await world.sql.query(`UPDATE flows SET expires_at = now() - interval '1 minute' WHERE id = ANY($1)`, [
      [hunt.id, flow.id],
    ]);
    await runInState(hunt.id, agent, 'Expired');
    await runInState(flow.id, agent, 'Expired');
    expect(await countersOf(hunt.id)).toMatchObject({ n_started: 0, hunt_state: 'Completed', entry_state: 'closed' });
    expect(await countersOf(flow.id)).toMatchObject({ n_started: 0, hunt_state: null, entry_state: 'closed' });
    const changes = await world.sql.query('SELECT change FROM flow_changes WHERE flow_id = $1 ORDER BY seq', [hunt.id]);
    expect(changes.rows).toEqual([{ change: 'launch' }, { change: 'expire' }]);
    await agent.send(agent.status({ flow_id: hunt.id, spec_digest: hunt.digest }));
    await runInState(hunt.id, agent, 'Done');
    expect(await countersOf(hunt.id)).toMatchObject({ n_done: 1, n_started: 0 });
  });

  it('goes on when its connections to Postgres are cut', async () => {
    const cut = await world.sql.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    expect(cut.rowCount).toBeGreaterThan(1);
    const agent = await register();
    const hunt = await startHunt();
    await agent.send(agent.status({ flow_id: hunt.id, spec_digest: hunt.digest }));
    await runInState(hunt.id, agent, 'Done');
  });

  it('registers new clients as waiting where a person has to accept them, and tasks them only then', async () => {
    const strict = await WorkerDeployment.start();
    try {
      const agent = new ScriptedAgent(strict.bucket);
      await agent.send(agent.startup());
      const more = { REKALL_ENROLMENT: 'approve', REKALL_REGISTRATIONS_PER_HOUR: '1' };
      expect(await strict.once(more)).toMatchObject({ code: 0 });
      const { rows } = await strict.sql.query('SELECT id, acceptance FROM clients');
      expect(rows).toEqual([{ id: agent.clientId, acceptance: 'waiting' }]);
      const hunt = await strict.call('POST', '/hunts', { type: 'ListProcesses', labels: ['All'] });
      const id = String(hunt['hunt_id']);
      await strict.once(more);
      const key = await agent.send(agent.status({ flow_id: id, spec_digest: String(hunt['spec_digest']) }));
      const late = new ScriptedAgent(strict.bucket);
      const startup = await late.send(late.startup());
      expect(await strict.once(more)).toMatchObject({ code: 0 });
      const aside = await strict.sql.query('SELECT key, reason FROM quarantine_entries');
      expect(aside.rows).toEqual([{ key, reason: 'not_accepted' }]);
      // above the hour's bound: it waits in the bucket, and is there when there is room
      expect(await strict.bucket.head(startup)).toBeDefined();
      await strict.once();
      expect((await strict.sql.query('SELECT 1 FROM clients WHERE id = $1', [late.clientId])).rowCount).toBe(1);
    } finally {
      await strict.stop();
    }
  });
});
