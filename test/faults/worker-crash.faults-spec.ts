import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSpec } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { WorkerDeployment } from '../support/worker-deployment.js';

let world: WorkerDeployment;

beforeAll(async () => {
  world = await WorkerDeployment.start();
});
afterAll(async () => {
  await world.stop();
});

/** A pass that must end well. */
const pass = async (): Promise<Record<string, unknown>> => {
  const { code, signal, output } = await world.once();
  expect({ code, signal, output }).toMatchObject({ code: 0, signal: null });
  return JSON.parse(output.split('\n').findLast((line) => line.startsWith('{"once"')) ?? '{}') as Record<
    string,
    unknown
  >;
};

/** A pass that dies at the point. */
const dieAt = async (point: string): Promise<void> => {
  const { signal, output } = await world.once({ REKALL_FAULT: point });
  expect({ signal, output }).toMatchObject({ signal: 'SIGKILL' });
};

const createHunt = async (): Promise<string> =>
  String((await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['All'] }))['hunt_id']);

const digestOf = async (huntId: string): Promise<string> => {
  const entry = (await world.entries(world.queueOf('All'))).find((e) => e.flow_id === huntId);
  return (await readSpec(entry!, { trust: (await world.manifest()).trust, now: new Date() })).digest;
};

const rows = async (query: string, ...values: unknown[]): Promise<Record<string, unknown>[]> =>
  (await world.sql.query<Record<string, unknown>>(query, values)).rows;

const huntEntries = async (huntId: string) =>
  (await world.entries(world.queueOf('All'))).filter((e) => e.flow_id === huntId);

const counted = async (huntId: string) => {
  const [flow] = await rows('SELECT n_done, n_rows, change_seq FROM flows WHERE id = $1', huntId);
  const runs = await rows('SELECT state FROM flow_runs WHERE flow_id = $1', huntId);
  const collections = await rows('SELECT key FROM collections WHERE flow_id = $1', huntId);
  return { ...flow, runs: runs.length, collections: collections.length };
};

/** A client that has answered a hunt; nobody has taken either in. */
const answered = async (huntId: string, digest: string): Promise<{ agent: ScriptedAgent; key: string }> => {
  const agent = new ScriptedAgent(world.bucket);
  await agent.send(agent.startup());
  const collections = [await agent.collect(huntId)];
  return { agent, key: await agent.send(agent.status({ flow_id: huntId, spec_digest: digest, collections })) };
};

const leftInTickets = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of world.bucket.listAll('tickets/')) found.push(key);
  return found;
};

describe('a worker that is killed', () => {
  it.each(['before-publish', 'after-publish'])('%s leaves one hunt and one entry', async (point) => {
    await pass();
    const hunt = await createHunt();
    await dieAt(point);
    await dieAt(point);
    await pass();
    expect(await huntEntries(hunt)).toMatchObject([{ attempt: 1, state: 'open' }]);
    expect(await rows('SELECT id FROM flows WHERE id = $1', hunt)).toHaveLength(1);
    expect(await rows('SELECT 1 FROM queues WHERE wanted_seq <> published_seq')).toEqual([]);
    const { trust } = await world.manifest();
    await readSpec((await huntEntries(hunt))[0]!, { trust, now: new Date() });
  });

  it.each(['before-commit', 'after-ledger', 'after-delete'])('%s counts a ticket once', async (point) => {
    await pass();
    const hunt = await createHunt();
    await pass();
    const { agent, key } = await answered(hunt, await digestOf(hunt));
    await dieAt(point);
    await pass();
    await pass();
    expect(await counted(hunt)).toMatchObject({ n_done: 1, n_rows: '3', runs: 1, collections: 1 });
    expect(await rows('SELECT 1 FROM clients WHERE id = $1', agent.clientId)).toHaveLength(1);
    expect(await rows('SELECT 1 FROM tickets_seen WHERE key = $1 AND archived_at IS NOT NULL', key)).toHaveLength(1);
    expect(await rows('SELECT 1 FROM quarantine_entries')).toEqual([]);
    expect(await leftInTickets()).toEqual([]);
    const lines = (await world.archived('ledger/')).filter((line) => line.key === key);
    expect(lines.length).toBeGreaterThanOrEqual(1);
    expect(new Set(lines.map((line) => line.etag)).size).toBe(1);
  });
});

describe('one pass', () => {
  it('says what it did', async () => {
    const hunt = await createHunt();
    await pass();
    await answered(hunt, await digestOf(hunt));
    expect(await pass()).toMatchObject({ once: true, failed: 0, taken: 2, archived: 2 });
    expect(await pass()).toMatchObject({ once: true, taken: 0, archived: 0 });
  });
});

describe('two workers', () => {
  it('share the tickets of many flows and count each once', async () => {
    const hunt = await createHunt();
    await pass();
    const digest = await digestOf(hunt);
    const agents = await Promise.all(Array.from({ length: 40 }, () => answered(hunt, digest)));
    const ends = await Promise.all([world.once(), world.once(), world.once()]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
    await pass();
    expect(await counted(hunt)).toMatchObject({
      n_done: agents.length,
      runs: agents.length,
      collections: agents.length,
    });
    expect(await rows('SELECT 1 FROM quarantine_entries')).toEqual([]);
  });
});

describe('a bad start', () => {
  const lines = (output: string): string[] => output.split('\n').filter((l) => l !== 'started' && !l.startsWith('{'));

  it.each<[string, Record<string, string>, RegExp]>([
    ['no database', { DATABASE_URL: 'postgresql://u:secret-word@127.0.0.1:1/x' }, /127\.0\.0\.1:1/],
    ['a wrong bucket key', { S3_SECRET_KEY: 'wrong' }, /secret key/],
    ['no such bucket', { S3_BUCKET: 'nowhere' }, /nowhere/],
    [
      'a missing file',
      { REKALL_SIGNING_KEY_FILE: '/nowhere/leaf.key' },
      /REKALL_SIGNING_KEY_FILE.*\/nowhere\/leaf\.key/,
    ],
    ['a wrong variable', { GRANT_DAYS: '30' }, /GRANT_DAYS/],
    ['a leaf of another deployment', { REKALL_DEPLOYMENT: '0'.repeat(32) }, /another deployment/],
  ])('%s is one clear line', async (_, more, says) => {
    const { code, output } = await world.once(more);
    expect(code).toBe(1);
    expect(lines(output)).toHaveLength(1);
    expect(lines(output)[0]).toMatch(says);
    expect(output).not.toContain('secret-word');
  });
});
