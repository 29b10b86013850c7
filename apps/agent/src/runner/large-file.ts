import { z } from 'zod';
import { Hex32, LargeFilePart } from '#wire';

/** One part that is complete in the work folder. */
export const FinishedPart = LargeFilePart.extend({
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
  parts: z.array(LargeFilePart),
});
export type LargeFile = z.infer<typeof LargeFile>;
