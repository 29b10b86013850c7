import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLeaf, DEFAULT_QUOTA, isResultKey, keys, loadSigner, newHuntId, type Quota, sha256Hex } from '#wire';
import { AgentDeployment, collectAction } from '../support/agent-deployment.js';
import { ENDLESS, SLOW } from '../support/agent-queries.js';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.js';
import { until as untilWithin } from '../support/other-process.js';

/** Other work on the machine makes these slow, never wrong. */
const until = (what: string, holds: () => boolean | Promise<boolean>, withinMs = 50_000): Promise<void> =>
  untilWithin(what, holds, withinMs);

let world: AgentDeployment;
const agents: AgentProcess[] = [];
let folders = 0;

const newState = (): string => join(world.folder, `state-${++folders}`);

/** Starts an agent; it is stopped after the test. */
const agentIn = async (state: string, env: Record<string, string> = {}, config?: string): Promise<AgentProcess> => {
  const agent = startAgentProcess(['--config', config ?? (await world.agentConfig()), '--state', state], env);
  agents.push(agent);
  return agent;
};

const queueOf = async (state: string): Promise<string> =>
  (JSON.parse(await readFile(join(state, 'identity.json'), 'utf8')) as { queue: string }).queue;

const hasFinal = (flowId: string): (() => Promise<boolean>) => {
  return async () => (await world.finals(flowId)).length > 0;
};

/** Outcomes of the attempts in an agent's state file. */
const outcomes = async (state: string): Promise<(string | undefined)[]> => {
  const file = JSON.parse(await readFile(join(state, 'state.json'), 'utf8')) as { attempts: { outcome?: string }[] };
  return file.attempts.map((a) => a.outcome);
};

/** Of these flows the ones that told that they started. */
const startedOf = async (flows: readonly { flowId: string }[]): Promise<string[]> => {
  const tickets = await Promise.all(flows.map(({ flowId }) => world.tickets(flowId)));
  return tickets.flat().flatMap((t) => (t.state === 'Started' ? [t.flow_id] : []));
};

/** Starts nothing more: the agent was ready and has ended. */
const stopped = async (agent: AgentProcess): Promise<{ client_id: string }> => {
  const ready = await agent.ready;
  expect(await agent.stop()).toBe(0);
  return ready;
};

beforeAll(async () => {
  world = await AgentDeployment.start();
  await world.publishManifest();
});

beforeEach(async () => {
  await world.publishQueue(world.allQueue, []);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    for (const { log, errors } of agents)
      process.stderr.write(`${JSON.stringify(log, null, 1)}\n${errors.join('\n')}\n`);
  for (const agent of agents.splice(0)) await agent.kill9();
});

afterAll(async () => {
  await world.close();
});

const PSLIST = collectAction('select Name as name, pid, ppid, start_time, cmdline from pslist()', [
  { name: 'name', type: 'unicode' },
  { name: 'pid', type: 'int' },
  { name: 'ppid', type: 'int' },
  { name: 'start_time', type: 'epoch' },
  { name: 'cmdline', type: 'unicode' },
]);

const statOf = (pid: number): string[] => {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};
const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`) && statOf(pid)[0] !== 'Z';
const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statOf(Number(name))[1] === String(pid))
    .map(Number);

describe('a hunt without any server', () => {
  it('enrols, runs where the condition holds, and uploads what was asked for', async () => {
    const hunt = await world.hunt({
      condition: "any from agent_info() where key=='system' and value=='Linux'",
      actions: [PSLIST],
    });
    await world.publishQueue(world.allQueue, [hunt]);
    const agent = await agentIn(newState());
    const { client_id } = await agent.ready;
    await until('the final ticket', hasFinal(hunt.flowId));

    const tickets = await world.tickets(hunt.flowId);
    expect(tickets.map((t) => t.state)).toEqual(['Started', 'Done']);
    const done = tickets[1]!;
    expect(done).toMatchObject({ client_id, spec_digest: hunt.digest, attempt: 1 });
    expect(done.error).toBeUndefined();
    expect(done.progress).toMatchObject({ actions_done: 1, actions_total: 1 });
    expect(done.collections).toHaveLength(1);
    const result = done.collections[0]!;
    expect(isResultKey(result.key, hunt.flowId, client_id)).toBe(true);
    const stored = await world.bytesOf(result.key);
    expect([stored.length, sha256Hex(stored)]).toEqual([result.stored_bytes, result.stored_sha256]);
    const content = gunzipSync(stored);
    expect([content.length, sha256Hex(content)]).toEqual([result.content_bytes, result.content_sha256]);

    const rows = await world.rowsOf(result.key, `select * from rows where pid = ${agent.pid}`);
    const cmdline = (await readFile(`/proc/${agent.pid}/cmdline`, 'utf8')).split('\0').slice(0, -1).join(' ');
    const name = (await readFile(`/proc/${agent.pid}/comm`, 'utf8')).trim();
    expect(rows).toMatchObject([{ name, pid: agent.pid, ppid: process.pid, cmdline }]);
    const metadata = await world.rowsOf(result.key, 'select key, value from metadata');
    expect(Object.fromEntries(metadata.map((m) => [m['key'], m['value']]))).toMatchObject({
      client_id,
      flow_id: hunt.flowId,
      spec_digest: hunt.digest,
      query: 'select Name as name, pid, ppid, start_time, cmdline from pslist()',
    });
  });

  it('tells who it is in a signed Startup ticket', async () => {
    const state = newState();
    const agent = await agentIn(state, {}, await world.agentConfig({ labels: ['lab'] }));
    const { client_id } = await agent.ready;
    await until('the Startup ticket', async () => (await world.startups(client_id)).length > 0);
    const [startup] = await world.startups(client_id);
    expect(startup).toMatchObject({ client_id, queue: await queueOf(state), labels: ['lab'], errors: [] });
    expect(startup!.capabilities).toEqual(
      expect.arrayContaining(['sample.1', 'retry.1', 'action.collect.1', 'source.pslist.1', 'source.agent_info.1']),
    );
    expect(startup!.system_info).toMatchObject({
      system: 'Linux',
      node: (await readFile('/proc/sys/kernel/hostname', 'utf8')).trim(),
    });
  });

  it("runs a flow on the one client that it targets, from that client's own queue", async () => {
    const state = newState();
    const { client_id } = await (await agentIn(state)).ready;
    const mine = await world.flow(client_id, { actions: [PSLIST] });
    const others = await world.flow(`C.${randomBytes(8).toString('hex')}`, { actions: [PSLIST] });
    await world.publishQueue(await queueOf(state), [others, mine]);
    await until('the final ticket', hasFinal(mine.flowId));
    const [done] = await world.finals(mine.flowId);
    expect(done).toMatchObject({ state: 'Done', __type__: 'FlowStatus' });
    expect(done!.collections[0]!.key.startsWith(`${client_id}/vfs/analysis/${mine.flowId}/pslist/`)).toBe(true);
    expect(await world.tickets(others.flowId)).toEqual([]);
  });

  it('skips where the condition is false, and tells so only where that was asked for', async () => {
    const condition = "any from agent_info() where key=='system' and value=='Plan 9'";
    const told = await world.hunt({ condition, actions: [PSLIST] });
    const untold = await world.hunt({ condition, actions: [PSLIST], report_skips: false });
    await world.publishQueue(world.allQueue, [untold, told]);
    const state = newState();
    await agentIn(state);
    await until('the final ticket', hasFinal(told.flowId));
    expect((await world.tickets(told.flowId)).map((t) => t.state)).toEqual(['Skipped']);
    await until('both ended', async () => (await outcomes(state)).filter((o) => o === 'Skipped').length === 2);
    expect(await world.tickets(untold.flowId)).toEqual([]);
  });

  it('never runs a flow whose condition fails, and shows where it failed', async () => {
    const hunt = await world.hunt({ condition: 'any from pslist() where nonsense(pid)', actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [hunt]);
    await agentIn(newState());
    await until('the final ticket', hasFinal(hunt.flowId));
    const tickets = await world.tickets(hunt.flowId);
    expect(tickets.map((t) => t.state)).toEqual(['Error']);
    expect(tickets[0]!.error).toContain('condition: ');
    expect(tickets[0]!.error).toMatch(/\^{8}/); // below the name that is unknown
  });

  it('takes part in a sample only when registered before the hunt, and below its bound', async () => {
    const state = newState();
    const { client_id } = await (await agentIn(state)).ready;
    const position = (id: string): bigint => BigInt(`0x${sha256Hex(id + client_id).slice(0, 16)}`);
    const hex = (value: bigint): string => value.toString(16).padStart(16, '0');
    const [inId, outId, lateId] = [newHuntId(), newHuntId(), newHuntId()];
    const inside = await world.hunt({ actions: [PSLIST], sample: { below: hex(position(inId) + 1n) } }, 1, inId);
    const outside = await world.hunt({ actions: [PSLIST], sample: { below: hex(position(outId)) } }, 1, outId);
    const older = await world.hunt(
      { actions: [PSLIST], sample: { below: 'f'.repeat(16) }, created_at: new Date(Date.now() - 60_000).toISOString() },
      1,
      lateId,
    );
    await world.publishQueue(await queueOf(state), [], { registered_at: new Date(Date.now() - 30_000).toISOString() });
    await world.publishQueue(world.allQueue, [older, outside, inside]);
    await until('the final ticket', hasFinal(inside.flowId));
    expect(await world.tickets(outside.flowId)).toEqual([]);
    expect(await world.tickets(older.flowId)).toEqual([]);
  });

  it('reads the queue of a label that people gave it', async () => {
    const state = newState();
    await (
      await agentIn(state)
    ).ready;
    const queue = randomBytes(16).toString('hex');
    const hunt = await world.hunt({ actions: [PSLIST] }, 1, newHuntId(), ['web']);
    const foreign = await world.hunt({ actions: [PSLIST] }, 1, newHuntId(), ['db']);
    await world.publishQueue(queue, [foreign, hunt]);
    await world.publishQueue(await queueOf(state), [], {
      registered_at: new Date().toISOString(),
      queues: [{ label: 'web', queue }],
    });
    await until('the final ticket', hasFinal(hunt.flowId));
    expect(await world.tickets(foreign.flowId)).toEqual([]);
  });
});

describe('limits', () => {
  const cases: [keyof Quota, number, RegExp, typeof PSLIST][] = [
    ['wall_seconds', 0.6, /^Resource exceeded: wall seconds, limit 0\.6, used \d/, SLOW],
    ['cpu_seconds', 0.5, /^Resource exceeded: CPU seconds, limit 0\.5, used \d/, SLOW],
    ['memory_bytes', 1_000_000, /^Resource exceeded: memory bytes, limit 1000000, used \d{8,}/, SLOW],
    ['rows', 3, /^Resource exceeded: rows, limit 3, used 4$/, PSLIST],
    ['bytes', 1000, /^Resource exceeded: bytes, limit 1000, used \d{4,}$/, PSLIST],
  ];
  it.each(cases)('a flow over %s ends in an Error that says so', async (which, limit, error, action) => {
    const hunt = await world.hunt({ actions: [action], quota: { ...DEFAULT_QUOTA, [which]: limit } });
    await world.publishQueue(world.allQueue, [hunt]);
    const agent = await agentIn(newState());
    await until('the final ticket', hasFinal(hunt.flowId));
    const finals = await world.finals(hunt.flowId);
    expect(finals).toMatchObject([{ state: 'Error', collections: [] }]);
    expect(finals[0]!.error).toMatch(error);
    await until('no child', () => childrenOf(agent.pid).length === 0);
  });

  it('an endless condition is stopped on time, and the agent goes on', async () => {
    const endless = await world.hunt({
      condition: ENDLESS,
      actions: [PSLIST],
      report_skips: false,
      quota: { ...DEFAULT_QUOTA, wall_seconds: 0.6 },
    });
    const next = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [endless, next]);
    await agentIn(newState());
    await until('both ended', async () => (await hasFinal(endless.flowId)()) && hasFinal(next.flowId)());
    expect((await world.tickets(endless.flowId)).map((t) => t.state)).toEqual(['Error']);
    expect((await world.finals(next.flowId))[0]).toMatchObject({ state: 'Done' });
  });

  it('runs one targeted and two hunt flows at once, and no more', async () => {
    const state = newState();
    const agent = await agentIn(state);
    const { client_id } = await agent.ready;
    const flows = await Promise.all([1, 2].map(() => world.flow(client_id, { actions: [SLOW] })));
    const hunts = await Promise.all([1, 2, 3].map(() => world.hunt({ actions: [SLOW] })));
    await world.publishQueue(await queueOf(state), flows);
    await world.publishQueue(world.allQueue, hunts);
    await until('three children', () => childrenOf(agent.pid).length === 3);
    await until('three Started tickets', async () => (await startedOf([...flows, ...hunts])).length === 3);
    const started = await startedOf([...flows, ...hunts]);
    expect(started.filter((id) => id.startsWith('F_'))).toHaveLength(1);
    expect(childrenOf(agent.pid)).toHaveLength(3);
    for (const pid of childrenOf(agent.pid)) {
      expect(Number(statOf(pid)[16])).toBe(10); // nice
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain(world.secret);
    }
  });
});

describe('many flows at once', () => {
  it('each has one final ticket, and none is taken for crashed while others end', async () => {
    const hunts = await Promise.all(Array.from({ length: 15 }, () => world.hunt({ actions: [PSLIST] })));
    await world.publishManifest({ poll_min: 0.01, poll_max: 0.01 });
    try {
      await world.publishQueue(world.allQueue, hunts);
      const state = newState();
      await (
        await agentIn(state)
      ).ready;
      await until(
        'all ended',
        async () => (await outcomes(state)).filter((o) => o !== undefined).length === 15,
        150_000,
      );
      await until('an empty spool', () => readdirSync(join(state, 'spool')).length === 0);
    } finally {
      await world.publishManifest();
    }
    const tickets = await Promise.all(hunts.map(({ flowId }) => world.tickets(flowId)));
    expect(tickets.map((t) => t.map(({ state }) => state))).toEqual(hunts.map(() => ['Started', 'Done']));
  }, 200_000);
});

describe('a killed agent', () => {
  it('leaves no child, reports Crashed at its next start, never runs that flow again, and runs later ones', async () => {
    const state = newState();
    const crashed = await world.hunt({ actions: [SLOW] });
    await world.publishQueue(world.allQueue, [crashed]);
    const agent = await agentIn(state);
    await until('the Started ticket', async () => (await world.tickets(crashed.flowId)).length === 1);
    const [child] = childrenOf(agent.pid);
    await agent.kill9();
    await until('the child is gone', () => !isRunning(child!));

    const again = await agentIn(state);
    expect(await again.ready).toEqual(await agent.ready);
    await until('the final ticket', hasFinal(crashed.flowId));
    const later = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [crashed, later]);
    await until('the later flow', hasFinal(later.flowId));
    expect((await world.tickets(crashed.flowId)).map((t) => t.state)).toEqual(['Started', 'Crashed']);
    expect((await world.finals(later.flowId))[0]).toMatchObject({ state: 'Done' });
  });

  it('kills a child of the last run that is still there', async () => {
    const state = newState();
    const hunt = await world.hunt({ actions: [SLOW] });
    await world.publishQueue(world.allQueue, [hunt]);
    const agent = await agentIn(state);
    await until('the Started ticket', async () => (await world.tickets(hunt.flowId)).length === 1);
    const [child] = childrenOf(agent.pid);
    process.kill(child!, 'SIGSTOP'); // it cannot notice that its agent is gone
    await until('it stands still', () => statOf(child!)[0] === 'T');
    await agent.kill9();
    expect(isRunning(child!)).toBe(true);
    const again = await agentIn(state);
    await until('the final ticket', hasFinal(hunt.flowId));
    expect(isRunning(child!)).toBe(false);
    expect(again.log.map((l) => l.message)).toContain('a process of the last run is still there: killed');
  });

  it.each(['fetch', 'state-saved', 'child-started', 'spool-written', 'state-cleared', 'ticket-uploaded'])(
    'after %s: one final ticket, started at most once',
    async (point) => {
      const state = newState();
      const hunt = await world.hunt({ actions: [PSLIST] });
      await world.publishQueue(world.allQueue, [hunt]);
      const agent = await agentIn(state, { REKALL_AGENT_FAULT: point });
      expect(await agent.exited).toEqual({ code: null, signal: 'SIGKILL' });
      const next = await world.hunt({ actions: [PSLIST] });
      await world.publishQueue(world.allQueue, [hunt, next]);
      await agentIn(state);
      await until('both ended', async () => (await hasFinal(hunt.flowId)()) && hasFinal(next.flowId)());
      const tickets = await world.tickets(hunt.flowId);
      const notRun = ['state-saved', 'child-started'].includes(point);
      expect(tickets.filter((t) => t.state !== 'Started').map((t) => t.state)).toEqual([notRun ? 'Crashed' : 'Done']);
      expect(tickets.filter((t) => t.state === 'Started').length).toBe(notRun ? 0 : 1);
      for (const result of tickets.at(-1)!.collections)
        expect(sha256Hex(await world.bytesOf(result.key))).toBe(result.stored_sha256);
      await until('an empty spool', () => readdirSync(join(state, 'spool')).length === 0);
    },
  );

  it('whose state is damaged runs nothing that was issued before, says so, and keeps its key', async () => {
    const state = newState();
    const { client_id } = await stopped(await agentIn(state));
    await writeFile(join(state, 'state.json'), '{"__type__":"AgentState","versi');
    const before = await world.hunt({ actions: [PSLIST], created_at: new Date(Date.now() - 5000).toISOString() });
    await world.publishQueue(world.allQueue, [before]);
    const agent = await agentIn(state);
    expect((await agent.ready).client_id).toBe(client_id);
    await until('the final ticket', hasFinal(before.flowId));
    expect(await world.tickets(before.flowId)).toMatchObject([{ state: 'Skipped', error: 'state lost' }]);
    const after = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [before, after]);
    await until('the later flow', hasFinal(after.flowId));
    expect((await world.finals(after.flowId))[0]).toMatchObject({ state: 'Done' });
    const seqs = [...(await world.startups(client_id)), ...(await world.finals(after.flowId))].map((t) => t.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });

  it('copied to another machine becomes a new client that says where it came from', async () => {
    const state = newState();
    const { client_id: original } = await stopped(await agentIn(state));
    const file = join(state, 'identity.json');
    const identity = JSON.parse(await readFile(file, 'utf8')) as { machine_digest?: string };
    await writeFile(file, JSON.stringify({ ...identity, machine_digest: 'a'.repeat(64) }));
    const { client_id: copy } = await (await agentIn(state)).ready;
    expect(copy).not.toBe(original);
    await until('the Startup ticket', async () => (await world.startups(copy)).length > 0);
    expect((await world.startups(copy))[0]).toMatchObject({ cloned_from: original });
  });
});

describe('what an agent refuses', () => {
  it('a file changed by one byte, and an older one put back: it says why, and goes on with what it had', async () => {
    const first = await world.hunt({ actions: [PSLIST] });
    const old = await world.publishQueue(world.allQueue, [first]);
    const agent = await agentIn(newState());
    await until('the first', hasFinal(first.flowId));
    const second = await world.hunt({ actions: [PSLIST] });
    const current = await world.publishQueue(world.allQueue, [first, second]);
    await until('the second', hasFinal(second.flowId));
    const put = (text: string): Promise<unknown> => world.store.put(keys.jobs(world.secret, world.allQueue), text);
    const reasons = (): string[] => agent.log.flatMap((l) => (typeof l['reason'] === 'string' ? [l['reason']] : []));

    await put(old);
    await until('the older one is refused', () => reasons().some((r) => r.startsWith('lower-version: ')));
    await put(current.replace('"attempt\\":1', '"attempt\\":2'));
    await until('the changed one is refused', () => reasons().some((r) => r.startsWith('jws-signature: ')));
    const third = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [third]);
    await until('the third', hasFinal(third.flowId));
    expect(reasons().filter((r) => r.startsWith('lower-version: '))).toHaveLength(1);
    expect(await world.finals(first.flowId)).toHaveLength(1);
    expect(JSON.stringify(agent.log)).not.toContain(world.secret);
  });

  it('a file signed by a leaf that is not on the trust list, until a newer list names it', async () => {
    const hunt = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, []);
    const agent = await agentIn(newState());
    await agent.ready;
    const other = loadSigner(await createLeaf({ name: 'next signer', now: new Date(), ca: world.ca }));
    await world.publishQueue(world.allQueue, [hunt], {}, other);
    await until('it is refused', () =>
      agent.log.some((l) => typeof l['reason'] === 'string' && l['reason'].startsWith('trust-missing-leaf: ')),
    );
    expect(await world.tickets(hunt.flowId)).toEqual([]);
    await world.publishManifest({ trust: await world.trust(2, [world.signer, other]) });
    await world.publishQueue(world.allQueue, [hunt], {}, other);
    await until('the final ticket', hasFinal(hunt.flowId));
  });

  it('flows that need what it lacks: Rejected, naming it', async () => {
    const requires = await world.hunt({ actions: [PSLIST], requires: ['source.netstat.2'] });
    const action = await world.hunt({
      actions: [{ __type__: 'CollectArtifacts', artifacts: [{ name: 'Some', definition: {} }] }],
    });
    await world.publishQueue(world.allQueue, [requires, action]);
    await agentIn(newState());
    await until('both ended', async () => (await hasFinal(requires.flowId)()) && hasFinal(action.flowId)());
    expect(await world.tickets(requires.flowId)).toMatchObject([
      { state: 'Rejected', error: 'agent 0.1.0 lacks source.netstat.2' },
    ]);
    expect(await world.tickets(action.flowId)).toMatchObject([
      { state: 'Rejected', error: 'agent 0.1.0 lacks action.collectartifacts.1' },
    ]);
  });

  it('another spec under a known flow and attempt', async () => {
    const id = newHuntId();
    const hunt = await world.hunt({ actions: [PSLIST] }, 1, id);
    await world.publishQueue(world.allQueue, [hunt]);
    const agent = await agentIn(newState());
    await until('the final ticket', hasFinal(id));
    await world.publishQueue(world.allQueue, [await world.hunt({ actions: [PSLIST], spread_seconds: 1 }, 1, id)]);
    await until('it is refused', () => agent.log.some((l) => l.message === 'entry refused' && l['code'] === 'digest'));
    expect(await world.finals(id)).toHaveLength(1);
  });
});

describe('what people change while agents run', () => {
  it('a cancelled flow is killed within a poll, leaves no results, and ends as Cancelled', async () => {
    const state = newState();
    const agent = await agentIn(state);
    const { client_id } = await agent.ready;
    const flow = await world.flow(client_id, { actions: [PSLIST, SLOW] });
    const never = await world.flow(client_id, { actions: [PSLIST] });
    const queue = await queueOf(state);
    await world.publishQueue(queue, [flow]);
    await until('the Started ticket', async () => (await world.tickets(flow.flowId)).length === 1);
    const [child] = childrenOf(agent.pid);
    await world.publishQueue(queue, [
      { ...flow, state: 'cancelled' },
      { ...never, state: 'cancelled' },
    ]);
    await until('both ended', async () => (await hasFinal(flow.flowId)()) && hasFinal(never.flowId)());
    expect(isRunning(child!)).toBe(false);
    expect((await world.tickets(flow.flowId)).map((t) => t.state)).toEqual(['Started', 'Cancelled']);
    expect((await world.tickets(never.flowId)).map((t) => t.state)).toEqual(['Cancelled']);
    expect(await world.keysUnder(`${client_id}/`)).toEqual([]);
  });

  it('a closed flow does not start, one that is opened again does', async () => {
    const closed = await world.hunt({ actions: [PSLIST] });
    const open = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [{ ...closed, state: 'closed' }, open]);
    await agentIn(newState());
    await until('the open one', hasFinal(open.flowId));
    expect(await world.tickets(closed.flowId)).toEqual([]);
    await world.publishQueue(world.allQueue, [closed, open]);
    await until('the one opened again', hasFinal(closed.flowId));
  });

  it('a retry runs only where the last attempt ended as its rule says', async () => {
    const [failedId, doneId] = [newHuntId(), newHuntId()];
    const bad = collectAction('select nonsense from pslist()', [{ name: 'pid', type: 'int' }]);
    const failed = await world.hunt({ actions: [bad] }, 1, failedId);
    const done = await world.hunt({ actions: [PSLIST] }, 1, doneId);
    await world.publishQueue(world.allQueue, [failed, done]);
    await agentIn(newState());
    await until('both ended', async () => (await hasFinal(failedId)()) && hasFinal(doneId)());
    const retry: { only_if_last: ['Error', 'none'] } = { only_if_last: ['Error', 'none'] };
    const again = await Promise.all([failedId, doneId].map((id) => world.hunt({ actions: [PSLIST], retry }, 2, id)));
    const marker = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [...again, marker]);
    await until('the retry', async () => (await world.finals(failedId)).length === 2);
    await until('the marker', hasFinal(marker.flowId));
    expect((await world.finals(failedId)).map((t) => [t.attempt, t.state])).toEqual([
      [1, 'Error'],
      [2, 'Done'],
    ]);
    expect((await world.finals(doneId)).map((t) => [t.attempt, t.state])).toEqual([[1, 'Done']]);
  });

  it('nothing new is started past the date of the Manifest', async () => {
    const hunt = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [hunt]);
    await world.publishManifest({ not_after: new Date(Date.now() - 1000).toISOString(), trust: await world.trust(2) });
    const agent = await agentIn(newState());
    await until('it says so', () => agent.log.some((l) => l.message.startsWith('the Manifest is past its date')));
    await until('the Startup ticket', async () => (await world.startups((await agent.ready).client_id)).length > 0);
    expect(await world.tickets(hunt.flowId)).toEqual([]);
    await world.publishManifest({ trust: await world.trust(2) });
  });
});

describe('a store that does not do its part', () => {
  it('gone while a flow runs: nothing is lost, everything is delivered once it is back', async () => {
    const state = newState();
    const hunt = await world.hunt({
      actions: [PSLIST, SLOW],
      quota: { ...DEFAULT_QUOTA, wall_seconds: 2 },
    });
    await world.publishQueue(world.allQueue, [hunt]);
    const agent = await agentIn(state);
    await until('the Started ticket', async () => (await world.tickets(hunt.flowId)).length === 1);
    await world.stopStore();
    try {
      await until('the flow ended', async () => (await outcomes(state))[0] === 'Error');
      await agent.kill9();
      const again = await agentIn(state);
      await until('it waits for the Manifest', () => again.log.some((l) => l.message === 'no Manifest'));
    } finally {
      await world.startStore();
    }
    await until('the final ticket', hasFinal(hunt.flowId), 30_000);
    const [final] = await world.finals(hunt.flowId);
    expect(final).toMatchObject({ state: 'Error', collections: [{ name: 'pslist' }] });
    expect(sha256Hex(await world.bytesOf(final!.collections[0]!.key))).toBe(final!.collections[0]!.stored_sha256);
    await until('an empty spool', () => readdirSync(join(state, 'spool')).length === 0);
  });

  it('refuses a result for good: the final ticket says so and names nothing that is not there', async () => {
    const hunt = await world.hunt({ actions: [PSLIST] });
    const next = await world.hunt({ actions: [PSLIST] });
    world.resultBytes = 100;
    try {
      await world.publishQueue(world.allQueue, [hunt]);
    } finally {
      world.resultBytes = 1024 ** 3;
    }
    const state = newState();
    await agentIn(state);
    await until('the final ticket', hasFinal(hunt.flowId));
    const finals = await world.finals(hunt.flowId);
    expect(finals).toMatchObject([{ state: 'Error', collections: [] }]);
    expect(finals[0]!.error).toContain('results were refused by the store: ');
    expect(await outcomes(state)).toEqual(['Error']);
    await world.publishQueue(world.allQueue, [hunt, next]);
    await until('the next flow', hasFinal(next.flowId));
    expect(await world.finals(hunt.flowId)).toHaveLength(1);
  });

  it('gives no grant yet: the result waits for one', async () => {
    const hunt = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [hunt], { grants: [] });
    const state = newState();
    const agent = await agentIn(state);
    await until('it waits', () => agent.log.some((l) => l.message === 'no grant for this upload yet: it waits'));
    expect((await world.tickets(hunt.flowId)).map((t) => t.state)).toEqual(['Started']);
    await world.publishQueue(world.allQueue, [{ ...hunt, state: 'closed' }]);
    await until('the final ticket', hasFinal(hunt.flowId));
    expect((await world.finals(hunt.flowId))[0]).toMatchObject({ state: 'Done' });
  });
});

describe('the program', () => {
  it('ends with 0 on SIGTERM, reporting what it had to break off', async () => {
    const state = newState();
    const hunt = await world.hunt({ actions: [SLOW] });
    await world.publishQueue(world.allQueue, [hunt]);
    const agent = await agentIn(state);
    await until('the Started ticket', async () => (await world.tickets(hunt.flowId)).length === 1);
    const asked = performance.now();
    expect(await agent.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_500);
    expect(await world.finals(hunt.flowId)).toMatchObject([
      { state: 'Crashed', error: 'the agent was stopped while this flow ran' },
    ]);
  });

  it('stops when standard input is closed, where that was asked for', async () => {
    const args = ['--config', await world.agentConfig(), '--state', newState(), '--exit-with-parent'];
    const agent = startAgentProcess(args);
    agents.push(agent);
    await agent.ready;
    agent.closeInput();
    expect(await agent.exited).toEqual({ code: 0, signal: null });
  });

  it('polls once, delivers, and ends with --once', async () => {
    const hunt = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [hunt]);
    const agent = startAgentProcess(['--config', await world.agentConfig(), '--state', newState(), '--once']);
    agents.push(agent);
    expect(await agent.exited).toEqual({ code: 0, signal: null });
    expect((await world.finals(hunt.flowId))[0]).toMatchObject({ state: 'Done' });
  });

  it('runs a pool of agents in one process', async () => {
    const hunt = await world.hunt({ actions: [PSLIST] });
    await world.publishQueue(world.allQueue, [hunt]);
    const args = [
      'pool',
      '--clients',
      '5',
      '--poll',
      '0.2',
      '--config',
      await world.agentConfig(),
      '--state',
      newState(),
    ];
    const pool = startAgentProcess(args);
    agents.push(pool);
    expect(await pool.ready).toMatchObject({ ready: true, clients: 5, runner: 'inline' });
    await until('five results', async () => (await world.finals(hunt.flowId)).length === 5);
    const finals = await world.finals(hunt.flowId);
    expect(new Set(finals.map((t) => t.client_id)).size).toBe(5);
    expect(finals.every((t) => t.state === 'Done' && t.collections[0]!.rows['rows']! > 0)).toBe(true);
    expect(await pool.stop()).toBe(0);
  });

  const bad: [string, () => Promise<string[]>, RegExp][] = [
    ['no configuration', () => Promise.resolve([]), /^rekall-agent: no configuration: give --config FILE/],
    [
      'a missing file',
      () => Promise.resolve(['--config', '/nowhere.json']),
      /cannot read the configuration \/nowhere\.json/,
    ],
    ['an unknown option', () => Promise.resolve(['--colour']), /unknown option '--colour'/],
    [
      'a field that is wrong',
      async () => ['--config', await world.agentConfig({ bucket_url: 'ftp://x' })],
      /malformed at bucket_url/,
    ],
    ['a field that is unknown', async () => ['--config', await world.agentConfig({ bucket: 'x' })], /bucket/],
    ['no state folder', async () => ['--config', await world.agentConfig()], /give --state DIR, or set state_dir/],
    [
      'a state folder that cannot be written',
      async () => ['--config', await world.agentConfig(), '--state', join(await world.agentConfig(), 'state')],
      /the state folder .* cannot be written/,
    ],
    [
      'a damaged key',
      async () => {
        const state = newState();
        await stopped(await agentIn(state));
        await writeFile(join(state, 'identity.json'), '{}');
        return ['--config', await world.agentConfig(), '--state', state];
      },
      /the key file .* is damaged/,
    ],
    [
      'a state folder in use',
      async () => {
        const state = newState();
        await (
          await agentIn(state)
        ).ready;
        return ['--config', await world.agentConfig(), '--state', state];
      },
      /another agent \(pid \d+\) uses the state folder/,
    ],
  ];
  it.each(bad)('%s: one clear line, exit code not 0', async (_what, args, message) => {
    const agent = startAgentProcess(await args());
    agents.push(agent);
    const { code } = await agent.exited;
    expect(code).toBeGreaterThan(0);
    expect(agent.errors).toHaveLength(1);
    expect(agent.errors[0]).toMatch(message);
  });
});
