import type { ColumnSpec } from '#wire';
import type { StopReason } from './protocol.js';
import type { Json } from './types.js';

/** What readings may cost, each of them. */
export interface ReaderOptions {
  /** A reading is killed after so long; row by row work stops before that and says where to go on. */
  readonly timeoutMs: number;
  /** Resident memory of the reader process, which needs about 64 MiB for itself. */
  readonly memoryBytes: number;
  /** The longest answer, in bytes of JSON. */
  readonly maxResponseBytes: number;
  /** A larger cell (unicode, bytes, json) is shown as null and counted. 1 MiB unless given. */
  readonly maxCellBytes?: number;
  /** Reader processes at once; 4 unless given. */
  readonly maxReaders?: number;
  /** Readings that wait for a process; one more is refused. 64 unless given. */
  readonly maxWaiting?: number;
}

/** A condition: an EFILTER expression over the declared columns, such as `st_size > 100 and path =~ 'tmp'`. */
export interface Where {
  readonly where?: string;
  /** Values for `?`, `{}` and `{name}` in it. */
  readonly params?: readonly Json[] | Readonly<Record<string, Json>>;
}

/** Which rows of a table. */
export interface PageQuery extends Where {
  readonly table: string;
  /** 1 to 10,000 rows. */
  readonly limit: number;
  /** `next` of the page before, with the same order. */
  readonly after?: number;
  /** The columns to give, in this order; all of them unless given. */
  readonly columns?: readonly string[];
  /** A declared column; rows that are equal in it stay in the file's order. The file's order unless given. */
  readonly orderBy?: { readonly column: string; readonly direction: 'asc' | 'desc' };
}

/** How far a reading came. */
export interface Progress {
  /** Rows looked at. */
  readonly scanned: number;
  /** Stopped before the page was full or the table ended: because of the time, or the size of the answer. Go on at `next`. */
  readonly partial?: StopReason;
}

/** Cells of the given rows that are shown as null although the file has something there. */
export interface Omitted {
  readonly tooLarge: number;
  readonly mistyped: number;
}

export interface Page extends Progress {
  /** int: a number where that is exact, else decimal text; bytes: base64; epoch: seconds; bool: true or false. */
  readonly rows: readonly Readonly<Record<string, Json>>[];
  /** Where the next page starts; absent at the end. A page may be empty and have a `next` all the same. */
  readonly next?: number;
  readonly omitted: Omitted;
}

export interface CountQuery extends Where {
  readonly table: string;
  /** `next` of a partial count: the counts are to be added. */
  readonly after?: number;
}

export interface Count extends Progress {
  readonly count: number;
  readonly next?: number;
}

export interface GroupQuery {
  readonly table: string;
  /** 1 to 8 columns. */
  readonly by: readonly string[];
  /** 1 to 10,000 groups, the largest first. */
  readonly limit: number;
}

export interface Groups {
  readonly groups: readonly { readonly values: Readonly<Record<string, Json>>; readonly count: number }[];
  /** There are more groups than `limit`. */
  readonly more: boolean;
}

export interface Description {
  /** The declared tables, in the spec's order. */
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly columns: readonly ColumnSpec[] }[];
  /** What the file says of itself (claims of the agent, at most 64 of them): schema, client_id, flow_id, ... */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One client's file of a merged reading. */
export interface MergeFile {
  readonly clientId: string;
  /** The unpacked file, or what fetches it once it is its turn. */
  readonly file: string | (() => Promise<string>);
}

/** Where a merged reading goes on: a file's place in the list, and a place in it. */
export interface MergeCursor {
  readonly file: number;
  readonly after?: number;
}

export interface MergeQuery extends Where {
  readonly table: string;
  /** 1 to 10,000 rows. */
  readonly limit: number;
  readonly after?: MergeCursor;
  readonly columns?: readonly string[];
}

export interface MergedPage extends Progress {
  /** `client_id` (what the caller says, first), then the columns; a declared `client_id` is `reported_client_id`. */
  readonly rows: readonly Readonly<Record<string, Json>>[];
  readonly next?: MergeCursor;
  /** Files of this page that could not be read, or not to their end. One bad file does not hold the others up. */
  readonly failures: readonly { readonly clientId: string; readonly error: Error }[];
  readonly omitted: Omitted;
}
