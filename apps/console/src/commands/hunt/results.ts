import type { Command } from 'commander';
import type { Terminal } from '../../terminal.js';
import { listCommand, withApi } from '../api-command.js';
import { huntId } from '../ids.js';
import { type RowsOptions, showRows, withRowsOptions } from '../rows-options.js';

/** `rekall hunt results`. */
export const huntResultsCommand = (terminal: Terminal): Command =>
  withRowsOptions(
    listCommand('results', 'the rows of all clients, merged', [
      'rekall hunt results H_0123456789abcdef',
      'rekall hunt results H_0123456789abcdef --where \'username == "root" and pid > 100\' --csv --limit 100000',
    ]),
  )
    .argument('<hunt>', 'its id', huntId)
    .option('--collection <name>', 'of several collections the one with this name')
    .action((id: string, options: RowsOptions & { collection?: string }) =>
      withApi(options, (api) =>
        showRows(api, `/hunts/${id}/rows`, { collection: options.collection }, options, terminal),
      ),
    );
