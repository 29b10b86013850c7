import type { Command } from 'commander';
import { Flow } from '../../api/models.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { flowId } from '../ids.js';
import { showFlow } from './show.js';

/** `rekall flow cancel`. */
export const flowCancelCommand = (terminal: Terminal): Command =>
  apiCommand('cancel', 'takes a task back: not started if the client has not, stopped if it runs', [
    'rekall flow cancel F_0123456789abcdef',
  ])
    .argument('<flow>', 'its id', flowId)
    .action((id: string, options: ApiOptions) =>
      withApi(options, async (api) => showFlow(terminal, options, await api.post(`/flows/${id}/cancel`, {}, Flow))),
    );
