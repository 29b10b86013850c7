import type { Command } from 'commander';
import { Flow } from '../../api/models.js';
import { listItems } from '../../api/pages.js';
import { instant } from '../../output/human.js';
import { type Column, printList } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { listCommand, type ListOptions, withApi } from '../api-command.js';
import { clientId } from '../ids.js';

const COLUMNS: readonly Column<Flow>[] = [
  { head: 'flow', of: (f) => f.flow_id },
  { head: 'client', of: (f) => f.client_id },
  { head: 'state', of: (f) => f.shown_state },
  { head: 'type', of: (f) => f.type },
  { head: 'created', of: (f) => f.created_at, human: (at) => instant(String(at)) },
  { head: 'creator', of: (f) => f.creator },
  { head: 'description', of: (f) => f.description },
];

/** `rekall flow list`. */
export const flowListCommand = (terminal: Terminal): Command =>
  listCommand('list', 'flows, the newest first', ['rekall flow list --client C.0123456789abcdef'])
    .option('--client <client>', 'of this client only', clientId)
    .action((options: ListOptions & { client?: string }) =>
      withApi(options, async (api) => {
        const query = { client_id: options.client };
        const { items, more } = await listItems(api, '/flows', query, Flow, options.limit);
        printList(terminal, options, COLUMNS, items);
        if (more) terminal.progress(`there are more: --limit ${String(options.limit * 10)}`);
      }),
    );
