import { gunzipSync } from 'node:zlib';
import { SignedFile } from '#wire';
import { printableLines, safeJson } from '../output/escape.js';
import { hexdump } from './hexdump.js';

/** What a file unpacks to at most. */
const MAX_UNPACKED = 64 * 1024 * 1024;
/** What of a file that is not text is shown. */
const MAX_DUMPED = 4 * 1024;

/** How a file is shown, and what is to be said of it. */
export interface Rendered {
  text: string;
  notes: string[];
}

const isGzip = (body: Uint8Array): boolean => body[0] === 0x1f && body[1] === 0x8b;
const SQLITE = Buffer.from('SQLite format 3\0');
const isSqlite = (body: Uint8Array): boolean => Buffer.compare(body.subarray(0, SQLITE.length), SQLITE) === 0;

const asJson = (text: string): { value: unknown } | undefined => {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // text that begins like JSON
    throw error;
  }
};

/** A signed file with header and payload unfolded; nothing of it is checked here. */
const expandSigned = (value: unknown): { shown: unknown; signed: boolean } => {
  const file = SignedFile.safeParse(value);
  if (!file.success) return { shown: value, signed: false };
  const header = Buffer.from(file.data.protected, 'base64url').toString('utf8');
  return {
    shown: {
      protected: asJson(header)?.value ?? header,
      payload: expandAll(asJson(file.data.payload)?.value ?? file.data.payload),
      signature: file.data.signature,
    },
    signed: true,
  };
};

/** Signed files inside of others: a job file holds signed specs. */
const expandAll = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(expandAll);
  if (typeof value !== 'object' || value === null) return value;
  const { shown, signed } = expandSigned(value);
  if (signed) return shown;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, expandAll(part)]));
};

const renderText = (text: string): string => {
  const whole = asJson(text);
  if (whole !== undefined) return safeJson(expandAll(whole.value));
  const lines = text.split('\n').filter((line) => line !== '');
  const parsed = lines.map(asJson);
  if (lines.length > 1 && parsed.every((line) => line !== undefined))
    return parsed.map(({ value }) => safeJson(expandAll(value))).join('\n');
  return printableLines(text.replace(/\n$/, ''));
};

const asText = (body: Uint8Array): string | undefined => {
  if (body.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    if (error instanceof TypeError) return undefined; // not UTF-8
    throw error;
  }
};

/**
 * A stored file for people: unpacked, JSON indented with signed payloads unfolded, text with control characters escaped,
 * anything else as a dump. Throws RangeError when it unpacks to more than 64 MiB, and zlib’s error for a damaged one.
 */
export const render = (stored: Buffer): Rendered => {
  const notes: string[] = [];
  let body = stored;
  if (isGzip(stored)) {
    body = gunzipSync(stored, { maxOutputLength: MAX_UNPACKED });
    notes.push(`unpacked from ${String(stored.length)} to ${String(body.length)} bytes`);
  }
  if (isSqlite(body)) notes.push('an SQLite database: gunzip and sqlite3 read it');
  const text = asText(body);
  if (text !== undefined) return { text: renderText(text), notes };
  if (body.length > MAX_DUMPED) notes.push(`the first ${String(MAX_DUMPED)} of ${String(body.length)} bytes`);
  return { text: hexdump(body.subarray(0, MAX_DUMPED)), notes };
};
