import type { Command } from 'commander';
import { CollectedFile } from '../../api/models.js';
import { listItems } from '../../api/pages.js';
import { bytes, instant } from '../../output/human.js';
import { type Column, printList } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { listCommand, type ListOptions, withApi } from '../api-command.js';
import { clientId } from '../ids.js';
import type { FilesOf } from './of.js';

const COLUMNS: readonly Column<CollectedFile>[] = [
  { head: 'file', of: (f) => f.file_id },
  { head: 'client', of: (f) => f.client_id },
  { head: 'size', of: (f) => f.content_bytes, human: (size) => bytes(Number(size)), right: true },
  { head: 'reported', of: (f) => f.reported_at, human: (at) => instant(String(at)) },
  { head: 'path', of: (f) => f.path },
];

/** `rekall flow files` and `rekall hunt files`. */
export const filesCommand = (of: FilesOf, terminal: Terminal): Command =>
  listCommand('files', `files that a ${of.kind} has uploaded`, [`rekall ${of.kind} files ${of.example}`])
    .argument(`<${of.kind}>`, `the ${of.kind}`, of.id)
    .option('--client <client>', 'of this client only', clientId)
    .action((id: string, options: ListOptions & { client?: string }) =>
      withApi(options, async (api) => {
        const query = { flow_id: id, client_id: options.client };
        const { items, more } = await listItems(api, '/files', query, CollectedFile, options.limit);
        printList(terminal, options, COLUMNS, items);
        if (more) terminal.progress(`there are more: --limit ${String(options.limit * 10)}`);
      }),
    );
