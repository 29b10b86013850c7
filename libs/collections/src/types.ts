import type { ColumnType } from '#wire';

/** A value of a row as it leaves the reader. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/** What is bound to a statement that writes. */
export type SqlValue = null | bigint | number | string | Uint8Array;

/** The declared SQL type of each column type. */
export const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  int: 'INTEGER',
  float: 'REAL',
  unicode: 'TEXT',
  bytes: 'BLOB',
  epoch: 'REAL',
  bool: 'INTEGER',
  json: 'TEXT',
};

/** How deep a `json` cell may nest. */
export const MAX_CELL_DEPTH = 64;

const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

/** A table's or column's name as a SQL identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Whether JSON text nests at most {@link MAX_CELL_DEPTH} deep; looked at before anything is built from it. */
const isShallow = (text: string): boolean => {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_CELL_DEPTH) return false;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return true;
};

const toInt = (value: unknown): SqlValue | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'bigint' && value >= MIN_INT64 && value <= MAX_INT64 ? value : undefined;
};

const toReal = (value: unknown): SqlValue | undefined => {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};

/** Big integers have no JSON form: a number where that is exact, decimal text where not. */
const jsonMember = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()) : value;

const toJsonText = (value: unknown): SqlValue | undefined => {
  let text: unknown;
  try {
    text = JSON.stringify(value, jsonMember);
  } catch (error) {
    // A cycle is a TypeError, endless nesting a RangeError: both are values that have no JSON form.
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
  if (typeof text !== 'string') return undefined;
  const wellFormed = text.toWellFormed();
  return isShallow(wellFormed) ? wellFormed : undefined;
};

const WRITERS: Readonly<Record<ColumnType, (value: unknown) => SqlValue | undefined>> = {
  int: toInt,
  float: toReal,
  unicode: (value) => (typeof value === 'string' ? value.toWellFormed() : undefined),
  bytes: (value) => (value instanceof Uint8Array ? value : undefined),
  epoch: (value) => toReal(value instanceof Date ? value.getTime() / 1000 : value),
  bool: (value) => (typeof value === 'boolean' ? BigInt(value) : undefined),
  json: toJsonText,
};

/**
 * A value of a row as the column's SQL value; undefined for one of another type, which becomes NULL and is counted.
 * `null` and `undefined` are NULL. int: safe integers and int64 BigInts; float: finite numbers; epoch: seconds, or a
 * Date; unicode: strings (lone surrogates become U+FFFD); bytes: Uint8Array; bool: booleans; json: what JSON can say.
 */
export const toSql = (type: ColumnType, value: unknown): SqlValue | undefined =>
  value === null || value === undefined ? null : WRITERS[type](value);

const fromReal = (cell: unknown): Json | undefined => {
  const number = typeof cell === 'bigint' ? Number(cell) : cell;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};

const fromJsonText = (cell: unknown): Json | undefined => {
  if (typeof cell !== 'string' || !isShallow(cell)) return undefined;
  try {
    return JSON.parse(cell) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const fromInt = (cell: unknown): Json | undefined => {
  if (typeof cell !== 'bigint') return undefined;
  const number = Number(cell);
  return Number.isSafeInteger(number) ? number : cell.toString();
};

const fromBytes = (cell: unknown): Json | undefined =>
  cell instanceof Uint8Array
    ? Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('base64')
    : undefined;

const READERS: Readonly<Record<ColumnType, (cell: unknown) => Json | undefined>> = {
  int: fromInt,
  float: fromReal,
  unicode: (cell) => (typeof cell === 'string' ? cell : undefined),
  bytes: fromBytes,
  epoch: fromReal,
  bool: (cell) => (cell === 0n ? false : cell === 1n ? true : undefined),
  json: fromJsonText,
};

/**
 * A cell read from a file (integers as BigInt) as JSON; undefined for one of another type, which is shown as null and
 * counted. int: a number where that is exact, else decimal text; bytes: base64; epoch: seconds; bool: true, false.
 */
export const fromSql = (type: ColumnType, cell: unknown): Json | undefined =>
  cell === null ? null : READERS[type](cell);
