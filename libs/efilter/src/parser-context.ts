import type { Expression } from './ast.js';
import type { TokenStream } from './token-stream.js';

/** What surrounds an expression and changes how far it reaches. */
export interface Context {
  /** A comma after ORDER BY belongs to the key, because it can mean nothing else here. */
  readonly commaInOrder: boolean;
  /** The value of a `let` without parentheses: a `[` after white space may begin the body. */
  readonly letValue: boolean;
  /** Inside of a subscript: a colon parts the ends of a slice. */
  readonly slice?: boolean;
}

/** Between delimiters, where a comma separates. */
export const ENCLOSED: Context = { commaInOrder: false, letValue: false };
/** Between the brackets of a subscript. */
export const SUBSCRIPTED: Context = { commaInOrder: false, letValue: false, slice: true };
/** The whole query, or between parentheses. */
export const ALONE: Context = { commaInOrder: true, letValue: false };

/** What the parts of the parser need of each other. */
export interface ExpressionParser {
  readonly tokens: TokenStream;
  /** An expression of operators that bind at least as tight as `minimum`. */
  expression(context: Context, minimum?: number): Expression;
  /** `key: value`, or an expression without a key. */
  keyed(context: Context): KeyedExpression;
}

/** An expression with the key before its colon, if there was one. */
export interface KeyedExpression {
  readonly key?: Expression;
  readonly value: Expression;
}
