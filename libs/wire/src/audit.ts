import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { Refusal } from './errors.js';
import { Hex32, Instant, Sha256, sha256Hex } from './ids.js';
import { parseJson, parseMessage } from './parse.js';
import { readRecord } from './trust.js';

/** The columns of an event in the order of its canonical text (docs/audit.md). */
export const AUDIT_COLUMNS = [
  'id',
  'at',
  'actor',
  'token_id',
  'action',
  'object_kind',
  'object_id',
  'outcome',
  'request_id',
  'address',
  'details',
] as const;

/** An event as Postgres writes its columns as text; null where the column is NULL. */
export type AuditRow = Record<(typeof AUDIT_COLUMNS)[number], string | null>;

/** What stands in for the chain hash before the first event. */
export const AUDIT_GENESIS = '0'.repeat(64);

/** The most rows of one segment, and bytes of its text. */
export const MAX_SEGMENT_ROWS = 1000;
export const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;

/** The canonical text of an event: a JSON array of strings and nulls without blanks, in the order of the columns. */
export const auditRowText = (row: AuditRow): string => JSON.stringify(AUDIT_COLUMNS.map((name) => row[name]));

const RowText = z.array(z.string().nullable()).length(AUDIT_COLUMNS.length);

/** The columns of a canonical text. Throws a Refusal for one that is none. */
export const parseAuditRow = (text: string): AuditRow => {
  const values = parseMessage(RowText, parseJson(text, 'the audit row', MAX_SEGMENT_BYTES, 2), 'the audit row');
  const entries = AUDIT_COLUMNS.map((name, i) => [name, values[i] ?? null]);
  const row = Object.fromEntries(entries) as AuditRow;
  if (auditRowText(row) !== text) throw new Refusal('schema', 'the audit row is not written in its canonical form');
  return row;
};

/** SHA-256 of a canonical text. */
export const auditEventHash = (rowText: string): string => sha256Hex(rowText);

/** One link: SHA-256 of the hash before, the place, the event's hash and the time of chaining, a line each. */
export const auditChainHash = (link: { previous: string; seq: number; eventHash: string; chainedAt: string }): string =>
  sha256Hex(`${link.previous}\n${link.seq}\n${link.eventHash}\n${link.chainedAt}\n`);

/** The signed head of a segment, typ `AuditSegment`: its chain hash covers every line. */
export const AuditSegment = z.looseObject({
  __type__: z.literal('AuditSegment'),
  version: z.literal(1),
  deployment: Hex32,
  first_seq: z.int().min(1),
  last_seq: z.int().min(1),
  /** The chain hash before the first line: of the segment before, or 64 zeros. */
  previous_hash: Sha256,
  /** The chain hash of the last line. */
  chain_hash: Sha256,
  sealed_at: Instant,
});
export type AuditSegment = z.infer<typeof AuditSegment>;

/** One line after the head. `row` is null where the event was no longer the one that was chained when it was sealed. */
export const AuditLine = z.object({
  seq: z.int().min(1),
  event_id: z.string().regex(/^-?\d{1,19}$/),
  row: z.string().nullable(),
  event_hash: Sha256,
  chained_at: Instant,
  chain_hash: Sha256,
});
export type AuditLine = z.infer<typeof AuditLine>;

/** A segment whose signature and hashes fit. */
export interface SealedSegment {
  head: AuditSegment;
  lines: AuditLine[];
}

const checkLine = (line: AuditLine, previous: string, seq: number, where: string): void => {
  if (line.seq !== seq) throw new Refusal('digest', `${where} has seq ${line.seq} where ${seq} belongs`);
  if (line.row !== null) {
    if (auditEventHash(line.row) !== line.event_hash)
      throw new Refusal('digest', `the row of seq ${seq} does not have its event hash`);
    if (parseAuditRow(line.row).id !== line.event_id)
      throw new Refusal('digest', `the row of seq ${seq} is not event ${line.event_id}`);
  }
  const hash = auditChainHash({ previous, seq, eventHash: line.event_hash, chainedAt: line.chained_at });
  if (hash !== line.chain_hash) throw new Refusal('digest', `seq ${seq} does not follow from what stands before it`);
};

/**
 * Verifies the text of a segment: signature by a leaf of this CA, shape, each row's hash, each link, and that the signed
 * head names first, last and both ends of the chain. Throws a Refusal that says which line.
 */
export const readAuditSegment = async (text: string, ca: X509Certificate): Promise<SealedSegment> => {
  const [headText = '', ...rest] = text.replace(/\n$/, '').split('\n');
  const payload = await readRecord(headText, 'AuditSegment', ca, 1024 * 1024);
  const head = parseMessage(AuditSegment, payload, 'the head of the segment');
  if (rest.length !== head.last_seq - head.first_seq + 1)
    throw new Refusal('digest', `${rest.length} lines where ${head.first_seq} to ${head.last_seq} belong`);
  let previous = head.previous_hash;
  const lines = rest.map((lineText, i) => {
    const where = `line ${i + 2}`;
    const line = parseMessage(AuditLine, parseJson(lineText, where, MAX_SEGMENT_BYTES, 2), where);
    checkLine(line, previous, head.first_seq + i, where);
    previous = line.chain_hash;
    return line;
  });
  if (previous !== head.chain_hash)
    throw new Refusal('digest', 'the lines do not end in the chain hash that is signed');
  return { head, lines };
};
