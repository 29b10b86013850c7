import { Command } from 'commander';
import { z } from 'zod';
import { needDeployment } from '../deployment/deployment.js';
import { layoutOf } from '../deployment/layout.js';
import { usage } from '../errors.js';
import { safeJson } from '../output/escape.js';
import { workerOnce } from '../services/admin.js';
import { openBacking } from '../services/backing.js';
import { workerEnvironment } from '../services/environment.js';
import { Parts } from '../services/parts.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_DIR } from './options.js';

interface WorkerOptions {
  dir: string;
  once?: boolean;
}

const pass = async (options: WorkerOptions, terminal: Terminal): Promise<void> => {
  if (options.once !== true) throw usage('give --once; the worker that goes on is a part of rekall up');
  const layout = layoutOf(options.dir);
  const deployment = await needDeployment(layout);
  const parts = new Parts();
  try {
    const say = (text: string): void => terminal.progress(text);
    const { databases } = await openBacking({ layout, deployment, parts, say, store: true });
    say('publishing and taking in what there is');
    terminal.out(safeJson(await workerOnce(await workerEnvironment(layout, databases), z.looseObject({})), 0));
  } finally {
    await parts.stop();
  }
};

/** `rekall worker`. */
export const workerCommand = (terminal: Terminal): Command =>
  new Command('worker')
    .description('one pass of the worker: publishes what is due, takes in the tickets that are there')
    .option('--once', 'one pass, then the end')
    .option('--dir <dir>', 'the deployment’s folder', DEFAULT_DIR)
    .addHelpText('after', '\nExamples:\n  rekall worker --once --dir /srv/rekall')
    .action((options: WorkerOptions) => pass(options, terminal));
