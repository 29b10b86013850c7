import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Spec, StatusTicket } from '#wire';
import type { TestEntry } from './agent-deployment.js';
import { PSLIST } from './agent-queries.js';
import { type AgentProcess, startAgentProcess } from './agent-process.js';
import type { AgentWorld } from './agent-world.js';
import { until } from './other-process.js';

const UPLOAD: Spec['actions'][number] = {
  __type__: 'FileFinder',
  globs: ['/etc/*.conf'],
  conditions: [],
  do: 'upload',
};
const LISTING: Spec['actions'][number] = { __type__: 'ListDirectory', path: '/usr/share', depth: 3, one_device: true };
const ACTIONS = [PSLIST, UPLOAD, LISTING];

/** A linear congruential generator: the same seed kills at the same moments. */
const numbers = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Processes of flows whose work lies in this folder. */
const flowProcesses = (folder: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch (error) {
      if (error instanceof Error && 'code' in error) return false; // it has ended
      throw error;
    }
  });

/** What was left after agents were killed again and again, with work to do, and let finish at last. */
export interface KillsReport {
  /** Final tickets of each flow on each agent. */
  finals: StatusTicket[][];
  /** One line for each beginning of a flow, written by the flow's own process: `<state folder> <flow id>/<attempt>`. */
  began: string[];
  /** Flow processes that are still there although the agents have ended. */
  orphans: string[];
}

/** How often which of them are killed. */
export interface KillsPlan {
  agents: number;
  rounds: number;
  seed: number;
}

/** Kills each of some agents at a random moment, round after round, while they have hunts to run. */
export const killAgain = async (world: AgentWorld, { agents, rounds, seed }: KillsPlan): Promise<KillsReport> => {
  const { deployment } = world;
  const random = numbers(seed);
  const config = await deployment.agentConfig();
  const states = Array.from({ length: agents }, () => world.newState());
  const beganFile = (state: string): string => `${state}.began`;
  const start = (state: string): AgentProcess =>
    startAgentProcess(['--config', config, '--state', state], { REKALL_AGENT_STARTED_FILE: beganFile(state) });
  const hunts: TestEntry[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const i of [0, 1])
      hunts.push(await deployment.hunt({ actions: [ACTIONS[(2 * round + i) % ACTIONS.length] ?? PSLIST] }));
    await deployment.publishQueue(deployment.allQueue, hunts);
    const moments = states.map(() => [random() * 3000, random() * 1500] as const);
    await Promise.all(
      states.map(async (state, n) => {
        const agent = start(state);
        const [latest = 0, more = 0] = moments[n] ?? [];
        await Promise.race([agent.ready.catch(() => undefined), delay(latest)]);
        await delay(more);
        await agent.kill9();
      }),
    );
  }
  const last = states.map(start);
  const isOver = (state: string): boolean => {
    if (!existsSync(join(state, 'state.json'))) return false;
    const file = JSON.parse(readFileSync(join(state, 'state.json'), 'utf8')) as { attempts: { outcome?: string }[] };
    return (
      file.attempts.length === hunts.length &&
      file.attempts.every(({ outcome }) => outcome !== undefined) &&
      readdirSync(join(state, 'spool')).length === 0
    );
  };
  await until('every flow has ended and all is delivered', () => states.every(isOver), 300_000);
  await Promise.all(last.map((agent) => agent.stop()));
  const tickets = (await Promise.all(hunts.map(({ flowId }) => deployment.finals(flowId)))).flat();
  const clients = await Promise.all(last.map(async ({ ready }) => (await ready).client_id));
  return {
    finals: hunts.flatMap(({ flowId }) =>
      clients.map((id) => tickets.filter((t) => t.flow_id === flowId && t.client_id === id)),
    ),
    began: states.flatMap((state) => {
      if (!existsSync(beganFile(state))) return [];
      return readFileSync(beganFile(state), 'utf8')
        .trim()
        .split('\n')
        .map((line) => `${state} ${line}`);
    }),
    orphans: states.flatMap(flowProcesses),
  };
};
