import type { Command } from 'commander';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ApiClient } from '../../api/client.js';
import { CollectedFile } from '../../api/models.js';
import { listItems } from '../../api/pages.js';
import { ApiError } from '../../api/problem.js';
import { CommandError } from '../../errors.js';
import { bytes } from '../../output/human.js';
import { type Column, printList } from '../../output/print.js';
import { reasonOf } from '../../services/check.js';
import type { Terminal } from '../../terminal.js';
import { listCommand, type ListOptions, withApi } from '../api-command.js';
import { clientId } from '../ids.js';
import type { FilesOf } from './of.js';

type Saved = CollectedFile & { saved_as: string };

const COLUMNS: readonly Column<Saved>[] = [
  { head: 'saved as', of: (f) => f.saved_as },
  { head: 'size', of: (f) => f.content_bytes, human: (size) => bytes(Number(size)), right: true },
  { head: 'client', of: (f) => f.client_id },
  { head: 'path', of: (f) => f.path },
];

const LONGEST = 100;

/** One file that cannot be had as it was reported: says nothing about the others. */
class NotAsReported extends CommandError {}

/** What the API says of such a file. */
const OF_THE_FILE = new Set<string | undefined>(['file/evidence-changed', 'file/malformed']);

const concernsOneFile = (error: unknown): error is CommandError =>
  error instanceof NotAsReported || (error instanceof ApiError && OF_THE_FILE.has(error.code));

const isOfTheDisk = (error: unknown): boolean => error instanceof Error && 'syscall' in error && 'path' in error;

/** A name of our own: a hostile machine says what its paths are. */
const localName = ({ file_id, path }: CollectedFile): string => {
  const last = path.split(/[\\/]/).findLast((part) => part !== '') ?? '';
  return `${file_id}-${last.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, LONGEST)}`;
};

/** Saves one file; it is there under its name only when its SHA-256 is the reported one. */
const save = async (api: ApiClient, file: CollectedFile, folder: string): Promise<Saved> => {
  const path = join(folder, localName(file));
  const unfinished = `${path}.part`;
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const source = Readable.fromWeb(await api.download(`/files/${file.file_id}/content`));
  try {
    await pipeline(source, hashed, createWriteStream(unfinished, { mode: 0o600 }));
    if (hash.digest('hex') !== file.content_sha256)
      throw new NotAsReported(`${file.file_id} (${file.path}): its SHA-256 is not the reported one`);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (error instanceof CommandError) throw error;
    if (isOfTheDisk(error))
      throw new CommandError(`${path} cannot be written: ${reasonOf(error)}`, 1, { cause: error });
    throw new NotAsReported(
      `${file.file_id} (${file.path}) was cut off: ${reasonOf(error)}; it is not what was reported, or the API has gone`,
      1,
      { cause: error },
    );
  }
  return { ...file, saved_as: path };
};

type DownloadOptions = ListOptions & { client?: string; to: string; file?: string };

const wanted = async (
  api: ApiClient,
  id: string,
  options: DownloadOptions,
): Promise<{ items: CollectedFile[]; more: boolean }> => {
  if (options.file === undefined) {
    const query = { flow_id: id, client_id: options.client };
    return listItems(api, '/files', query, CollectedFile, options.limit);
  }
  const file = await api.get(`/files/${encodeURIComponent(options.file)}`, {}, CollectedFile);
  if (file.flow_id !== id) throw new CommandError(`${file.file_id} is of ${file.flow_id}, not of ${id}`);
  return { items: [file], more: false };
};

/** `rekall flow download` and `rekall hunt download`. */
export const downloadCommand = (of: FilesOf, terminal: Terminal): Command =>
  listCommand(
    'download',
    `saves files that a ${of.kind} has uploaded, as they were on their machine`,
    [
      `rekall ${of.kind} download ${of.example} --to evidence`,
      `rekall ${of.kind} download ${of.example} --file FI_0123456789abcdef --to evidence`,
    ],
    1_000,
  )
    .argument(`<${of.kind}>`, `the ${of.kind}`, of.id)
    .requiredOption('--to <folder>', 'where they are saved, each as FILE_ID-NAME')
    .option('--file <file>', 'this one only')
    .option('--client <client>', 'of this client only', clientId)
    .action((id: string, options: DownloadOptions) =>
      withApi(options, async (api) => {
        const { items: files, more } = await wanted(api, id, options);
        await mkdir(options.to, { recursive: true, mode: 0o700 });
        const saved: Saved[] = [];
        let lacking = 0;
        for (const file of files) {
          try {
            saved.push(await save(api, file, options.to));
          } catch (error) {
            if (!concernsOneFile(error)) throw error;
            lacking += 1;
            terminal.progress(`${file.file_id} of ${file.client_id} is not saved: ${error.message}`);
          }
        }
        printList(terminal, options, COLUMNS, saved);
        if (more) terminal.progress(`there are more: --limit ${String(options.limit * 10)}`);
        if (lacking > 0) throw new CommandError(`${lacking} of ${files.length} files are not as they were reported`);
      }),
    );
