import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, WholeSystem } from '../support/whole-system.js';

interface Hunt {
  hunt_id: string;
  state: string;
  spec_digest: string;
  stats: { done: number; expected: number; progress: string; rows: string };
}
interface Flow {
  flow_id: string;
  state: string;
  shown_state: string;
  unprocessed: boolean;
  ticket_key: string | null;
}
interface Rows {
  columns: { name: string }[];
  rows: Record<string, unknown>[];
  next_cursor: string | null;
}
interface Items<T> {
  items: T[];
}

const HUNT = { type: 'ListProcesses', labels: ['All'] };
let system: WholeSystem;

const hunt = async (id: string): Promise<Hunt> => (await system.call<Hunt>('GET', `/hunts/${id}`)).body;
const startHunt = async (): Promise<Hunt> => (await system.call<Hunt>('POST', '/hunts', HUNT)).body;
const whenDone = (id: string, n: number): Promise<Hunt> =>
  eventually(`hunt ${id} done on ${String(n)} clients`, async () => {
    const found = await hunt(id);
    return found.stats.done >= n ? found : undefined;
  });
/** The command line of a process as the kernel has it, arguments joined by blanks. */
const cmdline = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8'))
    .split('\0')
    .filter((part) => part !== '')
    .join(' ');

const rowsOf = async (id: string): Promise<Rows['rows']> => {
  const rows: Rows['rows'] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const page: Rows = (await system.call<Rows>('GET', `/hunts/${id}/rows?limit=1000${query}`)).body;
    rows.push(...page.rows);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
};

beforeAll(async () => {
  system = await WholeSystem.make();
  await system.startWorker();
  await system.startApi();
  await Promise.all([1, 2, 3, 4, 5].map((n) => system.startAgent(n)));
  await eventually('five clients', async () =>
    (await system.call<Items<unknown>>('GET', '/clients')).body.items.length === 5 ? true : undefined,
  );
}, 120_000);
afterAll(() => system.close(), 60_000);

describe('the first hunt', () => {
  it('runs on five agents, and its rows hold the agents themselves with the command lines that /proc shows', async () => {
    const { hunt_id: id } = await startHunt();
    const finished = await whenDone(id, 5);
    expect(finished.stats.progress).toBe('Done 5/5');
    const rows = await rowsOf(id);
    expect(String(rows.length)).toBe(finished.stats.rows);
    const clients = new Set(rows.map((row) => row['client_id']));
    expect(clients.size).toBe(5);
    for (const agent of system.agents) {
      const expected = await cmdline(agent.pid);
      const own = rows.filter((row) => row['pid'] === agent.pid);
      expect(own).toHaveLength(5); // one machine: each of the five agents saw it
      for (const row of own) expect(row).toMatchObject({ cmdline: expected, ppid: process.pid });
    }
    const curve = (await system.call<{ points: { finished: number }[] }>('GET', `/hunts/${id}/recruitment`)).body
      .points;
    expect(curve.at(-1)?.finished).toBe(5);
  });

  it('filters rows with EFILTER in the reader, and says where a filter is wrong', async () => {
    const { hunt_id: id } = await startHunt();
    await whenDone(id, 5);
    const [agent] = system.agents;
    const found = (
      await system.call<Rows>('GET', `/hunts/${id}/rows?where=${encodeURIComponent(`pid = ${String(agent!.pid)}`)}`)
    ).body;
    expect(found.rows).toHaveLength(5);
    const wrong = await system.call<{ code: string; detail: string }>(
      'GET',
      `/hunts/${id}/rows?where=${encodeURIComponent('pid ==')}`,
    );
    expect([wrong.status, wrong.body.code]).toEqual([400, 'efilter/parse']);
  });
});

describe('with nothing of ours running', () => {
  it('a new agent enrols, takes the running hunt and uploads; started again, everything is there and counted once', async () => {
    // One agent is away, so that the hunt is not complete and stays open.
    const away = system.agents[4]!;
    process.kill(away.pid, 'SIGSTOP');
    const { hunt_id: id } = await startHunt();
    await whenDone(id, 4);
    await Promise.all([system.api!.kill9(), system.worker!.kill9(), system.postgres.kill9()]);

    await system.startAgent(6);
    await eventually('the fifth collection in the bucket', async () => {
      const { objects } = await system.bucket.list({ prefix: `hunts/${id}/vfs/analysis/pslist/` });
      return objects.length === 5 ? true : undefined;
    });
    await eventually('its Done ticket', async () => {
      const { objects } = await system.bucket.list({ prefix: `tickets/HuntStatus/${id}/` });
      return objects.length > 0 ? true : undefined;
    });

    await system.startPostgres();
    await system.startWorker();
    await system.startApi();
    process.kill(away.pid, 'SIGCONT');
    const after = await whenDone(id, 6);
    expect(after.stats).toMatchObject({ done: 6, progress: 'Done 6/6' });
    const clients = (await system.call<Items<{ state: string }>>('GET', `/hunts/${id}/clients`)).body.items;
    expect(clients.map((c) => c.state)).toEqual(Array(6).fill('Done'));
    expect(JSON.parse(await system.admin('recount', '--check'))).toMatchObject({ differences: [] });
  }, 120_000);
});

describe('without the worker', () => {
  it('a flow is shown as Done (*) with its ticket’s key, and one pass of the worker makes it Done', async () => {
    const [agent] = system.agents;
    const clients = (await system.call<Items<{ client_id: string }>>('GET', '/clients')).body.items;
    const output = agent!.output();
    const clientId = clients.map((c) => c.client_id).find((id) => output.includes(id));
    process.kill(agent!.pid, 'SIGSTOP');
    const { flow_id: id } = (await system.call<Flow>('POST', `/clients/${clientId!}/flows`, { type: 'ListProcesses' }))
      .body;
    await eventually('its job file', async () => {
      const status = (await system.call<{ queues: { wrong: unknown[] } }>('GET', '/health/status')).body;
      return status.queues.wrong.length === 0 ? true : undefined;
    });
    await system.worker!.kill9();
    process.kill(agent!.pid, 'SIGCONT');

    const shown = await eventually('Done (*)', async () => {
      const flow = (await system.call<Flow>('GET', `/flows/${id}`)).body;
      return flow.shown_state === 'Done (*)' ? flow : undefined;
    });
    expect(shown.unprocessed).toBe(true);
    expect(shown.ticket_key).toMatch(new RegExp(`^tickets/FlowStatus/${id}/${clientId!}/[0-9a-f]{32}-\\d+\\.json$`));
    const ticket = await system.bucket.get(shown.ticket_key!, { maxBytes: 262_144 });
    const text = ticket.kind === 'found' ? ticket.body.toString() : '{}';
    expect(JSON.parse((JSON.parse(text) as { payload: string }).payload)).toMatchObject({
      flow_id: id,
      client_id: clientId,
      state: 'Done',
    });

    await system.workerOnce();
    const done = (await system.call<Flow>('GET', `/flows/${id}`)).body;
    expect([done.shown_state, done.unprocessed]).toEqual(['Done', false]);
    expect((await system.bucket.list({ prefix: `tickets/FlowStatus/${id}/` })).objects).toEqual([]);
    await system.startWorker();
  }, 120_000);
});

describe('a kill between commit and publish', () => {
  it('of the API: the caller sends again with its key, and there is one hunt, one entry, one count', async () => {
    await system.api!.stop();
    await system.startApi({ REKALL_FAULT: 'after-hunt-commit' });
    const key = { 'idempotency-key': 'killed-once' };
    await expect(system.call<Hunt>('POST', '/hunts', HUNT, key)).rejects.toThrow();
    expect((await system.api!.exited).signal).toBe('SIGKILL');
    await system.startApi();
    const { hunt_id: id } = (await system.call<Hunt>('POST', '/hunts', HUNT, key)).body;
    const finished = await whenDone(id, 6);
    expect(finished.stats.done).toBe(6);
    const hunts = (await system.call<Items<Hunt>>('GET', '/hunts')).body.items.filter((h) => h.hunt_id === id);
    expect(hunts).toHaveLength(1);
  });
});

describe('when Postgres is lost', () => {
  it('clients, hunts, flows, states and collections come back from the bucket, and agents take what is published next', async () => {
    const before = (await system.call<Items<Hunt>>('GET', '/hunts')).body.items;
    const statsBefore = await Promise.all(before.map((h) => hunt(h.hunt_id)));
    const clientsBefore = (await system.call<Items<{ client_id: string; registered_at: string }>>('GET', '/clients'))
      .body.items;
    const collectionsBefore = (
      await system.call<Items<{ key: string; stored_sha256: string }>>('GET', '/collections?limit=1000')
    ).body.items;
    await eventually('everything in the ledger', async () => {
      const { unarchived_tickets: n } = (await system.call<{ unarchived_tickets: number }>('GET', '/health/status'))
        .body;
      return n === 0 ? true : undefined;
    });
    await Promise.all([system.api!.stop(), system.worker!.stop()]);
    await system.loseDatabase();
    await system.admin('rebuild');
    const provisioned = JSON.parse(
      await system.admin(
        'provision',
        '--user',
        'again',
        '--role',
        'Administrator',
        '--scope',
        '*',
        '--token-name',
        'again',
        '--expires',
        new Date(Date.now() + 3_600_000).toISOString(),
      ),
    ) as { token: string };
    system.token = provisioned.token;
    await system.startWorker();
    await system.startApi();

    const statsAfter = await Promise.all(before.map((h) => hunt(h.hunt_id)));
    expect(statsAfter.map((h) => [h.hunt_id, h.state, h.spec_digest, h.stats])).toEqual(
      statsBefore.map((h) => [h.hunt_id, h.state, h.spec_digest, h.stats]),
    );
    const clientsAfter = (await system.call<Items<{ client_id: string; registered_at: string }>>('GET', '/clients'))
      .body.items;
    expect(clientsAfter.map((c) => [c.client_id, c.registered_at])).toEqual(
      clientsBefore.map((c) => [c.client_id, c.registered_at]),
    );
    const collectionsAfter = (
      await system.call<Items<{ key: string; stored_sha256: string }>>('GET', '/collections?limit=1000')
    ).body.items;
    const facts = (items: { key: string; stored_sha256: string }[]) =>
      items.map((c) => `${c.key} ${c.stored_sha256}`).sort();
    expect(facts(collectionsAfter)).toEqual(facts(collectionsBefore));

    const { hunt_id: id } = await startHunt();
    expect((await whenDone(id, 6)).stats.done).toBe(6);
  }, 120_000);
});

describe('a collection in the bucket', () => {
  interface Stored {
    collection_id: string;
    client_id: string;
    key: string;
  }

  it('is a gzip of one SQLite file', async () => {
    const [first] = (await system.call<Items<Stored>>('GET', '/collections?limit=1')).body.items;
    const stored = await system.bucket.get(first!.key, { maxBytes: 10_000_000 });
    expect(stored.kind === 'found' && gunzipSync(stored.body).subarray(0, 16).toString('latin1')).toBe(
      'SQLite format 3\0',
    );
  });

  it('is paged to its end also when a client has two of one name', async () => {
    const { hunt_id: id } = await startHunt();
    await whenDone(id, 6);
    const before = await rowsOf(id);
    const [one] = (await system.call<Items<Stored>>('GET', `/collections?flow_id=${id}`)).body.items;
    const found = await system.bucket.get(one!.key, { maxBytes: 10_000_000 });
    if (found.kind !== 'found') throw new Error(`${one!.key} is gone`);
    const key = one!.key.replace(/[0-9a-f]{32}(?=\.sqlite\.gz$)/, 'f'.repeat(32));
    const { etag } = await system.bucket.put(key, found.body, { contentType: 'application/gzip' });
    const sql = new Client({ connectionString: system.databases.url });
    await sql.connect();
    await sql.query(
      `INSERT INTO collections SELECT (json_populate_record(k, json_build_object('id', 'CL_ffffffffffffffff', 'key', $2::text, 'etag', $3::text))).*
       FROM collections k WHERE id = $1`,
      [one!.collection_id, key, etag],
    );
    await sql.end();
    const rows: unknown[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < 200; pages += 1) {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page: Rows = (await system.call<Rows>('GET', `/hunts/${id}/rows?limit=50${query}`)).body;
      rows.push(...page.rows);
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
    expect(cursor).toBeNull();
    const ofOne = before.filter((row) => row['client_id'] === one!.client_id).length;
    expect(rows).toHaveLength(before.length + ofOne);
  });

  it('that was overwritten after it was reported is that client’s failure alone, and is not handed out', async () => {
    const { hunt_id: id } = await startHunt();
    const finished = await whenDone(id, 6);
    const all = (await system.call<Items<Stored>>('GET', `/collections?flow_id=${id}`)).body.items;
    const [bad, ...good] = all;
    await system.bucket.put(bad!.key, 'not what was reported', { contentType: 'application/gzip' });
    const page = (
      await system.call<Rows & { failures: { client_id: string; message: string }[] }>(
        'GET',
        `/hunts/${id}/rows?limit=1000`,
      )
    ).body;
    expect(page.failures).toMatchObject([{ client_id: bad!.client_id }]);
    expect(page.failures[0]?.message).toContain('evidence changed');
    const rows = await rowsOf(id);
    expect(new Set(rows.map((row) => row['client_id']))).toEqual(new Set(good.map((c) => c.client_id)));
    expect(rows.length).toBeLessThan(Number(finished.stats.rows));
    const download = await system.call<{ code: string }>('GET', `/collections/${bad!.collection_id}/download`);
    expect([download.status, download.body.code]).toEqual([409, 'collection/evidence-changed']);
  });
});
