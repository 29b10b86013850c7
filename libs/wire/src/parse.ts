import { z } from 'zod';
import { Refusal } from './errors.js';

/** The deepest nesting of a message (wire.md, section 3). */
export const MAX_DEPTH = 32;
/** A ticket is at most 256 KiB, a JobFile that an agent accepts at most 1 MiB, one that we publish at most 256 KiB. */
export const MAX_TICKET_BYTES = 256 * 1024;
export const MAX_JOB_FILE_BYTES = 1024 * 1024;
export const MAX_PUBLISHED_JOB_FILE_BYTES = 256 * 1024;
export const MAX_MANIFEST_BYTES = 1024 * 1024;

/** Throws when brackets nest deeper than `limit`: looked at before JSON.parse builds anything. */
const checkDepth = (text: string, limit: number): void => {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > limit) throw new Refusal('too-deep', `JSON nests deeper than ${limit} levels at offset ${i}`);
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
};

/** JSON text to a value, bounded in size (bytes) and depth. Errors: `too-large`, `too-deep`, `not-json`. */
export const parseJson = (text: string, what: string, maxBytes: number, maxDepth = MAX_DEPTH): unknown => {
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes)
    throw new Refusal('too-large', `${what} is larger than ${maxBytes} bytes`);
  checkDepth(text, maxDepth);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal('not-json', `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
};

/** A value to a message of `schema`; the refusal names the first wrong field. */
export const parseMessage = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.map(String).join('.')}`;
  throw new Refusal('schema', `${what} is malformed${where}: ${issue?.message ?? 'unknown reason'}`);
};
