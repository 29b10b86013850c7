import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createCollection, gzipFile } from '#collections';
import { randomHex32 } from '#wire';
import { OverLimit, type Output } from '../actions/action.js';
import { bytesOf } from '../files/raw-path.js';
import type { FlowEvent, FlowJob } from './flow-job.js';
import type { LargeFile } from './large-file.js';

/** Bytes and clock are looked at once in so many rows. */
const LOOK_EVERY = 500;
const TELL_EVERY_MS = 250;

/** Where results of a flow go, and what remains to be sent in parts. */
export interface FlowOutput extends Output {
  readonly largeFiles: readonly LargeFile[];
}

/** Writes the results of one flow into its work folder, counting rows and bytes against its quota. */
export const createOutput = (job: FlowJob, tell: (event: FlowEvent) => void, signal?: AbortSignal): FlowOutput => {
  let rows = 0;
  let files = 0;
  /** Collections before compression, files after it. */
  let finishedBytes = 0;
  let toldAt = performance.now();
  const largeFiles: LargeFile[] = [];

  const checkBytes = (bytes: number): void => {
    if (bytes > job.quota.bytes) throw new OverLimit('bytes', job.quota.bytes, bytes);
  };

  const progress = (bytes: number): void => tell({ kind: 'progress', rows, bytes });

  const count = (bytes: () => number): void => {
    rows += 1;
    if (rows > job.quota.rows) throw new OverLimit('rows', job.quota.rows, rows);
    if (rows % LOOK_EVERY !== 0) return;
    signal?.throwIfAborted();
    const total = finishedBytes + bytes();
    checkBytes(total);
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    progress(total);
  };

  return {
    largeFiles,
    check: () => signal?.throwIfAborted(),
    newFile() {
      const name = `${files++}.file.gz`;
      return { name, path: join(job.work_dir, name) };
    },
    file(file) {
      finishedBytes += file.stored_bytes;
      checkBytes(finishedBytes);
      progress(finishedBytes);
      tell({ kind: 'file', file });
    },
    largeFile(path) {
      largeFiles.push({ path_base64: bytesOf(path).toString('base64'), nonce: randomHex32(), parts: [] });
    },
    async collection(spec, note, fill) {
      const name = `${files++}.sqlite`;
      const path = join(job.work_dir, name);
      const writer = createCollection(path, spec, {
        client_id: job.agent.client_id,
        flow_id: job.flow_id,
        attempt: job.attempt,
        spec_digest: job.spec_digest,
        query: note.query ?? '',
        created_at: new Date().toISOString(),
        agent_version: job.agent.agent_version,
      });
      try {
        await fill({
          insert(table, row) {
            count(() => writer.bytes());
            writer.insert(table, row);
          },
        });
      } catch (error) {
        progress(finishedBytes + writer.bytes());
        writer.abort();
        throw error;
      }
      const summary = writer.finish(new Date().toISOString());
      progress(finishedBytes + writer.bytes());
      const file = await gzipFile(path, `${path}.gz`);
      await rm(path);
      finishedBytes += file.contentBytes;
      progress(finishedBytes);
      checkBytes(finishedBytes);
      tell({
        kind: 'collection',
        collection: {
          name: spec.name,
          file: `${name}.gz`,
          rows: { ...summary.rows },
          dropped_columns: [...summary.droppedColumns],
          null_coerced: summary.nullCoerced,
          stored_bytes: file.storedBytes,
          stored_sha256: file.storedSha256,
          content_bytes: file.contentBytes,
          content_sha256: file.contentSha256,
          ...(note.listing === undefined ? {} : { listing_base64: bytesOf(note.listing).toString('base64') }),
        },
      });
    },
  };
};
