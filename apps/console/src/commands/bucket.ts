import { Command } from 'commander';
import type { z } from 'zod';
import { BucketList } from '../api/models.js';
import { bytes, instant } from '../output/human.js';
import { type Column, printList } from '../output/print.js';
import type { Terminal } from '../terminal.js';
import { listCommand, type ListOptions, withApi } from './api-command.js';
import { orphansCommand } from './orphans.js';

/** The largest page that the API gives. */
const LARGEST_PAGE = 1_000;

interface Entry {
  key: string;
  size: number | null;
  modified: string | null;
}

const COLUMNS: readonly Column<Entry>[] = [
  { head: 'modified', of: (e) => e.modified, human: (at) => (at === null ? '' : instant(String(at))) },
  { head: 'size', of: (e) => e.size, human: (size) => (size === null ? 'folder' : bytes(Number(size))), right: true },
  { head: 'key', of: (e) => e.key },
];

type LsOptions = ListOptions & { recursive?: boolean };

const ls = (prefix: string, options: LsOptions, terminal: Terminal): Promise<void> =>
  withApi(options, async (api) => {
    const entries: Entry[] = [];
    let startAfter: string | undefined;
    do {
      const query = {
        prefix,
        delimiter: options.recursive === true ? undefined : '/',
        start_after: startAfter,
        limit: Math.min(LARGEST_PAGE, options.limit - entries.length),
      };
      const page = await api.get('/bucket', query, BucketList);
      entries.push(
        ...page.prefixes.map((key) => ({ key, size: null, modified: null })),
        ...page.objects.map(({ key, size, last_modified }) => ({ key, size, modified: last_modified })),
      );
      startAfter = page.truncated ? lastOf(page) : undefined;
    } while (startAfter !== undefined && entries.length < options.limit);
    printList(terminal, options, COLUMNS, entries);
    if (startAfter !== undefined) terminal.progress(`there are more: --limit ${String(options.limit * 10)}`);
  });

/** Where the next page starts: behind the last key, and behind everything in the last folder. */
const lastOf = ({ objects, prefixes }: z.infer<typeof BucketList>): string => {
  const folder = prefixes.at(-1);
  const ends = [objects.at(-1)?.key ?? '', folder === undefined ? '' : `${folder}\u{10ffff}`];
  return ends.sort().at(-1) ?? '';
};

/** `rekall bucket`. */
export const bucketCommand = (terminal: Terminal): Command => {
  const bucket = new Command('bucket')
    .description('the files in the bucket')
    .addHelpText('after', '\nExamples:\n  rekall bucket ls tickets/\n  rekall view KEY');
  bucket.addCommand(
    listCommand(
      'ls',
      'what is in the bucket under a prefix',
      ['rekall bucket ls', 'rekall bucket ls hunts/ --recursive', 'rekall bucket ls tickets/ --recursive --json'],
      1_000,
    )
      .argument('[prefix]', 'how the keys begin', '')
      .option('-r, --recursive', 'all levels, not only this one')
      .action((prefix: string, options: LsOptions) => ls(prefix, options, terminal)),
  );
  bucket.addCommand(orphansCommand(terminal));
  return bucket;
};
