import { LocationConfigError } from './errors.js';

const isUnreserved = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2d ||
  byte === 0x2e ||
  byte === 0x5f ||
  byte === 0x7e;

/**
 * A key as the path of a request, as SigV4 wants it: letters, digits, `-`, `.`, `_`, `~` and `/` stay, every other byte of the
 * UTF-8 text is `%` and two upper-case hex digits (`!` is `%21`, which `encodeURIComponent` would leave).
 */
export const escapeKey = (key: string): string => {
  let out = '';
  for (const byte of Buffer.from(key, 'utf8'))
    out +=
      isUnreserved(byte) || byte === 0x2f
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return out;
};

/**
 * The address of an object: the bucket's URL (endpoint and bucket, no trailing slash) and the escaped key.
 * Refuses a key with a `.` or `..` part: every URL parser would take it away and fetch something else.
 */
export function publicUrl(bucketUrl: string, key: string): string {
  if (key === '' || key.split('/').some((part) => part === '.' || part === '..'))
    throw new LocationConfigError(
      `the key ${JSON.stringify(key)} has no URL: it is empty or has a part that is "." or ".."; read it with the bucket's keys instead`,
    );
  return `${bucketUrl.replace(/\/+$/, '')}/${escapeKey(key)}`;
}
