import { freeze, type BinaryOperator, type Expression, type Query } from './ast.js';
import { parseError } from './errors.js';
import { Parameters, type QueryParams } from './parameters.js';
import {
  ALONE,
  ENCLOSED,
  SUBSCRIPTED,
  type Context,
  type ExpressionParser,
  type KeyedExpression,
} from './parser-context.js';
import { parseBuiltin, parseCall, isBuiltin } from './parser-calls.js';
import { parseAny, parseSelect } from './parser-select.js';
import { PRECEDENCE, precedenceOf } from './precedence.js';
import { spanOf, type Span } from './span.js';
import { TokenStream } from './token-stream.js';
import { walk } from './visitor.js';

/** How deep a query may nest, in its text as in its tree. */
export const MAX_NESTING = 500;

/** How long a query may be, in UTF-16 units. */
export const MAX_QUERY_LENGTH = 1_000_000;

type Infix =
  | { readonly form: 'binary'; readonly operator: BinaryOperator; readonly tokens: number; readonly precedence: number }
  | { readonly form: 'isa' | 'pair' | 'member' | 'subscript'; readonly tokens: number; readonly precedence: number };

const SYMBOLS: ReadonlyMap<string, Infix> = new Map<string, Infix>([
  ...(['==', '!=', '=~', '<', '<=', '>', '>=', '+', '-', '*', '/'] as const).map(
    (text) => [text, binary(text)] as const,
  ),
  ['=', binary('==')],
  [':', { form: 'pair', tokens: 1, precedence: PRECEDENCE.pair }],
  ['.', { form: 'member', tokens: 1, precedence: PRECEDENCE.postfix }],
]);

const WORDS: ReadonlyMap<string, Infix> = new Map<string, Infix>([
  ...(['or', 'and', 'in'] as const).map((text) => [text, binary(text)] as const),
  ['isa', { form: 'isa', tokens: 1, precedence: PRECEDENCE.comparison }],
]);

const NOT_IN: Infix = { ...binary('not in'), tokens: 2 };
const SUBSCRIPT: Infix = { form: 'subscript', tokens: 1, precedence: PRECEDENCE.postfix };
const RESERVED = ['from', 'where', 'asc', 'desc'];

function binary(operator: BinaryOperator): Infix & { form: 'binary' } {
  return { form: 'binary', operator, tokens: 1, precedence: precedenceOf(operator) };
}

/**
 * Reads a query.
 * @param text the query: one expression
 * @param params the values of its parameters
 * @throws EfilterError of kind `parse` with the place at fault
 */
export function parse(text: string, params?: QueryParams): Query {
  if (text.length > MAX_QUERY_LENGTH) {
    throw parseError(`The query is longer than ${MAX_QUERY_LENGTH} characters.`, { start: 0, end: text.length });
  }
  const parser = new Parser(text, params);
  const root = parser.expression(ALONE);
  if (!parser.tokens.is('end of query')) parser.tokens.fail('Expected an operator or the end of the query');
  walk(root, (node, depth) => {
    if (depth > MAX_NESTING) throw tooDeep(node);
  });
  return freeze({ text, root });
}

function tooDeep(span: Span): Error {
  return parseError(`The query nests deeper than ${MAX_NESTING} levels.`, span);
}

/** Recursive descent with precedence climbing. The grammar stands above each method. */
class Parser implements ExpressionParser {
  readonly tokens: TokenStream;
  private readonly parameters: Parameters;
  private depth = 0;

  constructor(text: string, params: QueryParams | undefined) {
    this.tokens = new TokenStream(text);
    this.parameters = new Parameters(params, { start: 0, end: text.length });
  }

  /** expression = atom { infix atom | "[" expression "]" | "." word } */
  expression(context: Context, minimum: number = PRECEDENCE.or): Expression {
    this.depth += 1;
    if (this.depth > MAX_NESTING) throw tooDeep(this.tokens.peek());
    const result = this.climb(this.atom(context), minimum, context);
    this.depth -= 1;
    return result;
  }

  /**
   * argument-like = postfix ":" expression | expression
   *
   * Before a colon stands the key, and the value reaches as far as it can.
   */
  keyed(context: Context): KeyedExpression {
    this.depth += 1;
    if (this.depth > MAX_NESTING) throw tooDeep(this.tokens.peek());
    const token = this.tokens.peek();
    const named = token.kind === 'word' && this.tokens.isOperator(':', 1);
    const first: Expression = named ? this.name() : this.climb(this.atom(context), PRECEDENCE.postfix, context);
    const colon = this.tokens.isOperator(':');
    if (colon) this.tokens.next();
    const value = colon ? this.expression(context) : this.climb(first, PRECEDENCE.or, context);
    this.depth -= 1;
    return colon ? { key: first, value } : { value };
  }

  /** atom: see the cases. */
  private atom(context: Context): Expression {
    const { tokens } = this;
    const token = tokens.peek();
    switch (token.kind) {
      case 'parameter':
        tokens.next();
        return { kind: 'literal', value: this.parameters.bind(token), ...spanOf(token, token) };
      case 'number':
      case 'string':
        tokens.next();
        return { kind: 'literal', value: token.value ?? null, ...spanOf(token, token) };
      case 'lparen':
        return this.parenthesised();
      case 'lbracket':
        return this.list();
      case 'operator':
        if (token.text === '-') return this.prefix('-', PRECEDENCE.minus, context);
        break;
      case 'word':
        return this.word(context);
      case 'rparen':
      case 'rbracket':
      case 'comma':
      case 'end of query':
        break;
    }
    return tokens.fail('Expected a value');
  }

  /**
   * atom = "let" let-body | "select" select-body | "any" any-body | "if" if-body | "not" expression
   *      | "true" | "false" | "null" | builtin "(" ... ")" | word "(" ... ")" | word
   */
  private word(context: Context): Expression {
    const { tokens } = this;
    const token = tokens.peek();
    const keyword = token.quoted === true ? '' : token.text.toLowerCase();
    switch (keyword) {
      case 'let':
        return this.letExpression(context);
      case 'select':
        return parseSelect(this, context);
      case 'any':
        return parseAny(this, context);
      case 'if':
        return this.ifExpression(context);
      case 'not':
        return this.prefix('not', PRECEDENCE.not, context);
      default:
    }
    if (RESERVED.includes(keyword) || (/^(?:order|group)$/.test(keyword) && tokens.isKeyword('by', 1))) {
      tokens.fail('Expected a value');
    }
    if (keyword === 'true' || keyword === 'false') {
      tokens.next();
      return { kind: 'literal', value: keyword === 'true', ...spanOf(token, token) };
    }
    if (
      isBuiltin(keyword) ||
      (keyword === 'foreach' && tokens.peek(1).start === token.end && tokens.peek(1).kind === 'lparen')
    )
      return parseBuiltin(this, keyword);
    const after = tokens.peek(1);
    if (after.kind === 'lparen') {
      if (after.start !== token.end && !context.letValue) {
        tokens.failAt(spanOf(token, after), `There may be no space between ${token.text} and the parenthesis.`);
      }
      if (after.start === token.end) return parseCall(this);
    }
    return this.name();
  }

  /** The next word as a name, whatever it says. */
  private name(): Expression {
    const token = this.tokens.expect('word', 'a name');
    const span = spanOf(token, token);
    if (token.quoted !== true && token.text.toLowerCase() === 'null')
      return { kind: 'null', name: token.text, ...span };
    return { kind: 'variable', name: token.text, ...span };
  }

  /** ( "not" | "-" ) expression, as far as operators bind tighter */
  private prefix(operator: 'not' | '-', precedence: number, context: Context): Expression {
    const token = this.tokens.next();
    const operand = this.expression(context, precedence);
    return { kind: 'unary', operator, operand, ...spanOf(token, operand) };
  }

  /** "(" expression { "," expression } ")" : one is grouping, several are a repeated value */
  private parenthesised(): Expression {
    const open = this.tokens.next();
    const items = [this.expression(ALONE)];
    while (this.tokens.accept('comma') !== undefined) items.push(this.expression(ALONE));
    const close = this.tokens.expect('rparen', '“)” or “,”');
    const [only] = items;
    if (items.length === 1 && only !== undefined) return only;
    return { kind: 'repeat', items, ...spanOf(open, close) };
  }

  /** "[" [ expression { "," expression } ] "]" */
  private list(): Expression {
    const open = this.tokens.next();
    const items: Expression[] = [];
    if (!this.tokens.is('rbracket')) {
      do items.push(this.expression(ENCLOSED));
      while (this.tokens.accept('comma') !== undefined);
    }
    const close = this.tokens.expect('rbracket', '“]” or “,”');
    return { kind: 'list', items, ...spanOf(open, close) };
  }

  /** "let" [ "(" ... ] word "=" expression { "," word "=" expression } [ ... ")" ] expression */
  private letExpression(context: Context): Expression {
    const { tokens } = this;
    const start = tokens.next();
    let parens = 0;
    while (tokens.accept('lparen') !== undefined) parens += 1;
    const bindings: { name: string; value: Expression }[] = [];
    do {
      const name = tokens.expect('word', 'the name of a binding').text;
      tokens.expectOperator('=');
      bindings.push({ name, value: this.expression({ commaInOrder: false, letValue: parens === 0 }) });
    } while (tokens.accept('comma') !== undefined);
    for (; parens > 0; parens -= 1) tokens.expect('rparen', '“)” or “,”');
    const body = this.expression(context);
    return { kind: 'let', bindings, body, ...spanOf(start, body) };
  }

  /** "if" expression "then" expression { "else" "if" expression "then" expression } [ "else" expression ] */
  private ifExpression(context: Context): Expression {
    const { tokens } = this;
    const start = tokens.next();
    const branches: { condition: Expression; result: Expression }[] = [];
    do {
      const condition = this.expression(ENCLOSED);
      tokens.expectKeyword('then');
      branches.push({ condition, result: this.expression(context) });
    } while (tokens.acceptKeywords('else', 'if') !== undefined);
    if (tokens.acceptKeywords('else') === undefined) {
      return { kind: 'if', branches, ...spanOf(start, tokens.last) };
    }
    const otherwise = this.expression(context);
    return { kind: 'if', branches, otherwise, ...spanOf(start, otherwise) };
  }

  /** The infix operators after `left` that bind at least as tight as `minimum`; all are left-associative. */
  private climb(left: Expression, minimum: number, context: Context): Expression {
    let result = left;
    for (
      let infix = this.infix(context);
      infix !== undefined && infix.precedence >= minimum;
      infix = this.infix(context)
    ) {
      for (let count = 0; count < infix.tokens; count += 1) this.tokens.next();
      result = this.combine(result, infix, context);
    }
    return result;
  }

  private combine(left: Expression, infix: Infix, context: Context): Expression {
    const { tokens } = this;
    if (infix.form === 'member') {
      const name = tokens.expect('word', 'the name of a member');
      return { kind: 'member', object: left, name: name.text, ...spanOf(left, name) };
    }
    if (infix.form === 'subscript') {
      return this.subscript(left);
    }
    const right = this.expression(context, infix.precedence + 1);
    const span = spanOf(left, right);
    if (infix.form === 'binary') return { kind: 'binary', operator: infix.operator, left, right, ...span };
    if (infix.form === 'isa') return { kind: 'isa', value: left, type: right, ...span };
    return { kind: 'pair', key: left, value: right, ...span };
  }

  /** expression "]" | [ expression ] ":" [ expression ] "]" */
  private subscript(object: Expression): Expression {
    const { tokens } = this;
    const first = tokens.isOperator(':') ? undefined : this.expression(SUBSCRIPTED);
    if (first !== undefined && !tokens.isOperator(':')) {
      const close = tokens.expect('rbracket', '“]” or “:”');
      return { kind: 'subscript', object, key: first, ...spanOf(object, close) };
    }
    tokens.expectOperator(':');
    const to = tokens.is('rbracket') ? undefined : this.expression(SUBSCRIPTED);
    const close = tokens.expect('rbracket', '“]”');
    const ends = { ...(first === undefined ? {} : { from: first }), ...(to === undefined ? {} : { to }) };
    return { kind: 'slice', object, ...ends, ...spanOf(object, close) };
  }

  /** The infix operator that comes next, if one does. */
  private infix(context: Context): Infix | undefined {
    const { tokens } = this;
    const token = tokens.peek();
    if (token.kind === 'operator') {
      return context.slice === true && token.text === ':' ? undefined : SYMBOLS.get(token.text);
    }
    if (token.kind === 'lbracket') return context.letValue && this.beginsBody() ? undefined : SUBSCRIPT;
    if (token.kind !== 'word' || token.quoted === true) return undefined;
    if (tokens.isKeyword('not')) return tokens.isKeyword('in', 1) ? NOT_IN : undefined;
    return WORDS.get(token.text.toLowerCase());
  }

  /** Whether the `[` that comes next is a list of several items, and so no subscript. */
  private beginsBody(): boolean {
    let open = 0;
    for (let ahead = 0; ; ahead += 1) {
      const { kind } = this.tokens.peek(ahead);
      if (kind === 'lparen' || kind === 'lbracket') open += 1;
      else if (kind === 'rparen' || kind === 'rbracket') open -= 1;
      else if (kind === 'comma' && open === 1) return true;
      if (open === 0 || kind === 'end of query') return false;
    }
  }
}
