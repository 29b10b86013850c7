import type { Argument, CallNode, Expression } from './ast.js';
import { ENCLOSED, type ExpressionParser, type KeyedExpression } from './parser-context.js';
import { spanOf } from './span.js';

type Reserved = 'map' | 'filter' | 'sort' | 'each' | 'cast' | 'any' | 'bind';
/** `foreach` is one only before a parenthesis. */
type Builtin = Reserved | 'foreach';

const ARITY: Readonly<Record<Builtin, readonly [least: number, most: number]>> = {
  map: [2, 2],
  filter: [2, 2],
  sort: [2, 2],
  each: [2, 2],
  foreach: [2, 2],
  cast: [2, 2],
  any: [1, 2],
  bind: [1, Infinity],
};

/** Whether a word (in lower case) is a builtin form; such a word is never a name. */
export function isBuiltin(word: string): word is Reserved {
  return word !== 'foreach' && Object.hasOwn(ARITY, word);
}

/** builtin "(" expression { "," expression } ")" */
export function parseBuiltin(parser: ExpressionParser, builtin: Builtin): Expression {
  const { tokens } = parser;
  const word = tokens.next();
  if (tokens.is('lparen') && tokens.peek().start !== word.end) {
    tokens.failAt(tokens.peek(), `There may be no space between ${word.text} and the parenthesis.`);
  }
  tokens.expect('lparen', `“(” after ${word.text}`);
  const given: KeyedExpression[] = [];
  do given.push(parser.keyed(ENCLOSED));
  while (tokens.accept('comma') !== undefined);
  const close = tokens.expect('rparen', '“)” or “,”');
  const [least, most] = ARITY[builtin];
  if (given.length < least || given.length > most) {
    const wanted = least === most ? String(least) : `${least} or ${most}`;
    tokens.failAt(close, `${builtin} takes ${wanted} arguments, not ${given.length}.`);
  }
  const span = spanOf(word, close);
  if (builtin === 'bind') {
    const entries = given.map(({ key, value }) => {
      if (key !== undefined) return { key: asName(key), value };
      return value.kind === 'pair' ? { key: asName(value.key), value: value.value } : { value };
    });
    return { kind: 'bind', entries, ...span };
  }
  const [first, second] = given.map(asExpression);
  if (first === undefined) return tokens.fail('Expected a value');
  if (builtin === 'any') {
    return second === undefined
      ? { kind: 'any', rows: first, ...span }
      : { kind: 'any', rows: first, condition: second, ...span };
  }
  if (second === undefined) return tokens.fail('Expected a value');
  if (builtin === 'cast') return { kind: 'cast', value: first, type: second, ...span };
  return { kind: builtin, rows: first, body: second, ...span };
}

/** A bare word before a colon is a name, not the variable of that name. */
function asName(key: Expression): Expression {
  if (key.kind !== 'variable' && key.kind !== 'null') return key;
  return { kind: 'literal', value: key.name, ...spanOf(key, key) };
}

function asExpression({ key, value }: KeyedExpression): Expression {
  return key === undefined ? value : { kind: 'pair', key, value, ...spanOf(key, value) };
}

/** word "(" [ argument { "," argument } ] ")"   argument = expression | word ":" expression */
export function parseCall(parser: ExpressionParser): CallNode {
  const { tokens } = parser;
  const word = tokens.next();
  tokens.next();
  const args: Argument[] = [];
  if (!tokens.is('rparen')) {
    do args.push(asArgument(asExpression(parser.keyed(ENCLOSED))));
    while (tokens.accept('comma') !== undefined);
  }
  const close = tokens.expect('rparen', '“)” or “,”');
  return { kind: 'call', name: word.text, nameSpan: spanOf(word, word), arguments: args, ...spanOf(word, close) };
}

function asArgument(expression: Expression): Argument {
  const span = spanOf(expression, expression);
  if (expression.kind === 'pair' && (expression.key.kind === 'variable' || expression.key.kind === 'null')) {
    const { key, value } = expression;
    return { keyword: { name: key.name, ...spanOf(key, key) }, value, ...span };
  }
  return { value: expression, ...span };
}
