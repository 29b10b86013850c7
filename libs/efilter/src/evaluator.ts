import type { Query } from './ast.js';
import { createCompiler } from './compiler.js';
import type { Environment } from './environment.js';
import { DEFAULT_LIMITS, Meter, type Abortable, type Limits } from './limits.js';
import type { QueryParams } from './parameters.js';
import type { RegexEngine } from './regex.js';
import { parse } from './parser.js';
import { toPlain } from './plain.js';
import { framesFor } from './compile-rows.js';
import type { Compiler } from './scope.js';
import { eachValue, holdsForAny, isRepeated, isRow, isTrue, valuesOf, type Row, type Value } from './values.js';

/** How to evaluate. */
export interface EvaluateOptions {
  /** Values for the parameters of a query given as text; a parsed query has its own. */
  readonly params?: QueryParams;
  /** Limits other than {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  /** The present time in milliseconds, from any start; the system's clock unless given. */
  readonly now?: () => number;
  /** Ends the evaluation, with an evaluation error, once it is aborted. */
  readonly signal?: Abortable;
  /** What `now()` answers, in seconds since 1970; the system's clock unless given. One query sees one time. */
  readonly epoch?: number;
  /** What regular expressions are matched with; JavaScript's own unless given. */
  readonly regexes?: RegexEngine;
}

/**
 * Answers a query. Rows are lazy: sources are called, and errors thrown, as they are read.
 * @throws EfilterError of kind `parse` for a malformed text, `eval` for all else, also while rows are read
 */
export function evaluate(query: Query | string, env: Environment, options: EvaluateOptions = {}): Value {
  const { root, compiler } = prepare(query, env, options);
  return compiler.compile(root, null)(null);
}

/**
 * The answer as rows, plain objects without anything lazy, one by one. No rows for null; a value that is no object is
 * a row with the column `value`. Nothing is read or refused before the first row is asked for.
 */
export function rows(
  query: Query | string,
  env: Environment,
  options: EvaluateOptions = {},
): IterableIterator<Record<string, Value>> {
  return new PlainRows(() => {
    const { root, compiler } = prepare(query, env, options);
    const values = valuesOf(compiler.compile(root, null)(null))[Symbol.iterator]();
    return { values, toRow: rowMaker(root, compiler) };
  });
}

/** What is left to read, and how rows are made of it. */
interface Reading {
  readonly values: Iterator<Value>;
  readonly toRow: (item: Value) => Record<string, Value>;
}

/** No generator, which would cost as much for each row as filtering it. As one, it has ended once it has thrown. */
class PlainRows implements IterableIterator<Record<string, Value>> {
  private reading: Reading | undefined;

  constructor(private start: (() => Reading) | undefined) {}

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Record<string, Value>> {
    const reading = this.reading ?? this.begin();
    if (reading === undefined) return { done: true, value: undefined };
    this.reading = undefined;
    const next = reading.values.next();
    if (next.done === true) return { done: true, value: undefined };
    const value = reading.toRow(next.value);
    this.reading = reading;
    return { done: false, value };
  }

  return(): IteratorResult<Record<string, Value>> {
    const { reading } = this;
    this.start = undefined;
    this.reading = undefined;
    reading?.values.return?.();
    return { done: true, value: undefined };
  }

  private begin(): Reading | undefined {
    const { start } = this;
    this.start = undefined;
    return start?.();
  }
}

/** All rows of the answer at once, as {@link rows} gives them. They all stand in memory. */
export function readRows(
  query: Query | string,
  env: Environment,
  options: EvaluateOptions = {},
): Record<string, Value>[] {
  const { root, compiler } = prepare(query, env, options);
  const toRow = rowMaker(root, compiler);
  const found: Record<string, Value>[] = [];
  eachValue(compiler.compile(root, null)(null), (item) => found.push(toRow(item)) > 0);
  return found;
}

/** A row that a SELECT has just made of scalars is plain already. */
export function rowMaker({ kind, ...root }: Query['root'], compiler: Compiler): (item: Value) => Record<string, Value> {
  const fresh = kind === 'select' && 'columns' in root;
  const { meter } = compiler;
  const bounded = meter.limits.resultBytes !== Infinity;
  return (item) => {
    if (fresh && !compiler.nested && isRow(item) && !bounded) return item;
    const plain = toPlain(item, meter);
    const row = isRow(plain) ? plain : { value: plain };
    meter.answer(row);
    return row;
  };
}

/** Whether a condition holds: a row is there, or the value is true. Reads no further than the first row. */
export function holds(query: Query | string, env: Environment, options: EvaluateOptions = {}): boolean {
  const result = evaluate(query, env, options);
  if (!isRepeated(result)) return isTrue(result);
  for (const _ of valuesOf(result)) return true;
  return false;
}

/** The rows for which a bare condition such as `st_size > 100` holds, as they came and in their order. */
export function* filterRows<T extends object>(
  clause: Query | string,
  given: Iterable<T>,
  env: Environment,
  options: EvaluateOptions = {},
): Generator<T> {
  const { root, compiler } = prepare(clause, env, options);
  const { meter } = compiler;
  const condition = compiler.compile(root, { kind: 'row', outer: null });
  const enter = framesFor([root], root)(null);
  for (const row of given) {
    meter.step();
    if (holdsForAny(condition(enter(asRow(row))))) yield row;
  }
}

function asRow(row: object): Row {
  return row as Row;
}

function prepare(
  query: Query | string,
  env: Environment,
  options: EvaluateOptions,
): { root: Query['root']; compiler: Compiler } {
  const { root, text } = queryOf(query, options);
  const compiler = createCompiler(env, meterFor(options, text), { regexes: options.regexes, epoch: options.epoch });
  return { root, compiler };
}

/** The query itself, or what the text says. */
export function queryOf(query: Query | string, { params }: EvaluateOptions): Query {
  return typeof query === 'string' ? parse(query, params) : query;
}

/** What counts the costs of one evaluation. */
export function meterFor({ limits, now, signal }: EvaluateOptions, text: string): Meter {
  const clock = now ?? (() => Date.now());
  return new Meter({ ...DEFAULT_LIMITS, ...limits }, clock, signal, { start: 0, end: text.length });
}

/** The value without anything lazy: what JSON can hold. The rows of a lazy result are read now. */
export function drain(value: Value, limits: Partial<Limits> = {}): Value {
  const meter = new Meter({ ...DEFAULT_LIMITS, ...limits }, () => Date.now(), undefined, { start: 0, end: 0 });
  const plain = toPlain(value, meter);
  meter.answer(plain);
  return plain;
}
