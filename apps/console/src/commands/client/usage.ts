import type { Command } from 'commander';
import { ClientUsage } from '../../api/models.js';
import { listItems } from '../../api/pages.js';
import { bytes } from '../../output/human.js';
import { type Column, printList } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { listCommand, type ListOptions, withApi } from '../api-command.js';

const COLUMNS: readonly Column<ClientUsage>[] = [
  { head: 'client', of: (u) => u.client_id },
  { head: 'stored', of: (u) => u.bytes, human: (size) => bytes(Number(size)), right: true },
  { head: 'objects', of: (u) => u.objects, right: true },
];

/** `rekall client usage`. */
export const clientUsageCommand = (terminal: Terminal): Command =>
  listCommand('usage', 'what lies in the bucket under the ids of clients, most bytes first; looked up once an hour', [
    'rekall client usage --limit 20',
  ]).action((options: ListOptions) =>
    withApi(options, async (api) => {
      const { items, more } = await listItems(api, '/uploads/usage', {}, ClientUsage, options.limit);
      printList(terminal, options, COLUMNS, items);
      if (more) terminal.progress(`there are more: --limit ${String(options.limit * 10)}`);
    }),
  );
