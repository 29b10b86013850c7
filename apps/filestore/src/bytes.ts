import { isUtf8 } from 'node:buffer';

declare const byteString: unique symbol;

/**
 * A string in which every character is one byte (0 to 255) of a UTF-8 text. Comparing, cutting and searching such
 * strings is comparing, cutting and searching bytes: the order in which S3 lists keys.
 */
export type ByteString = string & { readonly [byteString]: true };

/** The empty byte string. */
export const NO_BYTES = '' as ByteString;

/** Text to its UTF-8 bytes. */
export function toBytes(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteString;
}

/** UTF-8 bytes to text; the bytes must be valid (see {@link isValidUtf8}). */
export function toText(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Joins byte strings. */
export function concat(...parts: readonly ByteString[]): ByteString {
  return parts.join('') as ByteString;
}

/** A piece of a byte string, as `String.prototype.slice`. */
export function cut(bytes: ByteString, start: number, end?: number): ByteString {
  return bytes.slice(start, end) as ByteString;
}

/** Whether the bytes are valid UTF-8. */
export function isValidUtf8(bytes: ByteString): boolean {
  return isUtf8(Buffer.from(bytes, 'latin1'));
}

const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

/**
 * Decodes `%XX` once; characters above 0x7f (raw bytes in a request line) stay as they are.
 * Undefined when a `%` is not followed by two hex digits.
 */
export function percentDecode(raw: string): ByteString | undefined {
  if (!raw.includes('%')) return raw as ByteString;
  if (BAD_ESCAPE.test(raw)) return undefined;
  return raw.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  ) as ByteString;
}

const PLAIN = /^[A-Za-z0-9\-._~]*$/;

/** AWS's UriEncode: every byte but `A-Z a-z 0-9 - . _ ~` (and `/` where `keepSlash`) becomes `%XX`, upper case. */
export function uriEncode(bytes: ByteString, keepSlash = false): string {
  if (PLAIN.test(bytes)) return bytes;
  return bytes.replace(keepSlash ? /[^A-Za-z0-9\-._~/]/g : /[^A-Za-z0-9\-._~]/g, (char) => {
    return '%' + char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
  });
}
