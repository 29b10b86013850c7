import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CollectionResult, FILES_COLLECTION, type FileResult, keys, randomHex32 } from '#wire';
import type { Spool } from '../spool/spool.js';
import { AGENT_VERSION } from '../version.js';

/** What a final ticket says of an attempt's results. */
export interface TicketContents {
  collections: CollectionResult[];
  files: FileResult[];
  files_collection?: CollectionResult;
}

/** More files, or longer names, go into a collection of their own. */
const MAX_FILES = 500;
const MAX_FILES_TEXT = 100 * 1024;

export interface ContentsOf {
  flowId: string;
  attempt: number;
  digest: string;
}

export interface ContentsDeps {
  clientId: string;
  spool: Spool;
  workDir: string;
  now: () => Date;
}

const filesCollection = async (
  files: readonly FileResult[],
  of: ContentsOf,
  deps: ContentsDeps,
): Promise<CollectionResult> => {
  // SQLite is a flow's affair, and needed here for this alone.
  const { createCollection, gzipFile } = await import('#collections');
  const dir = join(deps.workDir, `${of.flowId}-${of.attempt}-files`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { mode: 0o700 });
  try {
    const path = join(dir, 'files.sqlite');
    const writer = createCollection(path, FILES_COLLECTION, {
      client_id: deps.clientId,
      flow_id: of.flowId,
      attempt: of.attempt,
      spec_digest: of.digest,
      created_at: deps.now().toISOString(),
      agent_version: AGENT_VERSION,
    });
    for (const file of files) writer.insert('files', { ...file, path_bytes: Buffer.from(file.path_bytes, 'base64') });
    const { rows } = writer.finish(deps.now().toISOString());
    const packed = await gzipFile(path, `${path}.gz`);
    const result: CollectionResult = {
      key: keys.analysis(of.flowId, deps.clientId, FILES_COLLECTION.name, randomHex32()),
      name: FILES_COLLECTION.name,
      rows: { ...rows },
      dropped_columns: [],
      null_coerced: 0,
      stored_bytes: packed.storedBytes,
      stored_sha256: packed.storedSha256,
      content_bytes: packed.contentBytes,
      content_sha256: packed.contentSha256,
    };
    await deps.spool.addFile(
      {
        kind: 'result',
        key: result.key,
        content_type: 'application/gzip',
        flow: { flow_id: of.flowId, attempt: of.attempt },
        files_collection: result,
      },
      `${path}.gz`,
    );
    return result;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

/** What is in the spool of an attempt, as its final ticket names it; many files become one more collection. */
export const ticketContents = async (of: ContentsOf, deps: ContentsDeps): Promise<TicketContents> => {
  const items = deps.spool.itemsOf(of.flowId, of.attempt);
  const collections = items.flatMap((i) => (i.collection === undefined ? [] : [i.collection]));
  const files = items.flatMap((i) => (i.file === undefined ? [] : [i.file]));
  const listed = items.find((i) => i.files_collection !== undefined)?.files_collection;
  if (listed !== undefined) return { collections, files: [], files_collection: listed };
  if (files.length <= MAX_FILES && JSON.stringify(files).length <= MAX_FILES_TEXT) return { collections, files };
  return { collections, files: [], files_collection: await filesCollection(files, of, deps) };
};
