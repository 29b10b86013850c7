import type { Command } from 'commander';
import { Client } from '../../api/models.js';
import { listItems } from '../../api/pages.js';
import { instant } from '../../output/human.js';
import { type Column, printList } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { listCommand, type ListOptions, withApi } from '../api-command.js';

const COLUMNS: readonly Column<Client>[] = [
  { head: 'client', of: (c) => c.client_id },
  { head: 'hostname', of: (c) => c.hostname },
  { head: 'system', of: (c) => `${c.system} ${c.os_release}` },
  { head: 'agent', of: (c) => c.agent_version },
  { head: 'labels', of: (c) => c.labels.join(' ') },
  { head: 'claims', of: (c) => c.claimed_labels.join(' ') },
  { head: 'last seen', of: (c) => c.last_seen_at, human: (at) => instant(String(at)) },
];

type ClientListOptions = ListOptions & { hostname?: string; label?: string; claim?: string };

/** `rekall client list`. */
export const clientListCommand = (terminal: Terminal): Command =>
  listCommand('list', 'clients', ['rekall client list', 'rekall client list --label web --csv'])
    .option('--hostname <start>', 'host names that begin so')
    .option('--label <label>', 'with this label, set by people')
    .option('--claim <label>', 'that claim this label')
    .action((options: ClientListOptions) =>
      withApi(options, async (api) => {
        const { hostname, label, claim, limit } = options;
        const { items, more } = await listItems(api, '/clients', { hostname, label, claim }, Client, limit);
        printList(terminal, options, COLUMNS, items);
        if (more) terminal.progress(`there are more: --limit ${String(limit * 10)}`);
      }),
    );
