import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import type { ApiClient } from '../api/client.js';
import { Collection, ObjectLink } from '../api/models.js';
import { CommandError } from '../errors.js';
import { bytes } from '../output/human.js';
import { reasonOf } from '../services/check.js';
import type { Terminal } from '../terminal.js';
import { collectionOfKey } from '../view/collection-of-key.js';
import { render } from '../view/render.js';
import { listCommand, withApi } from './api-command.js';
import { type RowsOptions, showRows, withRowsOptions } from './rows-options.js';

/** The largest file that is shown. */
const MAX_SHOWN = 64 * 1024 * 1024;
const COLLECTION_ID = /^CL_[0-9a-f]{16}$/;

type ViewOptions = RowsOptions & { output?: string };

const download = async (url: string, size: number, key: string): Promise<Buffer> => {
  if (size > MAX_SHOWN) throw new CommandError(`${key} has ${bytes(size)}: save it with --output FILE`);
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new CommandError(`cannot read ${key} from the store: ${reasonOf(error)}`, 1, { cause: error });
  }
  if (!response.ok) throw new CommandError(`cannot read ${key}: the store answered ${String(response.status)}`);
  return Buffer.from(await response.arrayBuffer());
};

const viewFile = async (api: ApiClient, key: string, terminal: Terminal): Promise<void> => {
  const link = await api.get('/bucket/object', { key }, ObjectLink);
  const stored = await download(link.url, link.size, key);
  try {
    const { text, notes } = render(stored);
    for (const note of notes) terminal.progress(note);
    terminal.out(text);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error; // zlib: damaged, or larger than we unpack
    throw new CommandError(`${key} cannot be unpacked: ${error.message}; its bytes: --output FILE`, 1, {
      cause: error,
    });
  }
};

const viewCollection = async (
  api: ApiClient,
  collection: Collection,
  options: RowsOptions,
  terminal: Terminal,
): Promise<void> => {
  const { collection_id: id, name, client_id, flow_id, rows, stored_bytes } = collection;
  terminal.progress(`collection ${id}: ${name} of ${client_id}, ${flow_id}: ${rows} rows, ${bytes(stored_bytes)}`);
  await showRows(api, `/collections/${id}/rows`, {}, options, terminal);
};

const save = async (api: ApiClient, key: string, file: string, terminal: Terminal): Promise<void> => {
  const link = await api.get('/bucket/object', { key }, ObjectLink);
  const response = await fetch(link.url);
  if (!response.ok || response.body === null)
    throw new CommandError(`cannot read ${key}: the store answered ${String(response.status)}`);
  try {
    await writeFile(file, response.body, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new CommandError(`cannot write ${file}: ${reasonOf(error)}`, 1, { cause: error });
  }
  terminal.progress(`${file}: ${bytes(link.size)}`);
};

const view = (what: string, options: ViewOptions, terminal: Terminal): Promise<void> =>
  withApi(options, async (api) => {
    if (COLLECTION_ID.test(what)) {
      const collection = await api.get(`/collections/${what}`, {}, Collection);
      await (options.output === undefined
        ? viewCollection(api, collection, options, terminal)
        : save(api, collection.key, options.output, terminal));
      return;
    }
    if (options.output !== undefined) {
      await save(api, what, options.output, terminal);
      return;
    }
    const collection = what.endsWith('.sqlite.gz') ? await collectionOfKey(api, what) : undefined;
    await (collection === undefined
      ? viewFile(api, what, terminal)
      : viewCollection(api, collection, options, terminal));
  });

/** `rekall view`. */
export const viewCommand = (terminal: Terminal): Command =>
  withRowsOptions(
    listCommand(
      'view',
      'a file of the bucket for people: JSON and signed files unfolded, collections as rows, else a dump',
      [
        'rekall view tickets/Startup/C.0123456789abcdef/00112233445566778899aabbccddeeff-0.json',
        'rekall view flows/H_0123456789abcdef/1.json',
        "rekall view CL_0123456789abcdef --where 'pid == 1' --json",
        'rekall view CL_0123456789abcdef --output pslist.sqlite.gz',
      ],
    ),
  )
    .argument('<what>', 'a key of the bucket (rekall bucket ls), or the id of a collection')
    .option('--output <file>', 'save the stored bytes there instead; never overwrites')
    .action((what: string, options: ViewOptions) => view(what, options, terminal));
