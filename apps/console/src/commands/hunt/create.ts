import type { Command } from 'commander';
import type { ApiClient } from '../../api/client.js';
import { Hunt } from '../../api/models.js';
import { finished, getHunt, isOver, watch } from '../../api/wait.js';
import { CommandError } from '../../errors.js';
import { showProgress } from '../../output/progress.js';
import { untilStopped } from '../../services/signals.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { labels } from '../ids.js';
import { launchHeaders, launchInput, type LaunchOptions, withLaunchOptions } from '../launch-options.js';
import { wholeNumber } from '../options.js';
import { showHunt } from './show.js';

interface CreateOptions extends ApiOptions, LaunchOptions {
  label: string[];
  limit?: number;
  wait?: boolean;
  timeout: number;
}

const waitFor = (api: ApiClient, huntId: string, timeout: number, terminal: Terminal): Promise<Hunt> =>
  untilStopped(async (signal) => {
    const bar = showProgress(terminal, 'hunt');
    const hunt = await watch({
      look: () => getHunt(api, huntId),
      seen: (seen) => bar.update(finished(seen), seen.stats.expected, seen.stats.progress),
      enough: isOver,
      withinMs: timeout * 1_000,
      signal,
    }).finally(() => bar.end());
    if (hunt !== undefined) return hunt;
    throw new CommandError(
      `${huntId} is not complete after ${String(timeout)} s; it goes on: rekall hunt inspect ${huntId}`,
    );
  });

const create = (options: CreateOptions, terminal: Terminal): Promise<void> =>
  withApi(options, async (api) => {
    const body = { ...launchInput(options), labels: options.label, limit: options.limit };
    const posted = await api.post('/hunts', body, Hunt, launchHeaders(options));
    if (options.wait !== true) {
      showHunt(terminal, options, posted);
      return;
    }
    terminal.progress(`hunt ${posted.hunt_id}`);
    showHunt(terminal, options, await waitFor(api, posted.hunt_id, options.timeout, terminal));
  });

/** `rekall hunt create`. */
export const huntCreateCommand = (terminal: Terminal): Command =>
  withLaunchOptions(
    apiCommand('create', 'starts a hunt', [
      'rekall hunt create --type ListProcesses --label All --wait',
      'rekall hunt create --type Collect --label web --collection shells \\',
      '  --query "select Name as name, pid from pslist() where Name =~ \'sh$\'" --column name:unicode --column pid:int',
      "rekall hunt create --type FileFinder --label All --glob '/**10/*.so' --do hash \\",
      `  --file-condition '{"type":"ModificationTime","min":1760000000}'`,
      "rekall hunt create --label All --condition \"any agent_info() where key == 'system' and value == 'Linux'\"",
    ]),
  )
    .requiredOption('--label <label>', 'clients with this label, All for every one; repeat it', labels)
    .option('--limit <n>', 'at most about so many of the clients', wholeNumber(1, 10_000_000))
    .option('--wait', 'wait until every client has answered')
    .option('--timeout <seconds>', 'with --wait: at most so long', wholeNumber(1, 604_800), 600)
    .action((options: CreateOptions) => create(options, terminal));
