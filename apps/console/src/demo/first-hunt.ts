import { z } from 'zod';
import type { ApiClient } from '../api/client.js';
import { Client, Hunt, HuntClient } from '../api/models.js';
import { listItems } from '../api/pages.js';
import { finished, getHunt, watch } from '../api/wait.js';
import { CommandError } from '../errors.js';
import { showProgress } from '../output/progress.js';
import type { LocalAgent } from '../services/stack.js';
import type { Terminal } from '../terminal.js';

/** From the ready agents to their clients in the database. */
const REGISTER_MS = 60_000;
/** From the POST to the last result. */
const DELIVER_MS = 90_000;

/** What the demo's steps need. */
export interface DemoContext {
  api: ApiClient;
  agents: readonly LocalAgent[];
  terminal: Terminal;
  signal: AbortSignal;
}

const nameOf = (agent: LocalAgent): string =>
  `agent ${String(agent.number)} (process ${String(agent.pid)}, ${agent.clientId})`;

const refuseMissing = (missing: readonly LocalAgent[], what: string): void => {
  if (missing.length > 0) throw new CommandError(`${missing.map(nameOf).join(', ')} ${what}`);
};

/** Waits until the server knows every agent as a client. */
export const awaitClients = async ({ api, agents, terminal, signal }: DemoContext): Promise<void> => {
  const bar = showProgress(terminal, 'clients');
  let missing = [...agents];
  await watch({
    look: () => listItems(api, '/clients', {}, Client, 1_000),
    seen: ({ items }) => {
      missing = agents.filter(({ clientId }) => !items.some((client) => client.client_id === clientId));
      const there = agents.length - missing.length;
      bar.update(there, agents.length, `${String(there)}/${String(agents.length)} registered`);
    },
    enough: () => missing.length === 0,
    withinMs: REGISTER_MS,
    signal,
  }).finally(() => bar.end());
  refuseMissing(missing, `did not register within ${String(REGISTER_MS / 1000)} s`);
};

/** Posts the hunt for running processes and waits until every agent has delivered. */
export const huntProcesses = async ({ api, agents, terminal, signal }: DemoContext): Promise<Hunt> => {
  const posted = await api.post(
    '/hunts',
    { type: 'ListProcesses', labels: ['All'], description: 'Demo: running processes of every client' },
    Hunt,
    { 'idempotency-key': 'demo-first-hunt' },
  );
  terminal.out(`hunt ${posted.hunt_id}: running processes of every client`);
  const bar = showProgress(terminal, 'hunt');
  await watch({
    look: () => getHunt(api, posted.hunt_id),
    seen: (hunt) => bar.update(finished(hunt), hunt.stats.expected, hunt.stats.progress),
    enough: (hunt) => finished(hunt) >= agents.length,
    withinMs: DELIVER_MS,
    signal,
  }).finally(() => bar.end());
  const { items } = await listItems(api, `/hunts/${posted.hunt_id}/clients`, {}, HuntClient, 1_000);
  const states = new Map(items.map((client) => [client.client_id, client]));
  refuseMissing(
    agents.filter(({ clientId }) => !states.has(clientId)),
    `did not deliver within ${String(DELIVER_MS / 1000)} s`,
  );
  for (const agent of agents) {
    const client = states.get(agent.clientId);
    if (client?.state !== 'Done')
      throw new CommandError(
        `${nameOf(agent)} ended the hunt as ${client?.state ?? '?'}: ${client?.error ?? 'no reason given'}`,
      );
  }
  return getHunt(api, posted.hunt_id);
};

/** A row of the process collection, as far as the demo looks into it. */
export const ProcessRow = z.looseObject({
  client_id: z.string(),
  pid: z.number(),
  ppid: z.number().nullable(),
  cmdline: z.string().nullable(),
});
export type ProcessRow = z.infer<typeof ProcessRow>;
