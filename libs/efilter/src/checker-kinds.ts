import type { BinaryOperator, Expression } from './ast.js';
import type { ColumnKind } from './environment.js';
import { isTypeName } from './stdlib/conversion.js';
import { chainOf } from './visitor.js';

/** What a value is, as far as the text says; any of them may turn out to be null. */
export type Kind = ColumnKind | 'null' | 'list';

/** What is known of the value of a name: of a column, or of what `let` or AS bound. */
export type KindOfName = (name: string) => Kind | undefined;

/** Kinds of the answers of library functions that have one kind alone. */
const ANSWERS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...['lower', 'upper', 'trim', 'concat', 'replace', 'format', 'base64', 'from_base64', 'from_hex', 'str'].map(
    (name) => [name, 'string'] as const,
  ),
  ...['count', 'len', 'find', 'sum', 'mean', 'levenshtein', 'int', 'float', 'now', 'timestamp'].map(
    (name) => [name, 'number'] as const,
  ),
  ...['regex_search', 'starts_with', 'ends_with'].map((name) => [name, 'boolean'] as const),
  ...['split', 'collect', 'enumerate'].map((name) => [name, 'list'] as const),
  ['dict', 'object'],
]);

/** The kind of an expression's value; undefined when the text does not say. */
export function kindOfNode(node: Expression, names: KindOfName, library: (name: string) => boolean): Kind | undefined {
  switch (node.kind) {
    case 'literal':
      return kindOfLiteral(node.value);
    case 'null':
      return 'null';
    case 'variable':
      return names(node.name);
    case 'unary':
      return node.operator === 'not' ? 'boolean' : undefined;
    case 'binary': {
      const { first, links } = chainOf(node);
      return links.reduce<Kind | undefined>(
        (left, { operator, right }) => kindOfBinary(operator, left, kindOfNode(right, names, library)),
        kindOfNode(first, names, library),
      );
    }
    case 'any':
    case 'each':
    case 'isa':
      return 'boolean';
    case 'list':
      return 'list';
    case 'bind':
      return 'object';
    case 'call':
      return library(node.name) ? ANSWERS.get(node.name) : undefined;
    case 'cast': {
      if (node.type.kind !== 'variable' || !isTypeName(node.type.name)) return undefined;
      return node.type.name === 'int' || node.type.name === 'float' ? 'number' : 'string';
    }
    case 'member':
    case 'subscript':
    case 'slice':
    case 'pair':
    case 'repeat':
    case 'map':
    case 'filter':
    case 'sort':
    case 'foreach':
    case 'if':
    case 'let':
    case 'select':
      return undefined;
  }
}

function kindOfLiteral(value: unknown): Kind | undefined {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'string':
    case 'object':
      return typeof value as Kind;
    default:
      return undefined;
  }
}

/** The kind of what an operator makes of operands of these kinds. */
export function kindOfBinary(
  operator: BinaryOperator,
  left: Kind | undefined,
  right: Kind | undefined,
): Kind | undefined {
  switch (operator) {
    case 'and':
    case '==':
    case '!=':
    case '=~':
    case 'in':
    case 'not in':
      return 'boolean';
    case '+':
    case '-':
    case '*':
    case '/':
      return left === 'number' && right === 'number' ? 'number' : undefined;
    case 'or':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return undefined;
  }
}

/** Why an operator can never be true, or never have a value, for operands of these kinds; undefined if it can. */
export function clashOf(operator: BinaryOperator, left: Kind | undefined, right: Kind | undefined): string | undefined {
  switch (operator) {
    case '==':
    case '!=':
      if (!unlike(left, right) || left === 'list' || right === 'list') return undefined;
      return `${a(left)} and ${a(right).toLowerCase()} are never equal.`;
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (left === 'null' || right === 'null') return 'Null has no order: this is never true.';
      if (left === 'object' || right === 'object') return 'Objects have no order: this is never true.';
      if (!unlike(left, right) || left === 'list' || right === 'list') return undefined;
      return `${a(left)} and ${a(right).toLowerCase()} have no order: this is never true.`;
    case '+':
    case '-':
    case '*':
    case '/': {
      const bad = [left, right].find((kind) => kind === 'string' || kind === 'object' || kind === 'null');
      if (bad === undefined) return undefined;
      return `Arithmetic with ${a(bad).toLowerCase()} is always null${bad === 'string' ? ': join texts with concat().' : '.'}`;
    }
    case 'in':
    case 'not in':
      if (right === 'null') return 'Nothing is in null: this is never true.';
      if (right !== 'string' || left === undefined || left === 'string' || left === 'number') return undefined;
      return `${a(left)} is never in a text.`;
    case '=~':
    case 'and':
    case 'or':
      return undefined;
  }
}

/** Whether two kinds are both known and can have no equal values; booleans count as numbers. */
function unlike(left: Kind | undefined, right: Kind | undefined): boolean {
  if (left === undefined || right === undefined || left === 'null' || right === 'null') return false;
  return (left === 'boolean' ? 'number' : left) !== (right === 'boolean' ? 'number' : right);
}

function a(kind: Kind | undefined): string {
  if (kind === 'null') return 'Null';
  return kind === 'object' ? 'An object' : `A ${kind ?? 'value'}`;
}
