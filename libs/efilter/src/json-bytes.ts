import { isList, isRow, type Value } from './values.js';

/** The size of a plain value as JSON in UTF-8, in bytes. */
export function jsonBytes(value: Value): number {
  if (typeof value === 'string') return textBytes(value);
  if (isList(value)) return value.reduce<number>((sum, item) => sum + jsonBytes(item) + 1, value.length === 0 ? 2 : 1);
  if (typeof value === 'boolean') return value ? 4 : 5;
  if (typeof value === 'number') return Number.isFinite(value) ? String(value).length : 4;
  if (!isRow(value)) return 4;
  let bytes = 1;
  for (const [name, member] of Object.entries(value)) bytes += textBytes(name) + jsonBytes(member) + 2;
  return Math.max(2, bytes);
}

/** A text between quotes, its characters escaped as JSON does. */
function textBytes(text: string): number {
  let bytes = 2;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22 || code === 0x5c) bytes += 2;
    else if (code < 0x20) bytes += SHORT_ESCAPES.has(code) ? 2 : 6;
    else if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code < 0xd800 || code > 0xdfff) bytes += 3;
    else bytes += text.isWellFormed() ? 2 : 6;
  }
  return bytes;
}

/** \b, \t, \n, \f and \r. */
const SHORT_ESCAPES: ReadonlySet<number> = new Set([8, 9, 10, 12, 13]);
