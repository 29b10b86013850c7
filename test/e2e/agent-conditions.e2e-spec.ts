import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_QUOTA, type Spec } from '#wire';
import { type AgentDeployment, collectAction } from '../support/agent-deployment.js';
import { AgentWorld } from '../support/agent-world.js';
import { until } from '../support/other-process.js';

let world: AgentWorld;
let bucket: AgentDeployment;
const started: ChildProcess[] = [];

beforeAll(async () => {
  world = await AgentWorld.start();
  bucket = world.deployment;
});
afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
  for (const child of started.splice(0)) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  await bucket.close();
});

const PSLIST = collectAction('select pid from pslist()', [{ name: 'pid', type: 'int' }]);
const SYSTEM = (name: string): string => `any from agent_info() where key=='system' and value=='${name}'`;

/** A process whose name is this, as `ps` shows it. */
const processCalled = async (name: string): Promise<void> => {
  const program = join(bucket.folder, name);
  await copyFile('/bin/sleep', program);
  await chmod(program, 0o700);
  const child = spawn(program, ['600'], { stdio: 'ignore' });
  started.push(child);
  await once(child, 'spawn');
  const comm = `/proc/${String(child.pid)}/comm`;
  await until(`a process ${name}`, async () => (await readFile(comm, 'utf8')) === `${name.slice(0, 15)}\n`, 10_000);
};

/** The state of each client's final ticket, once all of them have one. */
const statesOf = async (flowId: string, clients: readonly string[]): Promise<Record<string, string>> => {
  await until(
    `${String(clients.length)} final tickets of ${flowId}`,
    async () => (await bucket.finals(flowId)).length >= clients.length,
    50_000,
  );
  const finals = await bucket.finals(flowId);
  return Object.fromEntries(finals.map(({ client_id, state }) => [client_id, state]));
};

/** Two agents with labels of their own; gives their ids. */
const twoAgents = async (): Promise<[web: string, database: string]> => {
  const ids: string[] = [];
  for (const label of ['web', 'database']) {
    const agent = await world.agent(world.newState(), {}, { labels: [label] });
    ids.push((await agent.ready).client_id);
  }
  const [web = '', database = ''] = ids;
  return [web, database];
};

const hunts = async (conditions: readonly string[], more: Partial<Spec> = {}): Promise<string[]> => {
  const made = await Promise.all(conditions.map((condition) => bucket.hunt({ condition, actions: [PSLIST], ...more })));
  await bucket.publishQueue(bucket.allQueue, made);
  return made.map(({ flowId }) => flowId);
};

describe('the conditions of the paper, judged by two agents', () => {
  it('by what each is: one takes part and the other does not', async () => {
    const [windows = '', linux = '', labelled = '', both = ''] = await hunts([
      SYSTEM('Windows'),
      SYSTEM('Linux'),
      "any from agent_info() where key=='labels' and value=='web'",
      `${SYSTEM('Linux')} and any(agent_info(), key == 'labels' and value =~ '^data')`,
    ]);
    const [web, database] = await twoAgents();
    const clients = [web, database];
    expect(await statesOf(windows, clients)).toEqual({ [web]: 'Skipped', [database]: 'Skipped' });
    expect(await statesOf(linux, clients)).toEqual({ [web]: 'Done', [database]: 'Done' });
    expect(await statesOf(labelled, clients)).toEqual({ [web]: 'Done', [database]: 'Skipped' });
    expect(await statesOf(both, clients)).toEqual({ [web]: 'Skipped', [database]: 'Done' });
  });

  it('by what runs there: in any case, anywhere in the name, and not the other way round', async () => {
    const mark = randomBytes(2).toString('hex');
    await processCalled('Google Chrome');
    await processCalled(`My-Chrome-${mark}`);
    const [paper = '', named = '', absent = '', part = ''] = await hunts([
      'any from pslist() where regex_search(Name, "chrome")',
      `any from pslist() where regex_search(Name, "chrome-${mark}")`,
      `any from pslist() where regex_search(Name, "chrome-${mark}x")`,
      // True only if the name were searched for in the text.
      `any from pslist() where regex_search(Name, "^my-chrome-${mark} and more$")`,
    ]);
    const clients = await twoAgents();
    const all = (state: string): object => Object.fromEntries(clients.map((id) => [id, state]));
    expect(await statesOf(paper, clients)).toEqual(all('Done'));
    expect(await statesOf(named, clients)).toEqual(all('Done'));
    expect(await statesOf(absent, clients)).toEqual(all('Skipped'));
    expect(await statesOf(part, clients)).toEqual(all('Skipped'));
  });
});

describe('a regular expression that never ends', () => {
  /** No rule refuses it; it takes longer than the sun will shine. */
  const TRAP = `'${'a'.repeat(60)}!' =~ '(a|aa)+$'`;
  const EXCEEDED = /^Resource exceeded: (?:CPU|wall) seconds, limit 1, used /;
  const quota = { ...DEFAULT_QUOTA, cpu_seconds: 1, wall_seconds: 1 };

  it.each([
    ['as the condition of a hunt', { condition: TRAP, actions: [PSLIST] }],
    [
      'in a query',
      { actions: [collectAction(`select pid from pslist() where ${TRAP}`, [{ name: 'pid', type: 'int' }])] },
    ],
    [
      'as the filter of a listing',
      { actions: [{ __type__: 'ListDirectory', path: '/etc', depth: 1, one_device: true, filter: TRAP } as const] },
    ],
  ])('%s is stopped on time, and the agent goes on', async (_where, input) => {
    const trapped = await bucket.hunt({ ...input, quota });
    const next = await bucket.hunt({ actions: [PSLIST] });
    await bucket.publishQueue(bucket.allQueue, [trapped, next]);
    await world.agent(world.newState());
    const ticket = await world.final(trapped.flowId);
    expect(ticket.state).toBe('Error');
    expect(ticket.error).toMatch(EXCEEDED);
    expect((await world.final(next.flowId)).state).toBe('Done');
  });
});
