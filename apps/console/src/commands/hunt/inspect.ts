import type { Command } from 'commander';
import { getHunt } from '../../api/wait.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { huntId } from '../ids.js';
import { showHunt } from './show.js';

/** `rekall hunt inspect`. */
export const huntInspectCommand = (terminal: Terminal): Command =>
  apiCommand('inspect', 'one hunt and its counts', ['rekall hunt inspect H_0123456789abcdef'])
    .argument('<hunt>', 'its id', huntId)
    .action((id: string, options: ApiOptions) =>
      withApi(options, async (api) => showHunt(terminal, options, await getHunt(api, id))),
    );
