import type { Stats } from 'node:fs';
import { PART_BYTES } from '#wire';
import { codeOf } from '../errors.js';
import type { FileTests } from '../files/conditions.js';
import type { Hit } from '../files/glob-walk.js';
import { hashesOf } from '../files/hashes.js';
import { NotReadable, withRegular } from '../files/open-regular.js';
import type { Problems } from '../files/problems.js';
import { bytesOf } from '../files/raw-path.js';
import { exactIno, statRow } from '../files/stat-entry.js';
import { type PackedFile, packFile } from '../files/upload.js';
import type { CollectionOutput, Output } from './action.js';

/** What is to be done about each file that is found. */
export interface FoundPlan {
  what: 'stat' | 'hash' | 'upload';
  /** Larger files are not read. */
  maxFileBytes: number | undefined;
}

interface Done {
  sha256?: string;
  uploaded?: boolean;
  note?: string;
}

/** What the system or we say against reading a file: never a reason to end the flow. */
const reasonOf = (error: unknown): string => {
  if (error instanceof NotReadable) return error.message;
  const code = codeOf(error);
  if (code === undefined || code === 'ENOSPC' || code === 'EDQUOT') throw error;
  return code;
};

const CHANGED = 'written to while it was read';

const upload = async (hit: Hit, output: Output): Promise<Done> => {
  if (hit.stats.size > PART_BYTES) {
    output.largeFile(hit.path);
    return { uploaded: true, note: 'in parts' };
  }
  const { name, path } = output.newFile();
  const packed: PackedFile = await packFile(hit.path, hit.stats, path);
  output.file({
    file: name,
    path_base64: bytesOf(hit.path).toString('base64'),
    stored_bytes: packed.stored.bytes,
    stored_sha256: packed.stored.sha256,
    content_bytes: packed.content.bytes,
    content_sha256: packed.content.sha256,
  });
  return { sha256: packed.content.sha256, uploaded: true, ...(packed.changed ? { note: CHANGED } : {}) };
};

const hash = (hit: Hit): Done => {
  const { sha256 } = withRegular(hit.path, hit.stats, (file) => hashesOf(file, ['sha256']));
  return sha256 === undefined ? {} : { sha256 };
};

const tooLarge = (stats: Stats, { what, maxFileBytes }: FoundPlan): boolean =>
  what !== 'stat' && maxFileBytes !== undefined && stats.size > maxFileBytes;

const perform = async (hit: Hit, plan: FoundPlan, output: Output, problems: Problems): Promise<Done> => {
  if (plan.what === 'stat' || !hit.stats.isFile()) return {};
  if (tooLarge(hit.stats, plan)) return { note: `larger than ${plan.maxFileBytes} bytes: not read` };
  try {
    return plan.what === 'hash' ? hash(hit) : await upload(hit, output);
  } catch (error) {
    const note = reasonOf(error);
    problems.note(hit.path, note);
    return { note };
  }
};

const contentHolds = (hit: Hit, tests: FileTests, problems: Problems): boolean => {
  if (tests.content === undefined) return true;
  try {
    return withRegular(hit.path, hit.stats, tests.content);
  } catch (error) {
    problems.note(hit.path, reasonOf(error));
    return false;
  }
};

/** Tests what was found, does what is asked for, writes a row for each that passed. */
export const takeFound = async (
  hits: Iterable<Hit>,
  tests: FileTests,
  plan: FoundPlan,
  into: { output: Output; rows: CollectionOutput; problems: Problems },
): Promise<void> => {
  const { output, rows, problems } = into;
  for (const hit of hits) {
    if (!tests.stat(hit.stats) || !contentHolds(hit, tests, problems)) continue;
    output.check();
    // Only what is uploaded is waited for: a turn of the event loop for each of millions would take minutes.
    const done = plan.what === 'stat' ? {} : await perform(hit, plan, output, problems);
    rows.insert('entries', { ...statRow(hit.dir, hit.name, hit.stats, exactIno(hit.path, hit.stats)), ...done });
  }
};
