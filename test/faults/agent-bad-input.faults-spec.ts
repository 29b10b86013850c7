import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_QUOTA, keys, type Spec, type StatusTicket } from '#wire';
import { type AgentDeployment, collectAction } from '../support/agent-deployment.js';
import { PSLIST } from '../support/agent-queries.js';
import { AgentWorld } from '../support/agent-world.js';
import { until as untilWithin } from '../support/other-process.js';
import { startUnreliableStore, type StoreMood } from '../support/unreliable-store.js';

let world: AgentWorld;
let bucket: AgentDeployment;
let root: string;

/** Other work on the machine makes these slow, never wrong. */
const until = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> =>
  untilWithin(what, holds, 50_000);

beforeAll(async () => {
  world = await AgentWorld.start();
  bucket = world.deployment;
  root = join(bucket.folder, 'evidence');
  await mkdir(root);
});

afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
});

afterAll(async () => {
  await bucket.close();
});

type SpecAction = Spec['actions'][number];
/** Runs this as a hunt on a fresh agent, then another one: the agent went on. Gives the final ticket of the first. */
const run = async (
  action: SpecAction,
  more: Partial<Spec> = {},
  env: Record<string, string> = {},
): Promise<StatusTicket> => {
  const hunt = await bucket.hunt({ actions: [action], ...more });
  const { expires_at } = more;
  const next = await bucket.hunt({ actions: [PSLIST], ...(expires_at === undefined ? {} : { expires_at }) });
  await bucket.publishQueue(bucket.allQueue, [hunt, next]);
  await world.agent(world.newState(), env);
  const ticket = await world.final(hunt.flowId);
  expect((await world.final(next.flowId)).state).toBe('Done');
  return ticket;
};

describe('queries', () => {
  it('(a|aa)+$ in a condition is stopped on time, and the agent goes on', async () => {
    const condition = `any from agent_info() where '${'a'.repeat(60)}!' =~ '(a|aa)+$'`;
    const ticket = await run(PSLIST, { condition, quota: { ...DEFAULT_QUOTA, cpu_seconds: 1 } });
    expect(ticket).toMatchObject({ state: 'Error', collections: [] });
    expect(ticket.error).toMatch(/^Resource exceeded: CPU seconds, limit 1, used \d/);
  });

  it('a query that throws: Error that shows where', async () => {
    const ticket = await run(
      collectAction('select nonsense(pid) as pid from pslist()', [{ name: 'pid', type: 'int' }]),
    );
    expect(ticket).toMatchObject({ state: 'Error', collections: [] });
    expect(ticket.error).toMatch(/\^/);
  });

  it('a query with more rows than its quota: Error, nothing is kept', async () => {
    const ticket = await run(
      collectAction("select filename as name from find(root: '/usr')", [{ name: 'name', type: 'unicode' }]),
      { quota: { ...DEFAULT_QUOTA, rows: 2000 } },
    );
    expect(ticket).toMatchObject({
      state: 'Error',
      error: 'Resource exceeded: rows, limit 2000, used 2001',
      collections: [],
    });
  });

  it('columns that are not those of the spec are dropped and named, wrong types are NULL and counted', async () => {
    const ticket = await run(
      collectAction('select Name as name, pid, ppid as parent from pslist() where pid == 1', [
        { name: 'name', type: 'int' },
        { name: 'pid', type: 'int' },
        { name: 'missing', type: 'unicode' },
      ]),
    );
    expect(ticket.state).toBe('Done');
    const [collection] = ticket.collections;
    expect(collection).toMatchObject({ rows: { rows: 1 }, dropped_columns: ['rows.parent'], null_coerced: 1 });
    expect(await bucket.rowsOf(collection!.key, 'select * from rows')).toEqual([{ name: null, pid: 1, missing: null }]);
  });
});

describe('job files', () => {
  it.each([
    ['over 1 MiB', () => bucket.store.put(keys.jobs(bucket.secret, bucket.allQueue), Buffer.alloc(1_100_000, ' '))],
    [
      'with 10,000 flows',
      async () => {
        const hunt = await bucket.hunt({ actions: [PSLIST] });
        return bucket.publishQueue(
          bucket.allQueue,
          Array.from({ length: 10_000 }, () => hunt),
        );
      },
    ],
  ])('one %s is refused, said once, and the next one is taken', async (_what, publish) => {
    await bucket.publishQueue(bucket.allQueue, []);
    const agent = await world.agent(world.newState());
    await agent.ready;
    await publish();
    const said = (): number =>
      agent.log.filter((l) => typeof l['reason'] === 'string' && /1048576|1 ?MiB|larger/i.test(l['reason'])).length;
    await until('it is refused', () => said() === 1);
    const next = await bucket.hunt({ actions: [PSLIST] });
    await bucket.publishQueue(bucket.allQueue, [next]);
    expect((await world.final(next.flowId)).state).toBe('Done');
    expect(said()).toBe(1);
  });

  it.each([
    ['an action of an unknown type', { actions: [{ __type__: 'Teleport', to: 'Mars' }] }],
    ['a version that does not exist yet', { actions: [PSLIST], version: 2 }],
  ])('%s: Rejected, and the others run', async (_what, spec) => {
    const hunt = await bucket.hunt(spec as unknown as Pick<Spec, 'actions'>);
    const next = await bucket.hunt({ actions: [PSLIST] });
    await bucket.publishQueue(bucket.allQueue, [hunt, next]);
    await world.agent(world.newState());
    const ticket = await world.final(hunt.flowId);
    expect(ticket.state).toBe('Rejected');
    expect(ticket.error).toMatch(/^agent 0\.1\.0 does not understand it: /);
    expect((await world.final(next.flowId)).state).toBe('Done');
  });
});

describe('files', () => {
  it('devices, and what nobody may read, are named and not opened', async () => {
    const writeOnly = '/proc/sys/vm/compact_memory'; // nobody may read it, not even root
    const ticket = await run({ __type__: 'GetFiles', paths: ['/dev/zero', '/dev/null', '/dev/tty', writeOnly] });
    expect(ticket).toMatchObject({ state: 'Done', files: [] });
    const problems = await bucket.rowsOf(ticket.collections[0]!.key, 'select path, reason from problems order by path');
    expect(problems).toEqual([
      ...['/dev/null', '/dev/tty', '/dev/zero'].map((path) => ({ path, reason: 'not a regular file' })),
      { path: writeOnly, reason: 'EACCES' },
    ]);
  });

  it('a file that grows while it is read comes to an end, and says so', async () => {
    const path = join(root, 'growing');
    await writeFile(path, Buffer.alloc(4_000_000, 'x'));
    const code = `const { appendFileSync } = require('node:fs');
      const clock = new Int32Array(new SharedArrayBuffer(4));
      for (;; Atomics.wait(clock, 0, 0, 1)) appendFileSync(${JSON.stringify(path)}, 'y');`;
    const grower = new Worker(code, { eval: true });
    await once(grower, 'online');
    try {
      const ticket = await run({ __type__: 'GetFiles', paths: [path] });
      const [file] = ticket.files;
      expect(ticket.state).toBe('Done');
      const content = gunzipSync(await bucket.bytesOf(file!.key));
      expect(content.length).toBe(file!.content_bytes);
      expect(content.subarray(0, 4_000_000).equals(Buffer.alloc(4_000_000, 'x'))).toBe(true);
      const [row] = await bucket.rowsOf(ticket.collections[0]!.key, 'select note from entries');
      expect(row).toEqual({ note: 'written to while it was read' });
    } finally {
      await grower.terminate();
      rmSync(path);
    }
  });

  it.each(['hash', 'upload'] as const)('files that come and go are never fatal: %s', async (what) => {
    const code = `const { writeFileSync, rmSync } = require('node:fs');
      for (let i = 0; ; i++) {
        const path = ${JSON.stringify(root)} + '/fleeting-' + (i % 300);
        writeFileSync(path, 'here');
        rmSync(${JSON.stringify(root)} + '/fleeting-' + ((i + 150) % 300), { force: true });
      }`;
    const changer = new Worker(code, { eval: true });
    await once(changer, 'online');
    try {
      const ticket = await run({ __type__: 'FileFinder', globs: [`${root}/*`], conditions: [], do: what });
      expect(ticket.state).toBe('Done');
    } finally {
      await changer.terminate();
    }
  });
});

describe('a clock', () => {
  const HOUR_MS = 3_600_000;
  const limits = { upload_rate: 10_000_000_000 };
  beforeAll(() => {
    bucket.aheadMs = 2 * HOUR_MS;
    return bucket.publishManifest({ limits });
  });
  afterAll(() => {
    bucket.aheadMs = 0;
    return bucket.publishManifest({ limits });
  });

  it.each([HOUR_MS, -HOUR_MS])('that is wrong by %d ms: flows run, tickets say the local time', async (ms) => {
    const expires_at = new Date(Date.now() + 3 * HOUR_MS).toISOString();
    const ticket = await run(PSLIST, { expires_at }, { REKALL_AGENT_CLOCK_SKEW_MS: String(ms) });
    expect(ticket.state).toBe('Done');
    expect(Math.abs(Date.parse(ticket.local_time) - Date.now() - ms)).toBeLessThan(60_000);
  });
});

it.each<StoreMood>([403, 404, 500, 'garbage', 'nothing'])(
  'a store that answers %s: what was known stays, and with its first good answer all goes on',
  async (mood) => {
    const store = await startUnreliableStore(bucket.store.bucketUrl);
    try {
      const before = await bucket.hunt({ actions: [PSLIST] });
      await bucket.publishQueue(bucket.allQueue, [before]);
      const agent = await world.agent(world.newState(), {}, { bucket_url: store.url });
      expect((await world.final(before.flowId)).state).toBe('Done');
      store.mood = mood;
      const after = await bucket.hunt({ actions: [PSLIST] });
      await bucket.publishQueue(bucket.allQueue, [before, after]);
      await until('it asked several times', () => (store.answered.get(mood) ?? 0) >= 4);
      expect(await bucket.tickets(after.flowId)).toEqual([]);
      store.mood = 'well';
      expect((await world.final(after.flowId)).state).toBe('Done');
      expect(await bucket.finals(before.flowId)).toHaveLength(1);
      expect(agent.errors).toEqual([]);
    } finally {
      await store.close();
    }
  },
);
