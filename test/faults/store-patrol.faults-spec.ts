import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys, randomHex32 } from '#wire';
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
const patrolled = async (): Promise<{ orphans: number; removed: number; stopped_hunts: string[] }> => {
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
const startHunt = async (): Promise<{ id: string; digest: string }> => {
  const hunt = await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['All'] });
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
  it('a hunt over its budget is stopped and cancelled, and it is on record why', async () => {
    const hunt = await startHunt();
    const put = (): Promise<unknown> =>
      world.bucket.put(keys.file(hunt.id, agent.clientId, '/large', randomHex32(), '.gz'), Buffer.alloc(9_000));
    await put();
    await put();
    expect((await patrolled()).stopped_hunts).toEqual([]);
    await put();
    const stopped = await eventually('the hunt is stopped', async () => {
      const row = await one<{ hunt_state: string; entry_state: string }>('SELECT * FROM flows WHERE id = $1', hunt.id);
      return row?.hunt_state === 'Stopped' ? row : undefined;
    });
    expect(stopped.entry_state).toBe('cancelled');
    await eventually('agents are told', async () => {
      const entry = (await world.entries(world.queueOf('All'))).find((e) => e.flow_id === hunt.id);
      return entry?.state === 'cancelled' ? true : undefined;
    });
    const event = await one<{ actor: string; details: object }>(
      `SELECT actor, details FROM audit_events WHERE action = 'hunts.stop' AND object_id = $1`,
      hunt.id,
    );
    expect(event).toEqual({ actor: 'system:worker', details: { why: 'budget', bytes: 27_000, budget: BUDGET } });
    expect(await patrolled()).toMatchObject({ stopped_hunts: [] }); // once
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
    await world.bucket.put(keys.startupTicket(other.clientId, randomHex32(), 1), 'not a ticket');
    await patrolled();
    const usage = (id: string) =>
      one<{ bytes: string; objects: string }>('SELECT bytes, objects FROM client_usage WHERE client_id = $1', id);
    expect(await usage(other.clientId)).toMatchObject({ bytes: String(4 * count), objects: String(count) });
    expect(await usage(agent.clientId)).toEqual({ bytes: '27000', objects: '3' });
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
    const unanswered = (await keysUnder('hunts/')).filter((key) => !key.startsWith(`hunts/${hunt.id}/`)); // the stopped one's
    const expected = [...strays, ...unanswered].toSorted();
    expect(await orphans()).toEqual(expected);
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
