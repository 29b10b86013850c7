import type { Command } from 'commander';
import { HuntClient } from '../../api/models.js';
import { listItems } from '../../api/pages.js';
import { bytes, instant } from '../../output/human.js';
import type { Cell } from '../../output/cell.js';
import { type Column, printList } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { listCommand, type ListOptions, withApi } from '../api-command.js';
import { huntId } from '../ids.js';

const time = (at: Cell): string => (at === null ? '-' : instant(String(at)));

const COLUMNS: readonly Column<HuntClient>[] = [
  { head: 'client', of: (c) => c.client_id },
  { head: 'hostname', of: (c) => c.hostname },
  { head: 'state', of: (c) => c.state },
  { head: 'started', of: (c) => c.started_at, human: time },
  { head: 'finished', of: (c) => c.finished_at, human: time },
  { head: 'rows', of: (c) => c.rows, right: true },
  { head: 'bytes', of: (c) => c.bytes, human: (count) => bytes(String(count)), right: true },
  { head: 'error', of: (c) => c.error },
];

/** `rekall hunt clients`. */
export const huntClientsCommand = (terminal: Terminal): Command =>
  listCommand('clients', 'what became of a hunt on each client', [
    'rekall hunt clients H_0123456789abcdef',
    'rekall hunt clients H_0123456789abcdef --state Error --json',
  ])
    .argument('<hunt>', 'its id', huntId)
    .option('--state <state>', 'only these: Started, Done, Error, Cancelled, Crashed, Rejected, Skipped')
    .action((id: string, options: ListOptions & { state?: string }) =>
      withApi(options, async (api) => {
        const query = { state: options.state };
        const { items, more } = await listItems(api, `/hunts/${id}/clients`, query, HuntClient, options.limit);
        printList(terminal, options, COLUMNS, items);
        if (more) terminal.progress(`there are more: --limit ${String(options.limit * 10)}`);
      }),
    );
