import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FINAL_STATES, keys } from '#wire';
import { insertClient, insertRun } from '../support/api.js';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

/* What a busy client or label finds in its one file of 256 KiB, and what becomes of hunts that everybody has answered. */

const LIMIT = 256 * 1024;

let world: WorkerDeployment;
beforeAll(async () => {
  world = await WorkerDeployment.start();
  await world.startWorker();
});
afterAll(() => world.stop());

const count = async (query: string, ...values: unknown[]): Promise<number> =>
  Number((await world.sql.query<{ n: string }>(query, values)).rows[0]?.n);

const register = async (): Promise<ScriptedAgent> => {
  const agent = new ScriptedAgent(world.bucket);
  await agent.send(agent.startup());
  await eventually('the client is registered', async () =>
    (await count('SELECT count(*) AS n FROM clients WHERE id = $1', agent.clientId)) === 1 ? true : undefined,
  );
  return agent;
};

const launch = async (agent: ScriptedAgent): Promise<{ flow_id: string; spec_digest: string }> => {
  const flow = await world.call('POST', `/clients/${agent.clientId}/flows`, { type: 'ListProcesses' });
  return { flow_id: String(flow['flow_id']), spec_digest: String(flow['spec_digest']) };
};

const published = (agent: ScriptedAgent): Promise<true> =>
  eventually('its file is up to date', async () =>
    (await count(
      'SELECT count(*) AS n FROM queues WHERE id = $1 AND wanted_seq = published_seq AND last_error IS NULL',
      `client:${agent.clientId}`,
    )) === 1
      ? true
      : undefined,
  );

const bytesOf = async (agent: ScriptedAgent): Promise<number> =>
  Buffer.byteLength(await world.publicText(keys.jobs(world.secret, agent.queue)));

describe('a client with hundreds of flows', () => {
  it('is given every new one as long as it answers; what is answered makes room, the oldest first', async () => {
    const agent = await register();
    const launched: string[] = [];
    const outcomes = FINAL_STATES.filter((state) => state !== 'Cancelled');
    for (let round = 0; round < 5; round++) {
      const flows = [];
      for (let i = 0; i < 40; i++) flows.push(await launch(agent));
      await published(agent);
      const open = (await world.entries(agent.queue)).filter((e) => e.state === 'open');
      expect(new Set(open.map((e) => e.flow_id))).toEqual(new Set(flows.map((f) => f.flow_id)));
      for (const [i, flow] of flows.entries())
        await agent.send(agent.status({ ...flow, state: outcomes[i % outcomes.length]! }));
      launched.push(...flows.map((f) => f.flow_id));
      await eventually('all have ended', async () =>
        (await count('SELECT count(*) AS n FROM flows WHERE client_id = $1 AND ended_at IS NULL', agent.clientId)) === 0
          ? true
          : undefined,
      );
    }
    const last = await launch(agent);
    await published(agent);
    const file = await world.jobFile(agent.queue);
    const bytes = await bytesOf(agent);
    expect(bytes).toBeLessThanOrEqual(LIMIT);
    expect(bytes).toBeGreaterThan(LIMIT * 0.9); // what there is room for stays, for 14 days
    expect(file.entries.filter((e) => e.state === 'open').map((e) => e.flow_id)).toEqual([last.flow_id]);
    expect(file.entries.filter((e) => e.state !== 'open').every((e) => e.state === 'closed')).toBe(true);
    const shown = new Set(file.entries.map((e) => e.flow_id));
    expect(launched.slice(0, 40).some((id) => shown.has(id))).toBe(false);
    // the right to deliver is there, once, whatever is shown
    expect(file.grants.map((g) => g.location)).toEqual([
      expect.objectContaining({ __type__: 'S3SignedPolicy', path_prefix: `${agent.clientId}/vfs/` }),
    ]);
    for (const entry of file.entries) expect(entry.grants).toEqual([agent.clientId]);
  }, 180_000);

  it('is refused more only where it does not answer: those have to stay', async () => {
    const agent = await register();
    const flows: string[] = [];
    const full = await (async (): Promise<string> => {
      for (let i = 0; i < 100; i++)
        try {
          flows.push((await launch(agent)).flow_id);
        } catch (error) {
          return String(error);
        }
      return 'never';
    })();
    expect(full).toContain('409');
    expect(full).toContain('flow/queue-full');
    expect(flows.length).toBeGreaterThan(50);
    await published(agent);
    expect(await bytesOf(agent)).toBeLessThanOrEqual(LIMIT);
    expect((await world.entries(agent.queue)).map((e) => e.flow_id).sort()).toEqual([...flows].sort());
    // past their time and silent: late results may still come, so they stay, closed
    await world.sql.query(`UPDATE flows SET expires_at = now() - interval '1 minute' WHERE client_id = $1`, [
      agent.clientId,
    ]);
    const closed = await eventually('they are closed', async () => {
      const entries = await world.entries(agent.queue);
      return entries.every((e) => e.state === 'closed') ? entries : undefined;
    });
    expect(closed).toHaveLength(flows.length);
    await expect(launch(agent)).rejects.toThrow('flow/queue-full');
  }, 120_000);

  it('a cancelled flow stays until its client has said so', async () => {
    const agent = await register();
    const flow = await launch(agent);
    await world.call('POST', `/flows/${flow.flow_id}/cancel`);
    const flows = [];
    for (let i = 0; i < 55; i++) flows.push(await launch(agent));
    await published(agent);
    const stateOf = async (): Promise<string | undefined> =>
      (await world.entries(agent.queue)).find((e) => e.flow_id === flow.flow_id)?.state;
    expect(await stateOf()).toBe('cancelled');
    await agent.send(agent.status({ ...flow, state: 'Cancelled' }));
    for (const each of flows) await agent.send(agent.status(each));
    await eventually('all have answered', async () =>
      (await count(`SELECT count(*) AS n FROM flow_runs WHERE client_id = $1`, agent.clientId)) === 56
        ? true
        : undefined,
    );
    for (let i = 0; i < 62; i++) await launch(agent);
    await published(agent);
    expect(await stateOf()).toBeUndefined();
  }, 120_000);
});

describe('the end of a hunt', () => {
  const label = async (name: string, clients: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let i = 0; i < clients; i++)
      ids.push(await insertClient(world.sql, [name], { registeredAt: new Date(Date.now() - 60_000) }));
    return ids.sort();
  };
  const hunt = async (body: object): Promise<string> =>
    String((await world.call('POST', '/hunts', { type: 'ListProcesses', ...body }))['hunt_id']);
  const answer = async (id: string, clients: readonly string[]): Promise<void> => {
    for (const client of clients) await insertRun(world.sql, id, client, 'Done');
    await world.sql.query('UPDATE flows SET n_done = n_done + $2 WHERE id = $1', [id, clients.length]);
  };
  const completed = (id: string): Promise<true> =>
    eventually(`${id} is completed`, async () =>
      (await count(`SELECT count(*) AS n FROM flows WHERE id = $1 AND hunt_state = 'Completed'`, id)) === 1
        ? true
        : undefined,
    );
  let sentinels = 0;
  /** Hunts are looked at together: after three others, made later, have been completed, this one was looked at as well. */
  const stillRuns = async (id: string): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) {
      const name = `Sentinel${sentinels++}`;
      const clients = await label(name, 1);
      const sentinel = await hunt({ labels: [name] });
      await answer(sentinel, clients);
      await completed(sentinel);
    }
    expect(await count(`SELECT count(*) AS n FROM flows WHERE id = $1 AND hunt_state = 'Running'`, id)).toBe(1);
  };

  it('comes when the last has answered, in whatever order, and not before', async () => {
    const clients = await label('Order', 6);
    const id = await hunt({ labels: ['Order'] });
    await answer(id, [clients[5]!, clients[0]!, clients[3]!]);
    await stillRuns(id);
    await answer(id, [clients[1]!, clients[4]!]);
    await stillRuns(id);
    await answer(id, [clients[2]!]);
    await completed(id);
  });

  it('is not come when others than the target make up the number', async () => {
    const [one, two] = await label('Few', 2);
    const others = await label('Elsewhere', 3);
    const id = await hunt({ labels: ['Few'] });
    await answer(id, [one!, ...others]); // clients that had the label once
    await stillRuns(id);
    await answer(id, [two!]);
    await completed(id);
  });

  it('waits for who comes into the target behind where the look was, and not for who left it', async () => {
    const clients = await label('Moving', 4);
    const id = await hunt({ labels: ['Moving'] });
    await answer(id, clients.slice(0, 3));
    await stillRuns(id);
    const late = `C.${'0'.repeat(16)}`;
    await world.sql.query(
      `INSERT INTO clients (id, identity, queue, registered_at, first_seen_at, last_seen_at, startup_at)
       VALUES ($1, $2, $3, now(), now(), now(), now())`,
      [late, '0'.repeat(64), '0'.repeat(32)],
    );
    await world.sql.query(`INSERT INTO client_labels (client_id, label, by) VALUES ($1, 'Moving', 'U_1')`, [late]);
    await answer(id, clients.slice(3));
    await stillRuns(id);
    await world.sql.query(`UPDATE clients SET last_seen_at = now() - interval '31 days' WHERE id = $1`, [late]);
    await completed(id);
  });

  it('of a sample comes when those in it have answered', async () => {
    const clients = await label('Sampled', 8);
    const id = await hunt({ labels: ['Sampled'], limit: 3 });
    const { rows } = await world.sql.query<{ id: string }>(
      `SELECT c.id FROM clients c JOIN flow_attempts a ON a.flow_id = $1
       WHERE c.id = ANY($2) AND left(encode(sha256(convert_to($1 || c.id, 'UTF8')), 'hex'), 16) < a.sample_below ORDER BY c.id`,
      [id, clients],
    );
    expect(rows).toHaveLength(3);
    await answer(
      id,
      rows.slice(0, 2).map((r) => r.id),
    );
    await stillRuns(id);
    await answer(
      id,
      rows.slice(2).map((r) => r.id),
    );
    await completed(id);
  });
});
