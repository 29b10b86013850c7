import { Command } from 'commander';
import { z } from 'zod';
import { needDeployment } from '../deployment/deployment.js';
import { layoutOf } from '../deployment/layout.js';
import { CommandError } from '../errors.js';
import { instant } from '../output/human.js';
import { printObject } from '../output/print.js';
import { adminCommand } from '../services/admin.js';
import { openBacking } from '../services/backing.js';
import { adminEnvironment } from '../services/environment.js';
import { Parts } from '../services/parts.js';
import { migrate, provision } from '../services/provision.js';
import { findRunning } from '../services/running.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_DIR, wholeNumber } from './options.js';

interface RebuildOptions {
  dir: string;
  json?: boolean;
  tokenDays: number;
}

const Rebuilt = z.looseObject({ rebuilt: z.record(z.string(), z.unknown()) });

const rebuild = async ({ dir, json, tokenDays }: RebuildOptions, terminal: Terminal): Promise<void> => {
  const layout = layoutOf(dir);
  const deployment = await needDeployment(layout);
  const other = await findRunning(layout);
  if (other !== undefined)
    throw new CommandError(`${layout.dir} is running (process ${String(other.pid)}): stop it first, then rebuild`);
  const parts = new Parts();
  try {
    const say = (text: string): void => terminal.progress(text);
    const { databases } = await openBacking({ layout, deployment, parts, say, store: true });
    const env = await adminEnvironment(layout, databases);
    await migrate(env);
    say('reading the bucket');
    const { rebuilt } = await adminCommand(['rebuild'], env, Rebuilt);
    const counts = Object.entries(rebuilt).map(([name, value]) => [name.replaceAll('_', ' '), asText(value)] as const);
    printObject(terminal, { json }, counts, rebuilt);
    const { token, expiresAt } = await provision(layout, env, tokenDays);
    say(`people are not rebuilt from the bucket; a new administrator's token until ${instant(expiresAt)}: ${token}`);
  } finally {
    await parts.stop();
  }
};

const asText = (value: unknown): string | number =>
  typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);

/** `rekall rebuild`. */
export const rebuildCommand = (terminal: Terminal): Command =>
  new Command('rebuild')
    .description('fills an empty database from the bucket: clients, flows, hunts, states, collections')
    .option('--dir <dir>', 'the deployment’s folder; it must not be running', DEFAULT_DIR)
    .option('--json', 'print the counts as JSON')
    .option('--token-days <days>', 'how long the new token is valid', wholeNumber(1, 3_650), 90)
    .addHelpText('after', '\nExamples:\n  rekall rebuild --dir /srv/rekall')
    .action((options: RebuildOptions) => rebuild(options, terminal));
