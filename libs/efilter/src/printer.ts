import type { BinaryNode, Expression, Query, SelectNode } from './ast.js';
import { writtenLabel, writtenName } from './keywords.js';
import type { Literal } from './literal.js';
import { PRECEDENCE, precedenceOf } from './precedence.js';
import { chainOf } from './visitor.js';

/** Between delimiters everything may stand but what reaches as far right as it can. */
const DELIMITED = 0;
const ATOM = 20;
/** An end of a slice, where a pair would be read as both ends. */
const SLICE_END = 0;
/** SELECT, `let` and `if` reach as far right as they can. */
const OPEN = -1;

/**
 * The query as canonical text: one line, no needless parentheses, parameters as the values they have. Reading the text
 * again gives the same query. (An empty object, which only a parameter can bring, has no text of its own.)
 */
export function print(query: Query): string {
  return printAt(query.root, OPEN);
}

/** The text of a node, in parentheses when it binds looser than its place allows. */
function printAt(node: Expression, least: number): string {
  const text = printNode(node);
  return precedence(node) < least ? `(${text})` : text;
}

function precedence(node: Expression): number {
  switch (node.kind) {
    case 'binary':
      return precedenceOf(node.operator);
    case 'isa':
      return PRECEDENCE.comparison;
    case 'unary':
      return node.operator === '-' ? PRECEDENCE.minus : PRECEDENCE.not;
    case 'pair':
      return PRECEDENCE.pair;
    case 'member':
    case 'subscript':
    case 'slice':
      return PRECEDENCE.postfix;
    case 'literal':
      return typeof node.value === 'number' && node.value < 0 ? PRECEDENCE.minus : ATOM;
    case 'select':
    case 'let':
    case 'if':
      return OPEN;
    case 'null':
    case 'variable':
    case 'repeat':
    case 'list':
    case 'call':
    case 'map':
    case 'filter':
    case 'sort':
    case 'each':
    case 'foreach':
    case 'any':
    case 'cast':
    case 'bind':
      return ATOM;
  }
}

function printNode(node: Expression): string {
  switch (node.kind) {
    case 'literal':
      return printLiteral(node.value);
    case 'null':
      return node.name;
    case 'variable':
      return writtenName(node.name);
    case 'unary':
      return node.operator === 'not'
        ? `not ${printAt(node.operand, PRECEDENCE.not)}`
        : `-${spaced(printAt(node.operand, PRECEDENCE.minus))}`;
    case 'binary':
      return printChain(node);
    case 'isa':
      return `${printLeft(node.value, PRECEDENCE.comparison)} isa ${printAt(node.type, PRECEDENCE.comparison + 1)}`;
    case 'member':
      return `${printAt(node.object, PRECEDENCE.postfix)}.${writtenLabel(node.name)}`;
    case 'subscript':
      return `${printAt(node.object, PRECEDENCE.postfix)}[${printAt(node.key, DELIMITED)}]`;
    case 'slice': {
      const ends = [node.from, node.to].map((end) => (end === undefined ? '' : printAt(end, SLICE_END)));
      return `${printAt(node.object, PRECEDENCE.postfix)}[${ends.join(':')}]`;
    }
    case 'pair':
      return printPair(node.key, node.value);
    case 'repeat':
      return `(${printAll(node.items)})`;
    case 'list':
      return `[${printAll(node.items)}]`;
    case 'call': {
      const args = node.arguments.map(({ keyword, value }) =>
        keyword === undefined
          ? printAt(value, DELIMITED)
          : `${writtenLabel(keyword.name)}: ${printAt(value, DELIMITED)}`,
      );
      return `${writtenName(node.name)}(${args.join(', ')})`;
    }
    case 'map':
    case 'filter':
    case 'sort':
    case 'each':
    case 'foreach':
      return `${node.kind}(${printAll([node.rows, node.body])})`;
    case 'any':
      return `any(${printAll(node.condition === undefined ? [node.rows] : [node.rows, node.condition])})`;
    case 'cast':
      return `cast(${printAll([node.value, node.type])})`;
    case 'bind':
      return `bind(${node.entries
        .map(({ key, value }) => {
          const text = printAt(value, DELIMITED);
          return key === undefined ? text : `${printAt(key, PRECEDENCE.postfix)}: ${text}`;
        })
        .join(', ')})`;
    case 'if': {
      const branches = node.branches.map(
        ({ condition, result }) => `if ${printAt(condition, DELIMITED)} then ${printAt(result, DELIMITED)}`,
      );
      if (node.otherwise !== undefined) branches.push(printAt(node.otherwise, DELIMITED));
      return branches.join(' else ');
    }
    case 'let': {
      const bindings = node.bindings.map(({ name, value }) => `${writtenLabel(name)} = ${printAt(value, DELIMITED)}`);
      return `let (${bindings.join(', ')}) ${printAt(node.body, OPEN)}`;
    }
    case 'select':
      return printSelect(node);
  }
}

function printAll(nodes: readonly Expression[]): string {
  return nodes.map((node) => printAt(node, DELIMITED)).join(', ');
}

function printChain(node: BinaryNode): string {
  const own = precedenceOf(node.operator);
  const { first, links } = chainOf(node);
  const rest = links.map(({ operator, right }) => ` ${operator} ${printAt(right, own + 1)}`);
  return printLeft(first, own) + rest.join('');
}

/** A prefix operator to the left would take the operator after it too, unless it binds tighter. */
function printLeft(left: Expression, own: number): string {
  const swallows = endsInPrefix(left) && precedence(left) <= own;
  return swallows ? `(${printNode(left)})` : printAt(left, own);
}

function endsInPrefix(node: Expression): boolean {
  return node.kind === 'unary' || (node.kind === 'literal' && precedence(node) === PRECEDENCE.minus);
}

function printPair(key: Expression, value: Expression): string {
  return `${printAt(key, PRECEDENCE.postfix)}: ${printAt(value, PRECEDENCE.pair + 1)}`;
}

/** Two minus signs in a row would begin a comment. */
function spaced(text: string): string {
  return text.startsWith('-') ? ` ${text}` : text;
}

function printSelect(node: SelectNode): string {
  const columns = node.columns?.map(({ name, explicit, value }, index) => {
    const plain = printAt(value, DELIMITED);
    // SELECT ANY is another form: a first column that begins with any( stands in parentheses.
    const text = index === 0 && node.star !== true && plain.startsWith('any(') ? `(${plain})` : plain;
    return explicit ? `${text} AS ${writtenLabel(name)}` : text;
  });
  const list = [...(node.star === true || columns === undefined ? ['*'] : []), ...(columns ?? [])];
  const parts = [`SELECT ${list.join(', ')} FROM ${printAt(node.from, DELIMITED)}`];
  if (node.where !== undefined) parts.push(`WHERE ${printAt(node.where, DELIMITED)}`);
  if (node.groupBy !== undefined) parts.push(`GROUP BY ${printAll(node.groupBy)}`);
  if (node.orderBy !== undefined) {
    parts.push(`ORDER BY ${printAt(node.orderBy.key, DELIMITED)}${node.orderBy.descending ? ' DESC' : ''}`);
  }
  if (node.limit !== undefined) parts.push(`LIMIT ${printAt(node.limit, DELIMITED)}`);
  if (node.offset !== undefined) parts.push(`OFFSET ${printAt(node.offset, DELIMITED)}`);
  return parts.join(' ');
}

function printLiteral(value: Literal): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return printNumber(value);
  if (typeof value === 'string') return printString(value);
  if (isList(value)) return `[${value.map(printLiteral).join(', ')}]`;
  const entries = Object.entries(value).map(([name, item]) => `${printString(name)}: ${printLiteral(item)}`);
  return `bind(${entries.join(', ')})`;
}

function isList(value: Literal): value is readonly Literal[] {
  return Array.isArray(value);
}

/** Digits without an exponent, which the language does not have. */
function printNumber(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  if (Number.isInteger(value)) return BigInt(value).toString();
  const [digits = '', exponent = '1'] = String(Math.abs(value)).split('e-');
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(Number(exponent) - 1)}${digits.replace('.', '')}`;
}

function printString(value: string): string {
  let escaped = '';
  for (const char of value) escaped += ESCAPED[char] ?? char;
  return `'${escaped}'`;
}

const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
};
