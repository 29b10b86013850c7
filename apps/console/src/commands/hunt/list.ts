import type { Command } from 'commander';
import { HuntSummary } from '../../api/models.js';
import { listItems } from '../../api/pages.js';
import { instant } from '../../output/human.js';
import { type Column, printList } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { listCommand, type ListOptions, withApi } from '../api-command.js';

const COLUMNS: readonly Column<HuntSummary>[] = [
  { head: 'hunt', of: (h) => h.hunt_id },
  { head: 'state', of: (h) => h.state },
  { head: 'type', of: (h) => h.type },
  { head: 'labels', of: (h) => h.labels.join(' ') },
  { head: 'created', of: (h) => h.created_at, human: (at) => instant(String(at)) },
  { head: 'creator', of: (h) => h.creator },
  { head: 'description', of: (h) => h.description },
];

/** `rekall hunt list`. */
export const huntListCommand = (terminal: Terminal): Command =>
  listCommand('list', 'hunts, the newest first', ['rekall hunt list', 'rekall hunt list --limit 10 --json']).action(
    (options: ListOptions) =>
      withApi(options, async (api) => {
        const { items, more } = await listItems(api, '/hunts', {}, HuntSummary, options.limit);
        printList(terminal, options, COLUMNS, items);
        if (more) terminal.progress(`there are more: --limit ${String(options.limit * 10)}`);
      }),
  );
