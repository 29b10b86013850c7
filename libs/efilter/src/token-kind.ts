import type { Span } from './span.js';
import type { Literal } from './literal.js';

/** What a token is; the names are those that messages use. */
export type TokenKind =
  | 'lparen'
  | 'rparen'
  | 'lbracket'
  | 'rbracket'
  | 'comma'
  | 'parameter'
  | 'number'
  | 'string'
  | 'word'
  | 'operator'
  | 'end of query';

/** One token of a query. */
export interface Token extends Span {
  readonly kind: TokenKind;
  /** The word, operator or parameter name (empty for a positional one); the text as written otherwise. */
  readonly text: string;
  /** Value of a number or string. */
  readonly value?: Literal;
  /** A word in backticks: always a name, never a keyword. */
  readonly quoted?: boolean;
}
