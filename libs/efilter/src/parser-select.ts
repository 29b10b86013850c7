import type { Column, Expression, SelectNode } from './ast.js';
import { parseBuiltin } from './parser-calls.js';
import { ENCLOSED, type Context, type ExpressionParser } from './parser-context.js';
import { spanOf } from './span.js';

/**
 * "select" ( "any" any-body | "*" { "," expression "as" word } "from" source-tail | column { "," column } "from" source-tail )
 */
export function parseSelect(parser: ExpressionParser, context: Context): Expression {
  const { tokens } = parser;
  const start = tokens.next();
  if (tokens.isKeyword('any')) return parseAny(parser, context);
  if (tokens.isOperator('*')) {
    tokens.next();
    const comma = tokens.accept('comma');
    const columns = comma === undefined ? undefined : columnList(parser);
    const unnamed = columns?.some(({ explicit }) => !explicit) === true;
    if (comma !== undefined && unnamed) tokens.failAt(comma, 'After SELECT * each further column needs a name: AS.');
    if (columns === undefined) tokens.expectKeyword('from');
    const tail = sourceTail(parser, context);
    const span = spanOf(start, tokens.last);
    return columns === undefined
      ? { kind: 'select', ...tail, ...span }
      : { kind: 'select', star: true, columns, ...tail, ...span };
  }
  const columns = columnList(parser);
  const tail = sourceTail(parser, context);
  return { kind: 'select', columns, ...tail, ...spanOf(start, tokens.last) };
}

/** "any" [ "from" ] expression [ "where" expression ] ; "any(" is the builtin */
export function parseAny(parser: ExpressionParser, context: Context): Expression {
  const { tokens } = parser;
  if (tokens.peek(1).kind === 'lparen') return parseBuiltin(parser, 'any');
  const start = tokens.next();
  tokens.acceptKeywords('from');
  const rows = parser.expression(context);
  const condition = tokens.acceptKeywords('where') === undefined ? undefined : parser.expression(context);
  if (tokens.isKeyword('order') && tokens.isKeyword('by', 1)) tokens.fail('Expected no ORDER BY after ANY');
  const span = spanOf(start, tokens.last);
  return condition === undefined ? { kind: 'any', rows, ...span } : { kind: 'any', rows, condition, ...span };
}

/** column { "," column } "from"   column = expression [ "as" word ] */
function columnList(parser: ExpressionParser): Column[] {
  const { tokens } = parser;
  const columns: Column[] = [];
  const used = new Set<string>();
  for (;;) {
    const value = parser.expression(ENCLOSED);
    const explicit = tokens.acceptKeywords('as') !== undefined;
    let name: string;
    if (explicit) {
      const word = tokens.expect('word', 'the name of the column');
      name = word.text;
      if (used.has(name)) tokens.failAt(word, `There are two columns of the name ${name}.`);
    } else {
      const guessed = guessName(value);
      name = guessed === undefined || used.has(guessed) ? `column_${columns.length}` : guessed;
    }
    used.add(name);
    columns.push({ name, explicit, value, ...spanOf(value, tokens.last) });
    if (tokens.acceptKeywords('from') !== undefined) return columns;
    if (tokens.accept('comma') === undefined) tokens.fail('Expected FROM, AS, an operator or “,”');
  }
}

/** What a column is called without AS, as far as its expression says. */
function guessName(value: Expression): string | undefined {
  switch (value.kind) {
    case 'variable':
    case 'null':
    case 'member':
    case 'call':
      return value.name;
    case 'subscript': {
      if (value.key.kind !== 'literal') return undefined;
      const key = value.key.value;
      const name = guessName(value.object);
      return name === undefined || (typeof key !== 'string' && typeof key !== 'number') ? undefined : `${name}_${key}`;
    }
    case 'literal':
    case 'unary':
    case 'binary':
    case 'isa':
    case 'slice':
    case 'pair':
    case 'repeat':
    case 'list':
    case 'map':
    case 'filter':
    case 'sort':
    case 'each':
    case 'foreach':
    case 'any':
    case 'cast':
    case 'bind':
    case 'if':
    case 'let':
    case 'select':
      return undefined;
  }
}

/**
 * source-tail = expression [ "where" expression ] [ "group" "by" key ] [ "order" "by" key [ "asc" | "desc" ] ]
 *               [ "limit" expression [ "offset" expression ] ]
 */
function sourceTail(
  parser: ExpressionParser,
  context: Context,
): Omit<SelectNode, 'kind' | 'columns' | 'star' | 'start' | 'end'> {
  const { tokens } = parser;
  const from = parser.expression(context);
  const tail: { -readonly [K in 'where' | 'groupBy' | 'orderBy' | 'limit' | 'offset']?: NonNullable<SelectNode[K]> } =
    {};
  if (tokens.acceptKeywords('where') !== undefined) tail.where = parser.expression(context);
  if (tokens.acceptKeywords('group', 'by') !== undefined) tail.groupBy = keys(parser, context);
  if (tokens.acceptKeywords('order', 'by') !== undefined) {
    const key = orderKey(parser, context);
    const descending = tokens.acceptKeywords('desc') !== undefined;
    if (!descending) tokens.acceptKeywords('asc');
    tail.orderBy = { key, descending };
  }
  if (tokens.acceptKeywords('limit') !== undefined) {
    tail.limit = parser.expression(context);
    if (tokens.acceptKeywords('offset') !== undefined) tail.offset = parser.expression(context);
  }
  return { from, ...tail };
}

/** Several keys are a list. */
function orderKey(parser: ExpressionParser, context: Context): Expression {
  const items = keys(parser, context);
  const [first, last] = [items[0], items.at(-1)];
  if (first === undefined || last === undefined) return parser.tokens.fail('Expected a value');
  return items.length === 1 ? first : { kind: 'list', items, ...spanOf(first, last) };
}

/** key = expression { "," expression } ; several only where a comma can mean nothing else. */
function keys(parser: ExpressionParser, context: Context): Expression[] {
  const items = [parser.expression(context)];
  while (context.commaInOrder && parser.tokens.accept('comma') !== undefined) items.push(parser.expression(context));
  return items;
}
