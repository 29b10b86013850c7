import { z } from 'zod';
import { Hex32, Instant, Sha256 } from '#wire';

/** A file beyond this many bytes is sent in parts of so many. */
export const PART_BYTES = 64 * 1024 * 1024;

const bytes = z.int().nonnegative();

/** One part of a large file: what it holds of the file, and what is stored. */
const Part = z.object({ raw_bytes: bytes, raw_sha256: Sha256, stored_bytes: bytes, stored_sha256: Sha256 });

/** A part that is complete in the work folder. */
export const FinishedPart = Part.extend({
  number: z.int().nonnegative().max(99_999),
  /** A plain name in the work folder. */
  file: z.string().regex(/^[0-9]+\.part\.gz$/),
});
export type FinishedPart = z.infer<typeof FinishedPart>;

/** A large file on its way: enough to go on after a restart, and to see whether it is still the same file. */
export const LargeFile = z.object({
  path_base64: z.base64(),
  nonce: Hex32,
  /** In order; all of them are in the spool or delivered. */
  parts: z.array(Part),
});
export type LargeFile = z.infer<typeof LargeFile>;

const Times = z.object({ modified: Instant, changed: Instant });

/** What is known of a large file once all of it was read. */
export const LargeFileEnd = z.object({
  size: bytes,
  sha256: Sha256,
  before: Times,
  after: Times,
  changed_while_reading: z.boolean(),
});
export type LargeFileEnd = z.infer<typeof LargeFileEnd>;

/** `index.json` of a large file: comes last, so that what it names is there. */
export const LargeFileIndex = LargeFileEnd.extend({
  __type__: z.literal('LargeFileIndex'),
  version: z.literal(1),
  path: z.string(),
  path_bytes: z.base64(),
  part_bytes: z.int().positive(),
  parts: z.array(Part.extend({ key: z.string().min(1).max(900) })),
});
export type LargeFileIndex = z.infer<typeof LargeFileIndex>;
