import type { Expression } from '../ast.js';
import { evalError, type EfilterError } from '../errors.js';
import type { Literal } from '../literal.js';
import type { Meter } from '../limits.js';
import type { RegexCache } from '../regex.js';
import type { Span } from '../span.js';
import type { Value } from '../values.js';

/** What a library function may use besides its arguments. */
export interface CallContext {
  readonly meter: Meter;
  readonly regexes: RegexCache;
  /** The time of the evaluation, in seconds since 1970. */
  readonly epoch: number;
  /** The call. */
  readonly at: Span;
}

/** A function that every query has. */
export interface LibraryFunction {
  readonly name: string;
  /** Names of the parameters, in order. */
  readonly params: readonly string[];
  /** Other names for some of them, as the originals have them. */
  readonly alternates?: Readonly<Record<string, string>>;
  /** Those that must be texts, for `check`. */
  readonly texts?: readonly string[];
  /** How many of them must be given; all unless said. */
  readonly required?: number;
  /** Takes any number of positional arguments and no keywords. */
  readonly variadic?: boolean;
  /** The places of the parameters that positional arguments are for, if not in order. */
  order?(positional: readonly Expression[]): readonly number[] | undefined;
  /** Takes arguments of any names, and only such. */
  readonly callNamed?: (named: Readonly<Record<string, Value>>, context: CallContext) => Value;
  /** The function of the first parameter alone, where the others are given as literals; undefined for no such way. */
  specialise?(rest: readonly Literal[], context: CallContext): ((value: Value) => Value) | undefined;
  /** The arguments come in the order of `params`; undefined for one that is not given. */
  call(args: readonly (Value | undefined)[], context: CallContext): Value;
}

/** An error of a library function, at its call. */
export function failure(context: CallContext, message: string): EfilterError {
  return evalError(message, context.at);
}

/** What kind of value this is, for messages. */
export function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return Array.isArray(value) ? 'a list' : 'an object or rows';
}

/** The argument as a text; an error naming function and parameter otherwise. */
export function requireString(value: Value | undefined, what: string, context: CallContext): string {
  if (typeof value === 'string') return value;
  throw failure(context, `${what} must be a string, not ${kindOf(value ?? null)}.`);
}

/** The text, unless it is longer than the limit. */
export function limited(text: string, context: CallContext): string {
  const most = context.meter.limits.textLength;
  if (text.length > most) throw failure(context, `The text would be longer than ${most} characters.`);
  return text;
}
