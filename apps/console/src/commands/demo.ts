import { Command } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '../api/client.js';
import { createDeployment } from '../deployment/create.js';
import { type Layout, layoutOf } from '../deployment/layout.js';
import { awaitClients, type DemoContext, huntProcesses } from '../demo/first-hunt.js';
import { showProcesses, showRecruitment } from '../demo/show.js';
import { duration, instant } from '../output/human.js';
import { Parts } from '../services/parts.js';
import { noteRunning } from '../services/running.js';
import { stopAsked, untilStopped } from '../services/signals.js';
import { requirePort, type Stack, startStack } from '../services/stack.js';
import type { Terminal } from '../terminal.js';
import { wholeNumber } from './options.js';

interface DemoOptions {
  exit?: boolean;
  keep?: boolean;
  agents: number;
  port: number;
}

/** Agents of a demo poll quickly. */
const POLL = { pollMin: 1, pollMax: 2 } as const;
const TOKEN_DAYS = 1;

const startDemo = async (
  options: DemoOptions,
  layout: Layout,
  parts: Parts,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ stack: Stack; context: DemoContext; bucketUrl: string; token: { text: string; until: Date } }> => {
  const say = (text: string): void => terminal.progress(text);
  const deployment = await createDeployment(layout, { ...POLL, now: new Date() });
  const stack = await startStack({
    ...{ layout, deployment, parts, say, signal, worker: true, tokenDays: TOKEN_DAYS, fast: true },
    ...{ port: options.port, agents: options.agents, temporary: options.keep !== true },
  });
  const { api, databases, agents, newToken } = stack;
  if (newToken === undefined) throw new Error('a new deployment had a token already');
  await noteRunning(layout, { pid: process.pid, api, databaseUrl: databases.url, migrateUrl: databases.migrateUrl });
  for (const agent of agents)
    say(`agent ${String(agent.number)}: process ${String(agent.pid)}, client ${agent.clientId}`);
  return {
    stack,
    context: { api: new ApiClient(api, newToken.token), agents, terminal, signal },
    bucketUrl: `${deployment.endpoint}/${deployment.bucket}`,
    token: { text: newToken.token, until: newToken.expiresAt },
  };
};

const demo = (options: DemoOptions, terminal: Terminal): Promise<void> =>
  untilStopped(async (signal) => {
    await requirePort(options.port);
    const began = performance.now();
    const layout = layoutOf(await mkdtemp(join(tmpdir(), 'rekall-demo-')));
    const parts = new Parts();
    const show = async (): Promise<void> => {
      const { context, stack, bucketUrl, token } = await startDemo(options, layout, parts, terminal, signal);
      await awaitClients(context);
      const hunt = await huntProcesses(context);
      terminal.out(`${hunt.stats.progress}, ${hunt.stats.rows} rows`);
      await showRecruitment(context, hunt);
      await showProcesses(context, hunt);
      terminal.out(
        [
          '',
          `API     ${stack.api}/api/v1 (OpenAPI: ${stack.api}/api/v1/openapi.json)`,
          `GraphQL ${stack.api}/graphql (in a browser: the playground; sign in with the token)`,
          `bucket  ${bucketUrl} (files in ${layout.store})`,
          `token   ${token.text} (an administrator's until ${instant(token.until)}; on this machine only)`,
          `try     curl -H 'Authorization: Bearer ${token.text}' ${stack.api}/api/v1/hunts/${hunt.hunt_id}`,
          `        npm run rekall -- hunt results ${hunt.hunt_id} --dir ${layout.dir}`,
          `\nthe demo took ${duration((performance.now() - began) / 1000)}`,
        ].join('\n'),
      );
      if (options.exit === true) return;
      terminal.out('still serving; Ctrl-C ends it');
      await stopAsked(signal);
      terminal.progress('stopping');
    };
    try {
      await Promise.race([parts.died, show()]);
    } finally {
      await parts.stop();
      if (options.keep === true) terminal.progress(`kept: ${layout.dir} (again: rekall up --dir ${layout.dir})`);
      else await rm(layout.dir, { recursive: true, force: true });
    }
  });

/** `rekall demo`. */
export const demoCommand = (terminal: Terminal): Command =>
  new Command('demo')
    .description(
      'everything on this machine, in a folder of its own: store, database, API, worker, agents, a first hunt',
    )
    .option('--exit', 'end after the hunt; exit code 1 when an agent did not deliver')
    .option('--keep', 'keep the folder')
    .option('--agents <n>', 'how many agents', wholeNumber(1, 50), 5)
    .option('--port <port>', 'of the API, on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65_535), 0)
    .addHelpText(
      'after',
      `
Examples:
  rekall demo
  rekall demo --exit
  rekall demo --agents 10 --keep --port 8080

Everything listens on 127.0.0.1 only. The folder is removed at the end unless --keep.`,
    )
    .action((options: DemoOptions) => demo(options, terminal));
