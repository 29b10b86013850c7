import { MAX_PUBLISHED_JOB_FILE_BYTES } from '#wire';

/** Protected header with one leaf certificate, and the signature, of a signed file. */
const SIGNATURE_BYTES = 1400;
/** A grant as signed: the policy document and four more form fields, escaped once. */
const GRANT_BYTES = 1300;
/** Field names, id, attempt and state of an entry. */
const ENTRY_BYTES = 300;
/** What a job file without entries takes: envelope, registered_at and eight label queues. */
const EMPTY_FILE_BYTES = SIGNATURE_BYTES + 1600;

/** How long a text becomes when it is put into JSON twice: the spec in the job file, the job file in its signed form. */
const escapedTwice = (text: string): number => Buffer.byteLength(JSON.stringify(JSON.stringify(text)));

/** What one entry adds to a job file at most, in bytes: its spec as it will lie in the file, and its signature. */
export const entryBytes = (specPayload: string): number => escapedTwice(specPayload) + SIGNATURE_BYTES + ENTRY_BYTES;

/**
 * Whether a job file with these specs and so many grants (one for all flows of a client, one for each hunt) stays within
 * the published limit (256 KiB). For a launch: the specs that have to stay in the queue's file, and the new one; entries
 * that are settled make room and do not count. An estimate from above; the publisher measures.
 */
export const fitsJobFile = (specPayloads: readonly string[], grants: number): boolean =>
  specPayloads.reduce((sum, payload) => sum + entryBytes(payload), EMPTY_FILE_BYTES + grants * GRANT_BYTES) <=
  MAX_PUBLISHED_JOB_FILE_BYTES;
