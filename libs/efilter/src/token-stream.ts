import { parseError, type EfilterError } from './errors.js';
import { tokenize } from './lexer.js';
import type { Span } from './span.js';
import type { Token, TokenKind } from './token-kind.js';

/** The vocabulary that the parser is written in: look at, take or require the next token. */
export class TokenStream {
  private readonly tokens: readonly Token[];
  private index = 0;

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  /** The token `ahead` places on; the end of the query for ever after. */
  peek(ahead = 0): Token {
    const token = this.tokens[this.index + ahead] ?? this.tokens.at(-1);
    if (token === undefined) throw new TypeError('A query has at least its end as a token');
    return token;
  }

  /** The token taken last. */
  get last(): Token {
    return this.tokens[Math.max(0, this.index - 1)] ?? this.peek();
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end of query') this.index += 1;
    return token;
  }

  is(kind: TokenKind): boolean {
    return this.peek().kind === kind;
  }

  isOperator(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'operator' && token.text === text;
  }

  /** Whether the token is this keyword, in any case. */
  isKeyword(keyword: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && token.quoted !== true && token.text.toLowerCase() === keyword;
  }

  accept(kind: TokenKind): Token | undefined {
    return this.is(kind) ? this.next() : undefined;
  }

  /** Takes these keywords if all of them come next. */
  acceptKeywords(...keywords: readonly string[]): Token | undefined {
    if (!keywords.every((keyword, ahead) => this.isKeyword(keyword, ahead))) return undefined;
    const first = this.peek();
    for (const _ of keywords) this.next();
    return first;
  }

  expect(kind: TokenKind, wanted: string): Token {
    return this.accept(kind) ?? this.fail(`Expected ${wanted}`);
  }

  expectKeyword(keyword: string): Token {
    return this.acceptKeywords(keyword) ?? this.fail(`Expected ${keyword.toUpperCase()}`);
  }

  expectOperator(text: string): Token {
    return this.isOperator(text) ? this.next() : this.fail(`Expected ${text}`);
  }

  /** Throws at the next token, naming what was found there. */
  fail(expected: string): never {
    throw this.unexpected(expected);
  }

  private unexpected(expected: string): EfilterError {
    const token = this.peek();
    return parseError(`${expected}, found ${describe(token)}.`, token);
  }

  /** Throws at a place already read. */
  failAt(span: Span, message: string): never {
    throw parseError(message, span);
  }
}

/** A token as messages show it. */
function describe(token: Token): string {
  switch (token.kind) {
    case 'end of query':
      return 'the end of the query';
    case 'string':
      return `the string ${token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text}`;
    case 'number':
      return `the number ${token.text}`;
    case 'parameter':
      return `a parameter`;
    case 'lparen':
    case 'rparen':
    case 'lbracket':
    case 'rbracket':
    case 'comma':
    case 'word':
    case 'operator':
      return `“${token.text}”`;
  }
}
