import { Command } from 'commander';
import { removePostgres } from '#embedded';
import { needDeployment } from '../deployment/deployment.js';
import { layoutOf } from '../deployment/layout.js';
import { removeDeploymentFiles } from '../deployment/remove.js';
import { CommandError } from '../errors.js';
import { processExists, readRunning } from '../services/running.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_DIR } from './options.js';

interface DestroyOptions {
  dir: string;
  deployment?: string;
}

const destroy = async (options: DestroyOptions, terminal: Terminal): Promise<void> => {
  const layout = layoutOf(options.dir);
  const { deployment, embeddedPostgres, embeddedStore } = await needDeployment(layout);
  const running = await readRunning(layout);
  if (running !== undefined && processExists(running.pid))
    // also one whose API does not answer
    throw new CommandError(
      `${layout.dir} is run by process ${String(running.pid)}: stop that rekall up first ` +
        `(where that process is another program, remove ${layout.running})`,
    );
  if (options.deployment !== deployment)
    throw new CommandError(
      `this removes all keys${embeddedStore ? ', all evidence' : ''} and all metadata of deployment ${deployment} for good; ` +
        `if you mean it: rekall destroy --dir ${layout.dir} --deployment ${deployment}`,
      2,
    );
  if (embeddedPostgres) await removePostgres(layout.postgres);
  const { linked, foreign } = await removeDeploymentFiles(layout);
  terminal.out(`deployment ${deployment} is gone${foreign.length === 0 ? ` with ${layout.dir}` : ''}`);
  for (const { path, target } of linked)
    terminal.out(`${path} was a link: what lies at ${target} is as it was, remove it by hand`);
  if (foreign.length > 0)
    terminal.out(`${layout.dir} is still there, with what is not the deployment’s: ${foreign.toSorted().join(', ')}`);
  if (!embeddedStore) terminal.out('its bucket is as it was: empty it at its store');
  if (!embeddedPostgres) terminal.out('its database is as it was: drop it at its server');
};

/** `rekall destroy`. */
export const destroyCommand = (terminal: Terminal): Command =>
  new Command('destroy')
    .description('removes a deployment of this machine: folder, keys, embedded store and database')
    .option('--dir <dir>', 'the deployment’s folder', DEFAULT_DIR)
    .option(
      '--deployment <id>',
      'its id, to say that you mean it; without it the command only says what it would remove',
    )
    .addHelpText(
      'after',
      `
Examples:
  rekall destroy --dir /srv/rekall                          says what would be removed, and how to go on
  rekall destroy --dir /srv/rekall --deployment 6f1c…

As root the embedded database lies outside the folder (/var/lib/rekall-agent): removing the folder by hand leaves it there.`,
    )
    .action((options: DestroyOptions) => destroy(options, terminal));
