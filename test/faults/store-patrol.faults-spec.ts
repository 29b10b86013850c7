import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileResult, keys, randomHex32, sha256Hex } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

// Real store and worker; their clock, and this process's, is moved by weeks.
const DAY = 86_400_000;
const BUDGET = 20_000;

let world: WorkerDeployment;
let agent: ScriptedAgent;
let worker: Awaited<ReturnType<WorkerDeployment['startWorker']>>;

const one = async <T>(query: string, ...values: unknown[]): Promise<T | undefined> =>
  (await world.sql.query(query, values)).rows[0] as T | undefined;
const keysUnder = async (...prefixes: string[]): Promise<string[]> => {
  const found: string[] = [];
  for (const prefix of prefixes) for await (const { key } of world.bucket.listAll(prefix)) found.push(key);
  return found.toSorted();
};
const orphans = async (): Promise<string[]> =>
  (await world.sql.query<{ key: string }>('SELECT key FROM orphans')).rows.map(({ key }) => key).toSorted();
/** Waits for a patrol that began after this call. */
const patrolled = async (): Promise<{
  orphans: number;
  removed: number;
  stopped_hunts: string[];
  flooded_hunts: string[];
}> => {
  const note = () =>
    one<{ at: Date; note: Awaited<ReturnType<typeof patrolled>> }>(`SELECT * FROM worker_notes WHERE name = 'patrol'`);
  for (let round = 0; ; round++) {
    const before = (await note())?.at.getTime();
    const after = await eventually('a patrol', async () => {
      const found = await note();
      return found === undefined || found.at.getTime() === before ? undefined : found;
    });
    if (round === 1) return after.note; // the first may have begun before
  }
};
const startHunt = async (more: object = {}): Promise<{ id: string; digest: string }> => {
  const hunt = await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['All'], ...more });
  const id = String(hunt['hunt_id']);
  const entry = await eventually('the hunt is published', async () =>
    (await world.entries(world.queueOf('All'))).find((e) => e.flow_id === id),
  );
  expect(entry.state).toBe('open');
  return { id, digest: String(hunt['spec_digest']) };
};

beforeAll(async () => {
  world = await WorkerDeployment.start(true);
  worker = await world.startWorker({ REKALL_PATROL_SECONDS: '0.2', REKALL_HUNT_BYTES: String(BUDGET) });
  agent = new ScriptedAgent(world.bucket);
  await agent.send(agent.startup());
  await eventually('the client is registered', () => one('SELECT 1 FROM clients WHERE id = $1', agent.clientId));
});
afterAll(() => world.stop());

describe('a store that counts nothing itself', () => {
  it('a hunt over its budget is stopped: what accepted tickets name counts, and of no client more than its quota', async () => {
    const hunt = await startHunt({ quota: { bytes: 10_000 } });
    const silent = new ScriptedAgent(world.bucket); // so that the hunt is not complete
    const others = [new ScriptedAgent(world.bucket), new ScriptedAgent(world.bucket)];
    for (const other of [silent, ...others]) {
      await other.send(other.startup());
      await eventually('it is registered', () => one('SELECT 1 FROM clients WHERE id = $1', other.clientId));
    }
    const put = async (of: ScriptedAgent): Promise<FileResult> => {
      const body = randomBytes(9_000);
      const key = keys.file(hunt.id, of.clientId, '/large', randomHex32(), '');
      await world.bucket.put(key, body);
      const [stored_bytes, stored_sha256] = [body.length, sha256Hex(body)];
      const content = { content_bytes: stored_bytes, content_sha256: stored_sha256 };
      return { key, stored_bytes, stored_sha256, ...content, path: '/large', path_bytes: 'L2xhcmdl' };
    };
    const report = async (of: ScriptedAgent, files: FileResult[]): Promise<void> => {
      await of.send(of.status({ flow_id: hunt.id, spec_digest: hunt.digest, files }));
      await eventually('its ticket is taken in', () =>
        one(`SELECT 1 FROM flow_runs WHERE client_id = $1 AND state = 'Done'`, of.clientId),
      );
    };
    const state = async () =>
      one<{ hunt_state: string; entry_state: string }>(
        'SELECT hunt_state, entry_state FROM flows WHERE id = $1',
        hunt.id,
      );

    const large = [await put(agent), await put(agent), await put(agent)];
    expect(await patrolled()).toMatchObject({ stopped_hunts: [], flooded_hunts: [hunt.id] }); // nobody said so
    expect(await state()).toEqual({ hunt_state: 'Running', entry_state: 'open' });
    await report(agent, large); // 27,000 bytes, of which its quota counts
    expect(await patrolled()).toMatchObject({ stopped_hunts: [], flooded_hunts: [] });
    await report(others[0]!, [await put(others[0]!)]);
    expect(await patrolled()).toMatchObject({ stopped_hunts: [], flooded_hunts: [] });
    expect(await state()).toEqual({ hunt_state: 'Running', entry_state: 'open' });
    await report(others[1]!, [await put(others[1]!)]);
    await eventually('the hunt is stopped', async () => ((await state())?.hunt_state === 'Stopped' ? true : undefined));
    await eventually('who runs it may still deliver', async () => {
      const entry = (await world.entries(world.queueOf('All'))).find((e) => e.flow_id === hunt.id);
      return entry?.state === 'closed' && entry.grants.length === 1 ? true : undefined;
    });
    const event = await one<{ actor: string; details: object }>(
      `SELECT actor, details FROM audit_events WHERE action = 'hunts.stop' AND object_id = $1`,
      hunt.id,
    );
    // Clients are counted in the order of their ids: 10,000 of the agent and 9,000 of each other, up to the object that is
    // too much. When the agent comes last, that is the first of its own.
    const last = others.every((other) => other.clientId < agent.clientId);
    const bytes = last ? 27_000 : 28_000;
    expect(event).toEqual({ actor: 'system:worker', details: { why: 'budget', bytes, budget: BUDGET } });
    expect(await patrolled()).toMatchObject({ stopped_hunts: [] }); // once
  });

  it('a file in parts counts with its parts, and a list of files with the files', async () => {
    const hunt = await startHunt();
    const lister = new ScriptedAgent(world.bucket);
    await lister.send(lister.startup());
    await eventually('it is registered', () => one('SELECT 1 FROM clients WHERE id = $1', lister.clientId));
    const nonce = randomHex32();
    const partOf = (part: number): string => keys.file(hunt.id, agent.clientId, '/disk', nonce, { part });
    for (const part of [0, 1]) await world.bucket.put(partOf(part), Buffer.alloc(7_000));
    const index = Buffer.alloc(900, '{}');
    const key = keys.file(hunt.id, agent.clientId, '/disk', nonce, '/index.json');
    await world.bucket.put(key, index);
    const [stored_bytes, stored_sha256] = [index.length, sha256Hex(index)];
    const file = { key, stored_bytes, stored_sha256, content_bytes: 20_000, content_sha256: stored_sha256, parts: 2 };
    await agent.send(
      agent.status({
        flow_id: hunt.id,
        spec_digest: hunt.digest,
        files: [{ ...file, path: '/disk', path_bytes: 'L2Rpc2s=' }],
      }),
    );
    await eventually('it is pinned', () => one('SELECT 1 FROM collected_files WHERE key = $1', key));
    expect(await patrolled()).toMatchObject({ stopped_hunts: [], flooded_hunts: [] }); // 14,900
    await world.bucket.put(keys.file(hunt.id, lister.clientId, '/x', randomHex32(), '.gz'), Buffer.alloc(7_000));
    expect(await patrolled()).toMatchObject({ stopped_hunts: [], flooded_hunts: [] }); // nobody said so
    const list = await lister.collect(hunt.id, 'files');
    await lister.send(lister.status({ flow_id: hunt.id, spec_digest: hunt.digest, files_collection: list }));
    await eventually('the hunt is stopped', () =>
      one(`SELECT 1 FROM flows WHERE id = $1 AND hunt_state = 'Stopped'`, hunt.id),
    );
  });

  it('charges every object to the client in its key, page after page', async () => {
    const other = new ScriptedAgent(world.bucket);
    const count = 2_100; // three pages of a listing
    for (let index = 0; index < count; index += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_unused, more) =>
          world.bucket.put(`${other.clientId}/vfs/junk/${String(index + more)}`, 'four'),
        ),
      );
    }
    const ticket = keys.startupTicket(other.clientId, randomHex32(), 1);
    await world.bucket.put(ticket, 'not a ticket');
    await eventually('what is no ticket is put aside', async () =>
      (await keysUnder(ticket)).length === 0 ? true : undefined,
    );
    await patrolled();
    const usage = (id: string) =>
      one<{ bytes: string; objects: string }>('SELECT bytes, objects FROM client_usage WHERE client_id = $1', id);
    expect(await usage(other.clientId)).toMatchObject({ bytes: String(4 * count), objects: String(count) });
    expect(await usage(agent.clientId)).toEqual({ bytes: String(27_000 + 2 * 7_000 + 900), objects: '6' });
    const shown = await world.call('GET', '/uploads/usage?limit=1');
    const [most] = shown['items'] as Record<string, string>[];
    expect(most).toEqual({ client_id: agent.clientId, bytes: String(27_000 + 2 * 7_000 + 900), objects: '6' });
    const next = await world.call('GET', `/uploads/usage?limit=100&cursor=${String(shown['next_cursor'])}`);
    expect(next['items']).toContainEqual({
      client_id: other.clientId,
      bytes: String(4 * count),
      objects: String(count),
    });
    await world.bucket.delete(await keysUnder(`${other.clientId}/`));
    await patrolled();
    expect(await usage(other.clientId)).toBeUndefined();
  });

  it('orphans are listed when their grants have ended, removed a week later; evidence and what may come stay', async () => {
    const clock = world.clock;
    if (clock === undefined) throw new Error('the clock was not started');
    const hunt = await startHunt();
    const collection = await agent.collect(hunt.id);
    await agent.send(agent.status({ flow_id: hunt.id, spec_digest: hunt.digest, collections: [collection] }));
    await eventually('the collection is pinned', () => one('SELECT 1 FROM collections WHERE key = $1', collection.key));
    const disputed = new ScriptedAgent(world.bucket);
    await disputed.send(disputed.startup());
    const asideOf = await disputed.collect(hunt.id);
    await eventually('its client is registered', () => one('SELECT 1 FROM clients WHERE id = $1', disputed.clientId));
    const missing = { ...asideOf, key: keys.analysis(hunt.id, disputed.clientId, 'pslist', randomHex32()) };
    await disputed.send(
      disputed.status({ flow_id: hunt.id, spec_digest: hunt.digest, collections: [asideOf, missing] }),
    );
    await eventually('a ticket is put aside', () =>
      one(`SELECT 1 FROM quarantine_entries WHERE client_id = $1 AND reason = 'object_missing'`, disputed.clientId),
    );
    const stranger = new ScriptedAgent(world.bucket);
    const put = async (key: string): Promise<string> => {
      await world.bucket.put(key, 'xx');
      return key;
    };
    const named = await put(keys.file(hunt.id, agent.clientId, '/etc/passwd', randomHex32(), '.gz'));
    const strays = [
      await put(keys.analysis(hunt.id, agent.clientId, 'pslist', randomHex32())),
      await put(keys.file(hunt.id, stranger.clientId, '/x', randomHex32(), { part: 0 })),
      await put(keys.analysis('F_00000000000000ff', agent.clientId, 'x', randomHex32())),
      await put(`${stranger.clientId}/vfs/no-such-place`),
    ].toSorted();
    const lasting = await world.call('POST', `/clients/${agent.clientId}/flows`, {
      type: 'ListProcesses',
      expires_in_seconds: 90 * 86_400,
    });
    const part = await put(keys.file(String(lasting['flow_id']), agent.clientId, '/disk', randomHex32(), { part: 3 }));
    await eventually('everything is looked at', async () => ((await patrolled()).orphans === 0 ? true : undefined));

    await clock.moveTo(50 * DAY); // the hunt, of two weeks, ended; its late grants as well
    await patrolled();
    const expected = strays;
    expect(await orphans()).toEqual(expected);
    const page = await world.call('GET', `/uploads/orphans?client_id=${stranger.clientId}`);
    expect((page['items'] as { key: string }[]).map(({ key }) => key)).toEqual(
      strays.filter((key) => key.includes(stranger.clientId)),
    );
    const before = await keysUnder('C.', 'hunts/');
    await clock.moveTo(56.9 * DAY);
    expect((await patrolled()).removed).toBe(0);
    expect(await keysUnder('C.', 'hunts/')).toEqual(before);
    // a ticket that nobody has taken in, since its client is not registered yet: what it says of the object is not known
    await clock.moveTo(56.99 * DAY);
    await stranger.send(stranger.status({ flow_id: hunt.id, spec_digest: hunt.digest }));
    const awaited = expected.filter((key) => key.startsWith('hunts/') && key.includes(stranger.clientId));
    expect(awaited).toHaveLength(1);
    await clock.moveTo(57.01 * DAY);
    const gone = expected.filter((key) => !awaited.includes(key));
    await eventually('the orphans are gone', async () => ((await orphans()).length === 1 ? true : undefined));
    await patrolled();
    expect(await orphans()).toEqual(awaited);
    const left = await keysUnder('C.', 'hunts/');
    expect(left).toEqual(before.filter((key) => !gone.includes(key)));
    expect(left).toEqual(expect.arrayContaining([collection.key, asideOf.key, named, part]));
    const event = await one<{ details: { objects: number } }>(
      `SELECT details FROM audit_events WHERE action = 'orphans.remove' AND actor = 'system:worker'`,
    );
    expect(event?.details.objects).toBe(gone.length);
  }, 120_000);

  it('goes on when the clock is set back; by a clock that is not the store’s it removes nothing and ends nothing', async () => {
    const clock = world.clock;
    if (clock === undefined) throw new Error('the clock was not started');
    await clock.moveTo(DAY);
    await patrolled();
    await worker.stop();
    const astray = join(world.folder, 'astray');
    await writeFile(astray, String(DAY));
    const other = await world.startWorker({ REKALL_PATROL_SECONDS: '0.2', REKALL_TEST_CLOCK: astray });
    await patrolled();
    await writeFile(astray, String(100 * DAY));
    for (const refused of ['patrolling failed', 'reconciling failed'])
      await eventually(refused, () => Promise.resolve(other.output().includes(refused) ? true : undefined));
    const note = await one<{ at: Date }>(`SELECT at FROM worker_notes WHERE name = 'patrol'`);
    expect(note?.at.getTime()).toBeLessThan(Date.now() + DAY);
    // of 90 days
    expect(await one('SELECT entry_state, ended_at FROM flows WHERE client_id = $1', agent.clientId)).toEqual({
      entry_state: 'open',
      ended_at: null,
    });
    await other.stop();
  });
});
