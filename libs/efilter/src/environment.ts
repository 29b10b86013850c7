import type { Row, Value } from './values.js';

/** A parameter of a host function. */
export interface Parameter {
  readonly name: string;
  /** What an argument must be; null always passes. Absent: anything. */
  readonly type?: 'string' | 'number' | 'boolean' | 'object';
  /** The function takes a list here. A source that does not is run once for each of several values. */
  readonly array?: boolean;
  /** Used when the argument is not given. */
  readonly default?: Value;
  /** The call is an error without it. */
  readonly required?: boolean;
}

/**
 * The arguments of a call, read to the end: repeated values are plain lists, rows of one column stand for that column.
 * With declared parameters all of them are in `named`, defaults included, and `positional` is empty.
 */
export interface ResolvedArgs {
  readonly positional: readonly Value[];
  readonly named: Readonly<Record<string, Value>>;
}

/** What a declared column holds, besides null. */
export type ColumnKind = 'string' | 'number' | 'boolean' | 'object';

/** A function or row source of the host. What it throws becomes an evaluation error at the call. */
export interface HostFunction {
  readonly name: string;
  /** A source yields rows and is called when they are read, again for every reading; a function yields one value. */
  readonly kind: 'source' | 'function';
  /** Absent: any arguments are passed as they come. */
  readonly params?: readonly Parameter[];
  /** The columns of a source, in order; a row without one of them is completed with null. */
  readonly columns?: readonly string[];
  /** What the columns hold, where it is known: `check` then finds comparisons that can never be true. */
  readonly columnKinds?: Readonly<Record<string, ColumnKind>>;
  /**
   * By column: the parameter through which the source can be asked for certain values of it. A parameter called like a
   * column serves without being named here.
   */
  readonly pushdown?: Readonly<Record<string, string>>;
  /**
   * Called with checked arguments. A source returns an array, or any iterable such as a generator, of rows. Where the
   * evaluation can wait (`evaluateAsync` and its kin), the answer may be a promise or an asynchronous sequence.
   */
  call(
    args: ResolvedArgs,
  ): Value | Iterable<Row> | AsyncIterable<Row> | Promise<Value | Iterable<Row> | AsyncIterable<Row>>;
}

/** What a query can see of its host. */
export interface Environment {
  readonly functions: Readonly<Record<string, HostFunction>>;
  readonly variables?: Readonly<Record<string, unknown>>;
}
