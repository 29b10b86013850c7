import type { ColumnType } from '#wire';
import type { RefusedReason } from './errors.js';
import type { Json } from './types.js';

/*
 * What the reader and its process say to each other: one JSON text a line, a request on stdin, its answer on stdout,
 * one at a time. The process is told names and types that Postgres holds; nothing of the file's own schema counts.
 */

/** A request's longest line, in bytes. */
export const MAX_REQUEST_BYTES = 1024 * 1024;

/** A declared column; `as` is its name in the rows that a `where` clause sees. */
export interface ColumnShape {
  readonly name: string;
  readonly type: ColumnType;
  readonly as: string;
}

/** A declared table. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly ColumnShape[];
}

/** A condition on rows; `members` are put into every row that it sees. */
export interface WhereShape {
  readonly clause: string;
  readonly params?: readonly Json[] | Readonly<Record<string, Json>>;
  readonly members: Readonly<Record<string, Json>>;
}

/** What one answer may cost. */
export interface Budget {
  /** After so many milliseconds the answer is given as far as it goes. */
  readonly softMs: number;
  /** The process ends itself after so many milliseconds, should nobody be left to do it. */
  readonly hardMs: number;
  /** The longest answer, in bytes of JSON. */
  readonly maxBytes: number;
  /** A larger cell (unicode, bytes, json) is left out. */
  readonly maxCellBytes: number;
}

export interface DescribeRequest {
  readonly op: 'describe';
  readonly file: string;
  readonly tables: readonly TableShape[];
  readonly budget: Budget;
}

export interface PageRequest {
  readonly op: 'page';
  readonly file: string;
  readonly table: TableShape;
  /** Names of the columns to give, in this order. */
  readonly columns: readonly string[];
  readonly limit: number;
  readonly after?: number;
  readonly orderBy?: { readonly column: string; readonly descending: boolean };
  readonly where?: WhereShape;
  readonly budget: Budget;
}

export interface CountRequest {
  readonly op: 'count';
  readonly file: string;
  readonly table: TableShape;
  readonly after?: number;
  readonly where?: WhereShape;
  readonly budget: Budget;
}

export interface GroupRequest {
  readonly op: 'group';
  readonly file: string;
  readonly table: TableShape;
  readonly by: readonly string[];
  readonly limit: number;
  readonly budget: Budget;
}

export type ReadRequest = DescribeRequest | PageRequest | CountRequest | GroupRequest;

/** Why an answer stops before the page is full or the table ends; it goes on at `next`. */
export type StopReason = 'time' | 'response';

export interface DescribeBody {
  readonly rows: readonly number[];
  readonly metadata: readonly (readonly [string, string])[];
}

export interface PageBody {
  /** Cells in the order of the columns asked for. */
  readonly rows: readonly (readonly Json[])[];
  readonly next?: number;
  readonly scanned: number;
  readonly partial?: StopReason;
  readonly tooLarge: number;
  readonly mistyped: number;
}

export interface CountBody {
  readonly count: number;
  readonly scanned: number;
  readonly next?: number;
  readonly partial?: StopReason;
}

export interface GroupBody {
  readonly groups: readonly { readonly cells: readonly Json[]; readonly count: number }[];
  readonly more: boolean;
}

/** What went wrong, as the process tells it. */
export type ReadFailure =
  | { readonly kind: 'refused'; readonly reason: RefusedReason; readonly message: string }
  | {
      readonly kind: 'where';
      readonly stage: 'parse' | 'eval';
      readonly message: string;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'memory' }
  | { readonly kind: 'response' }
  | { readonly kind: 'failed'; readonly message: string };

/** One line on stdout. */
export type ReadAnswer<Body> =
  { readonly ok: true; readonly body: Body } | { readonly ok: false; readonly failure: ReadFailure };
