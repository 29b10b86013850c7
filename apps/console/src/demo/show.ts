import { Recruitment } from '../api/models.js';
import type { Hunt } from '../api/models.js';
import { listRows } from '../api/pages.js';
import { CommandError } from '../errors.js';
import { recruitmentGraph } from '../output/graph.js';
import { printRows } from '../output/rows.js';
import type { DemoContext } from './first-hunt.js';
import { ProcessRow } from './first-hunt.js';

const OTHERS = 10;
/** The command lines of strangers may be long, and hold what is better not printed in full. */
const OTHERS_CMDLINE = 100;
const SHOWN = ['client_id', 'pid', 'ppid', 'username', 'cmdline'];

/** Prints how many clients had delivered at which time after the POST. */
export const showRecruitment = async ({ api, terminal }: DemoContext, hunt: Hunt): Promise<void> => {
  const { points } = await api.get(`/hunts/${hunt.hunt_id}/recruitment`, { points: 100 }, Recruitment);
  terminal.out(`\nrecruitment: clients that had delivered, by time since the POST`);
  terminal.out(recruitmentGraph(points, hunt.stats.expected));
};

/** Prints the merged table: each agent's own process as that agent saw it, and some others. */
export const showProcesses = async ({ api, agents, terminal }: DemoContext, hunt: Hunt): Promise<void> => {
  const path = `/hunts/${hunt.hunt_id}/rows`;
  const own = agents.map(({ pid }) => `pid == ${String(pid)}`).join(' or ');
  const ofAgents = await listRows(api, path, { where: own }, agents.length ** 2);
  const others = await listRows(api, path, { where: `pid > 1 and not (${own})` }, 1_000);
  const mine = agents.map((agent) => {
    const row = ofAgents.rows
      .map((r) => ProcessRow.parse(r))
      .find((r) => r.client_id === agent.clientId && r.pid === agent.pid);
    if (row === undefined)
      throw new CommandError(
        `the rows of agent ${String(agent.number)} (${agent.clientId}) lack its own process ${String(agent.pid)}`,
      );
    return row;
  });
  const rows = [...mine, ...pickOthers(others.rows.map((row) => ProcessRow.parse(row)))];
  const columns = SHOWN.flatMap((name) => ofAgents.columns.filter((column) => column.name === name));
  terminal.out(`\nprocesses of this machine, from the collections of all clients (the agents' own first)`);
  // command lines whole, also where the terminal has to wrap them
  printRows({ ...terminal, columns: undefined }, {}, { ...ofAgents, columns, rows });
  terminal.out(`${String(rows.length)} of ${hunt.stats.rows} rows of ${String(hunt.stats.done)} clients`);
};

/** Each process once, with a command line (kernel threads have none); those that this command started come first. */
const pickOthers = (rows: readonly ProcessRow[]): ProcessRow[] => {
  const once = new Map(rows.map((row) => [row.pid, row]));
  const ofDemo = (row: ProcessRow): boolean => row.ppid === process.pid;
  return [...once.values()]
    .filter(({ cmdline }) => cmdline !== null && cmdline !== '')
    .sort((a, b) => Number(ofDemo(b)) - Number(ofDemo(a)) || a.pid - b.pid)
    .slice(0, OTHERS)
    .map((row) => ({ ...row, cmdline: shortened(row.cmdline ?? '') }));
};

const shortened = (text: string): string =>
  text.length <= OTHERS_CMDLINE ? text : `${text.slice(0, OTHERS_CMDLINE)}…`;
