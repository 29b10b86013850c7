import { Command } from 'commander';
import { createDeployment } from '../deployment/create.js';
import { findDeployment } from '../deployment/deployment.js';
import { layoutOf } from '../deployment/layout.js';
import { CommandError } from '../errors.js';
import { Parts } from '../services/parts.js';
import { findRunning, forgetRunning, noteRunning } from '../services/running.js';
import { stopAsked, untilStopped } from '../services/signals.js';
import { requirePort, startStack } from '../services/stack.js';
import { instant } from '../output/human.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_DIR, wholeNumber } from './options.js';

interface UpOptions {
  dir: string;
  port: number;
  agents: number;
  worker: boolean;
  tokenDays: number;
}

const up = (options: UpOptions, terminal: Terminal): Promise<void> =>
  untilStopped(async (signal) => {
    const layout = layoutOf(options.dir);
    const say = (text: string): void => terminal.progress(text);
    await requirePort(options.port);
    const other = await findRunning(layout);
    if (other !== undefined)
      throw new CommandError(
        `${layout.dir} is running already (process ${String(other.pid)}, ${other.api}); stop that one first`,
      );
    let deployment = await findDeployment(layout);
    if (deployment === undefined) {
      say(`making a deployment in ${layout.dir}`);
      deployment = await createDeployment(layout, { now: new Date() });
    }
    const parts = new Parts();
    try {
      const stack = await startStack({ ...options, layout, deployment, parts, say, signal });
      const { api, databases, agents, newToken } = stack;
      await noteRunning(layout, {
        pid: process.pid,
        api,
        databaseUrl: databases.url,
        migrateUrl: databases.migrateUrl,
      });
      terminal.out(`API       ${api}/api/v1 (OpenAPI: ${api}/api/v1/openapi.json)`);
      terminal.out(`GraphQL   ${api}/graphql (in a browser: the playground)`);
      terminal.out(`bucket    ${deployment.endpoint}/${deployment.bucket}`);
      for (const agent of agents)
        terminal.out(`agent ${String(agent.number)}   ${agent.clientId} (process ${String(agent.pid)})`);
      terminal.out(
        newToken === undefined
          ? `token     in ${layout.token}`
          : `token     ${newToken.token} (administrator until ${instant(newToken.expiresAt)}; also in ${layout.token})`,
      );
      terminal.out(`logs      ${layout.logs}`);
      terminal.out('running; Ctrl-C stops it');
      await Promise.race([parts.died, stopAsked(signal)]);
      say('stopping');
    } finally {
      await parts.stop();
      await forgetRunning(layout);
    }
    say('stopped');
  });

/** `rekall up`. */
export const upCommand = (terminal: Terminal): Command =>
  new Command('up')
    .description(
      'runs a deployment: API and worker, and PostgreSQL and file store where it has its own; Ctrl-C stops all',
    )
    .option('--dir <dir>', 'the deployment’s folder; made when there is none', DEFAULT_DIR)
    .option('--port <port>', 'of the API, on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65_535), 8080)
    .option('--agents <n>', 'agents of this machine to run as well', wholeNumber(0, 50), 0)
    .option('--no-worker', 'without the worker: nothing is published or taken in (see: rekall worker --once)')
    .option('--token-days <days>', 'how long the first token is valid, when one is made', wholeNumber(1, 3_650), 90)
    .addHelpText(
      'after',
      `
Examples:
  rekall up --dir /srv/rekall
  rekall up --dir /srv/rekall --agents 3 --port 9000`,
    )
    .action((options: UpOptions) => up(options, terminal));
