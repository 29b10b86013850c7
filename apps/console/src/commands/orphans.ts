import type { Command } from 'commander';
import { Orphan } from '../api/models.js';
import { listItems } from '../api/pages.js';
import { bytes, instant } from '../output/human.js';
import { type Column, printList } from '../output/print.js';
import type { Terminal } from '../terminal.js';
import { listCommand, type ListOptions, withApi } from './api-command.js';
import { clientId } from './ids.js';

const COLUMNS: readonly Column<Orphan>[] = [
  { head: 'first seen', of: (o) => o.first_seen_at, human: (at) => instant(String(at)) },
  { head: 'size', of: (o) => o.bytes, human: (size) => bytes(Number(size)), right: true },
  { head: 'client', of: (o) => o.client_id },
  { head: 'key', of: (o) => o.key },
];

/** `rekall bucket orphans`. */
export const orphansCommand = (terminal: Terminal): Command =>
  listCommand('orphans', 'objects that nothing names any more: each is removed a week after it was first seen', [
    'rekall bucket orphans --client C.0123456789abcdef',
  ])
    .option('--client <client>', 'with this client in the key', clientId)
    .action((options: ListOptions & { client?: string }) =>
      withApi(options, async (api) => {
        const query = { client_id: options.client };
        const { items, more } = await listItems(api, '/uploads/orphans', query, Orphan, options.limit);
        printList(terminal, options, COLUMNS, items);
        if (more) terminal.progress(`there are more: --limit ${String(options.limit * 10)}`);
      }),
    );
