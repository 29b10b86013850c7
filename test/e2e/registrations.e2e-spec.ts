import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProcess } from '#embedded';
import { keys, randomHex32 } from '#wire';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

/* More new clients than the bound of an hour; and what becomes of files that nobody reads any more. */

let world: WorkerDeployment;
let worker: RunningProcess<true>;
beforeAll(async () => {
  world = await WorkerDeployment.start();
  worker = await world.startWorker({ REKALL_REGISTRATIONS_PER_HOUR: '3' });
});
afterAll(() => world.stop());

const count = async (query: string, ...values: unknown[]): Promise<number> =>
  Number((await world.sql.query<{ n: string }>(query, values)).rows[0]?.n);

const until = (what: string, holds: () => Promise<boolean>): Promise<true> =>
  eventually(what, async () => ((await holds()) ? true : undefined));

const registered = async (): Promise<string[]> =>
  (await world.sql.query<{ id: string }>('SELECT id FROM clients ORDER BY id')).rows.map((r) => r.id);

interface Registrations {
  limited: boolean;
  waiting: number;
  per_hour: number;
}
const state = async (): Promise<Registrations | null> =>
  (await world.call('GET', '/health/status'))['registrations'] as Registrations | null;

describe('more new clients than the bound', () => {
  it('wait; who is registered goes on; it is said once and shown; when there is room they come in', async () => {
    expect(await state()).toBeNull();
    const agents = Array.from({ length: 10 }, () => new ScriptedAgent(world.bucket));
    for (const agent of agents) await agent.send(agent.startup());
    await until('the bound is reached', async () => (await registered()).length === 3);
    const shown = await eventually('the state is shown', async () => {
      const now = await state();
      return now?.limited === true ? now : undefined;
    });
    expect(shown.per_hour).toBe(3);
    expect(shown.waiting).toBeGreaterThan(0);
    expect(shown.waiting).toBeLessThanOrEqual(7);

    // a registered one starts again and answers a hunt as ever
    const [first] = await registered();
    const inside = agents.find((a) => a.clientId === first)!;
    await inside.send(inside.startup({ agent_version: '9.9.9' }));
    await until(
      'its new facts are there',
      async () =>
        (await count(
          `SELECT count(*) AS n FROM clients WHERE id = $1 AND agent_version = '9.9.9'`,
          inside.clientId,
        )) === 1,
    );
    expect(await registered()).toHaveLength(3);
    expect(worker.output().match(/REKALL_REGISTRATIONS_PER_HOUR/g)).toHaveLength(1);

    for (let left = 7; left > 0; left = 10 - (await registered()).length) {
      const before = (await registered()).length;
      await world.sql.query(`UPDATE clients SET registered_at = registered_at - interval '2 hours'`);
      await until('more come in', async () => (await registered()).length > before);
    }
    expect(await registered()).toEqual(agents.map((a) => a.clientId).sort());
    await until('nobody waits', async () => (await state())?.limited === false);
    expect(worker.output().match(/REKALL_REGISTRATIONS_PER_HOUR/g)).toHaveLength(1);
    expect(await count('SELECT count(*) AS n FROM quarantine_entries')).toBe(0);
  });
});

describe('a file that nobody reads any more', () => {
  const present = async (queue: string): Promise<boolean> =>
    (await world.bucket.head(keys.jobs(world.secret, queue))) !== undefined;

  it('goes when its client has drawn another queue; the new one is there', async () => {
    await world.sql.query(`UPDATE clients SET registered_at = registered_at - interval '2 hours'`);
    const agent = new ScriptedAgent(world.bucket);
    await agent.send(agent.startup());
    await until('its file is there', () => present(agent.queue));
    const queue = randomHex32();
    await agent.send(agent.startup({ queue }));
    await until('its new file is there', () => present(queue));
    await until('the former one is gone', async () => !(await present(agent.queue)));
    await until(
      'and nothing is left to do',
      async () => (await count(`SELECT count(*) AS n FROM queues WHERE id LIKE 'retired:%'`)) === 0,
    );
    expect((await world.jobFile(queue)).registered_at).toBeDefined();
  });

  it('goes when no client has its label and nothing is in it; it comes back with a higher version', async () => {
    const [id] = await registered();
    await world.sql.query(`INSERT INTO client_labels (client_id, label, by) VALUES ($1, 'Lab', 'U_1')`, [id]);
    const queue = world.queueOf('Lab');
    const hunt = await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['Lab'] });
    await until('its file is there', () => present(queue));
    const before = (await world.jobFile(queue)).version;
    const renew = (): Promise<unknown> =>
      world.sql.query(`UPDATE queues SET published_at = published_at - interval '25 hours' WHERE id = 'label:Lab'`);
    await until(
      'it is marked as published',
      async () =>
        (await count(`SELECT count(*) AS n FROM queues WHERE id = 'label:Lab' AND published_at IS NOT NULL`)) === 1,
    );
    await renew(); // somebody has the label: it is signed again
    await until('it is renewed', async () => (await world.jobFile(queue)).version > before);
    await world.sql.query(`DELETE FROM client_labels WHERE label = 'Lab'`);
    await world.sql.query(
      `UPDATE flows SET hunt_state = 'Completed', entry_state = 'closed', ended_at = now() - interval '15 days',
         created_at = now() - interval '30 days', expires_at = now() - interval '15 days' WHERE id = $1`,
      [hunt['hunt_id']],
    );
    const last = (await world.jobFile(queue)).version;
    await until('it is taken away', async () => {
      await renew();
      return !(await present(queue));
    });
    await world.sql.query(`INSERT INTO client_labels (client_id, label, by) VALUES ($1, 'Lab', 'U_1')`, [id]);
    await world.call('POST', '/hunts', { type: 'ListProcesses', labels: ['Lab'] });
    await until('it is back', () => present(queue));
    expect((await world.jobFile(queue)).version).toBeGreaterThan(last);
  });
});

describe('a file that cannot be published', () => {
  it('is told where people look: at its flow, at its hunt, in the state of the system; until it is', async () => {
    const [one, two] = await registered();
    const launch = async (client: string): Promise<string> =>
      String((await world.call('POST', `/clients/${client}/flows`, { type: 'ListProcesses' }))['flow_id']);
    const hunt = async (label: string): Promise<string> =>
      String((await world.call('POST', '/hunts', { type: 'ListProcesses', labels: [label] }))['hunt_id']);
    for (const label of ['Left', 'Right'])
      await world.sql.query('INSERT INTO client_labels (client_id, label, by) VALUES ($1, $2, $3)', [
        one,
        label,
        'U_1',
      ]);
    for (let i = 0; i < 60; i++) await Promise.all([launch(one!), launch(two!)]);
    for (let i = 0; i < 40; i++) await Promise.all([hunt('Left'), hunt('Right')]);
    const settled = (): Promise<true> =>
      until(
        'all is published',
        async () => (await count('SELECT count(*) AS n FROM queues WHERE wanted_seq > published_seq')) === 0,
      );
    await settled();
    const flowId = await launch(one!);
    const huntId = await hunt('Left');
    await settled();
    const error = async (path: string): Promise<unknown> => (await world.call('GET', path))['publish_error'];
    expect([await error(`/flows/${flowId}`), await error(`/hunts/${huntId}`)]).toEqual([null, null]);

    // as many signed flows as two files hold, in one
    await world.sql.query('UPDATE flows SET client_id = $1 WHERE client_id = $2', [one, two]);
    await world.sql.query(`UPDATE flows SET labels = '{Left}' WHERE labels = '{Right}'`);
    await world.sql.query(`UPDATE queues SET wanted_seq = wanted_seq + 1 WHERE id = ANY($1)`, [
      [`client:${one!}`, 'label:Left'],
    ]);
    for (const path of [`/flows/${flowId}`, `/hunts/${huntId}`])
      expect(await eventually('it is told', async () => ((await error(path)) as string | null) ?? undefined)).toMatch(
        /^queue_full: the file would have \d+ bytes, the limit is 262144/,
      );
    const { wrong } = (await world.call('GET', '/health/status'))['queues'] as { wrong: { id: string }[] };
    expect(wrong.map((q) => q.id)).toEqual([`client:${one!}`, 'label:Left']);

    await world.sql.query(
      `UPDATE flows SET entry_state = 'closed', ended_at = now() - interval '15 days'
      WHERE id <> $1 AND id <> $2`,
      [flowId, huntId],
    );
    await settled();
    expect([await error(`/flows/${flowId}`), await error(`/hunts/${huntId}`)]).toEqual([null, null]);
  }, 120_000);
});
