import { type Command, Option } from 'commander';
import { Hunt } from '../../api/models.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { huntId } from '../ids.js';
import { showHunt } from './show.js';

type StopOptions = ApiOptions & { running: string; reason?: string };

/** `rekall hunt stop`. */
export const huntStopCommand = (terminal: Terminal): Command =>
  apiCommand('stop', 'ends a hunt: no further client takes part', [
    'rekall hunt stop H_0123456789abcdef --reason "wrong label"',
    'rekall hunt stop H_0123456789abcdef --running finish',
  ])
    .argument('<hunt>', 'its id', huntId)
    .addOption(
      new Option('--running <what>', 'what becomes of clients that run it now')
        .choices(['cancel', 'finish'])
        .default('cancel'),
    )
    .option('--reason <text>', 'for people, and for the log')
    .action((id: string, options: StopOptions) =>
      withApi(options, async (api) => {
        const body = { running: options.running, reason: options.reason };
        showHunt(terminal, options, await api.post(`/hunts/${id}/stop`, body, Hunt));
      }),
    );
