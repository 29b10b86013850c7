import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Spec, StatusTicket } from '#wire';
import { collectAction, type TestEntry } from './agent-deployment.js';
import { startAgentProcess } from './agent-process.js';
import type { AgentWorld } from './agent-world.js';
import { until } from './other-process.js';

const PSLIST = collectAction('select Name as name, pid from pslist()', [
  { name: 'name', type: 'unicode' },
  { name: 'pid', type: 'int' },
]);
const UPLOAD: Spec['actions'][number] = {
  __type__: 'FileFinder',
  globs: ['/etc/*.conf'],
  conditions: [],
  do: 'upload',
};
const LISTING: Spec['actions'][number] = { __type__: 'ListDirectory', path: '/usr/share', depth: 3, one_device: true };

/** A linear congruential generator: the same seed kills at the same moments. */
const numbers = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Processes of flows whose work lies in this folder. */
export const flowProcesses = (folder: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch (error) {
      if (error instanceof Error && 'code' in error) return false; // it has ended
      throw error;
    }
  });

/** What was left after an agent was killed again and again, with work to do, and let finish at last. */
export interface KillsReport {
  /** Final tickets of each flow. */
  finals: StatusTicket[][];
  /** One line for each beginning of a flow, written by the flow's own process: `<flow id>/<attempt>`. */
  began: string[];
  /** Flow processes that are still there although the agent has ended. */
  orphans: string[];
}

/** Kills an agent at `kills` random moments while it has flows to run. */
export const killAgain = async (world: AgentWorld, kills: number, seed: number): Promise<KillsReport> => {
  const { deployment } = world;
  const random = numbers(seed);
  const state = world.newState();
  const startedFile = `${state}.began`;
  const env = { REKALL_AGENT_STARTED_FILE: startedFile };
  const args = ['--config', await deployment.agentConfig(), '--state', state];
  const flows: TestEntry[] = [];
  for (let i = 0; i < kills; i++) {
    for (const action of [PSLIST, UPLOAD, LISTING]) flows.push(await deployment.hunt({ actions: [action] }));
    await deployment.publishQueue(deployment.allQueue, flows);
    const agent = startAgentProcess(args, env);
    await Promise.race([agent.ready.catch(() => undefined), delay(random() * 3000)]);
    await delay(random() * 1500);
    await agent.kill9();
  }
  const last = startAgentProcess(args, env);
  const attempts = (): { outcome?: string }[] =>
    (JSON.parse(readFileSync(join(state, 'state.json'), 'utf8')) as { attempts: { outcome?: string }[] }).attempts;
  const isOver = (): boolean =>
    attempts().length === flows.length &&
    attempts().every(({ outcome }) => outcome !== undefined) &&
    readdirSync(join(state, 'spool')).length === 0;
  await until('every flow has ended and all is delivered', isOver, 300_000);
  await last.stop();
  return {
    finals: await Promise.all(flows.map((f) => deployment.finals(f.flowId))),
    began: existsSync(startedFile) ? readFileSync(startedFile, 'utf8').trim().split('\n') : [],
    orphans: flowProcesses(state),
  };
};
