import { z } from 'zod';
import { Instant, Sha256 } from './ids.js';

/** A file beyond this many bytes is sent in parts of so many. */
export const PART_BYTES = 64 * 1024 * 1024;

const bytes = z.int().nonnegative();

/** One part of a large file: what it holds of the file, and what is stored (gzip). */
export const LargeFilePart = z.object({
  raw_bytes: bytes,
  raw_sha256: Sha256,
  stored_bytes: bytes,
  stored_sha256: Sha256,
});
export type LargeFilePart = z.infer<typeof LargeFilePart>;

const Times = z.object({ modified: Instant, changed: Instant });

/** What is known of a large file once all of it was read; its times before and after that. */
export const LargeFileEnd = z.object({
  size: bytes,
  sha256: Sha256,
  before: Times,
  after: Times,
  changed_while_reading: z.boolean(),
});
export type LargeFileEnd = z.infer<typeof LargeFileEnd>;

/** `index.json` of a large file: comes last, so that what it names is there. The ticket carries its hash. */
export const LargeFileIndex = LargeFileEnd.extend({
  __type__: z.literal('LargeFileIndex'),
  version: z.literal(1),
  path: z.string(),
  path_bytes: z.base64(),
  part_bytes: z.int().positive(),
  /** In order: unpacked one after another they are the file. */
  parts: z.array(LargeFilePart.extend({ key: z.string().min(1).max(900) })),
}).refine((index) => index.parts.reduce((sum, part) => sum + part.raw_bytes, 0) === index.size, {
  path: ['parts'],
  message: 'the parts are not as long as the file',
});
export type LargeFileIndex = z.infer<typeof LargeFileIndex>;
