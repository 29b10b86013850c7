import type { BinaryNode, BinaryOperator, UnaryNode } from './ast.js';
import { compareScalars, elementEquals, equals } from './compare.js';
import { evalError } from './errors.js';
import { compilePair } from './compile-pair.js';
import type { Compiler, Scope, Thunk } from './scope.js';
import type { Span } from './span.js';
import {
  asScalar,
  collapse,
  isLazy,
  isRepeated,
  isRow,
  isTrue,
  numberOf,
  standIn,
  textOf,
  toArray,
  valuesOf,
  type Value,
} from './values.js';
import { chainOf } from './visitor.js';

type Apply = (left: Value, right: Value) => Value;
type Scalars = (left: Value, right: Value) => Value;

/** `not x` is a boolean, `-x` is `-1 * x`. */
export function compileUnary(compiler: Compiler, node: UnaryNode, scope: Scope | null): Thunk {
  const operand = compiler.compile(node.operand, scope);
  if (node.operator === 'not') return (frame) => !isTrue(operand(frame));
  const times = elementwise(compiler, node, ARITHMETIC['*']);
  return (frame) => times(operand(frame), -1);
}

/** A chain of operators of one family is evaluated in a loop, so its length costs no stack. */
export function compileBinary(compiler: Compiler, node: BinaryNode, scope: Scope | null): Thunk {
  const { first, links } = chainOf(node);
  const start = compiler.compile(first, scope);
  const rights = links.map((link) => compiler.compile(link.right, scope));
  if (node.operator === 'and') return conjunction([start, ...rights]);
  if (node.operator === 'or') return disjunction([start, ...rights]);
  const applies = links.map((link) => apply(compiler, link.operator, link));
  const [right, operate] = [rights[0], applies[0]];
  if (links.length === 1 && right !== undefined && operate !== undefined) {
    return compilePair(node, scope, { left: start, right, apply: operate });
  }
  return (frame) => {
    let value = start(frame);
    for (let index = 0; index < applies.length; index += 1) {
      const next = applies[index];
      const operand = rights[index];
      if (next !== undefined && operand !== undefined) value = next(value, operand(frame));
    }
    return value;
  };
}

/** `and`: stops at the first that is false; the result is a boolean. */
function conjunction(operands: readonly Thunk[]): Thunk {
  const [first, second] = operands;
  if (operands.length === 2 && first !== undefined && second !== undefined) {
    return (frame) => isTrue(first(frame)) && isTrue(second(frame));
  }
  return (frame) => {
    for (const operand of operands) if (!isTrue(operand(frame))) return false;
    return true;
  };
}

/** `or`: the first operand that is true, itself; else false. */
function disjunction(operands: readonly Thunk[]): Thunk {
  return (frame) => {
    for (const operand of operands) {
      const value = operand(frame);
      if (isTrue(value)) return value;
    }
    return false;
  };
}

const ARITHMETIC: Readonly<Record<'+' | '-' | '*' | '/', Scalars>> = {
  '+': arithmetic((left, right) => left + right),
  '-': arithmetic((left, right) => left - right),
  '*': arithmetic((left, right) => left * right),
  '/': arithmetic((left, right) => (right === 0 ? null : left / right)),
};

/** What is no number makes the result null. */
function arithmetic(operate: (left: number, right: number) => number | null): Scalars {
  return (left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return plainZero(operate(left, right));
    const a = numberOf(left);
    const b = numberOf(right);
    return a === undefined || b === undefined ? null : plainZero(operate(a, b));
  };
}

/** There is one zero: `-1 * 0` is 0. */
function plainZero(value: number | null): number | null {
  return value === 0 ? 0 : value;
}

const ORDERING: Readonly<Record<'<' | '<=' | '>' | '>=', Scalars>> = {
  '<': ordering((order) => order < 0),
  '<=': ordering((order) => order <= 0),
  '>': ordering((order) => order > 0),
  '>=': ordering((order) => order >= 0),
};

/** Unlike kinds, and null, have no order: false. */
function ordering(holds: (order: number) => boolean): Scalars {
  return (left, right) => {
    const order = compareScalars(left, right);
    return order !== undefined && holds(order);
  };
}

function apply(compiler: Compiler, operator: BinaryOperator, node: BinaryNode): Apply {
  const { meter } = compiler;
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '/':
      return elementwise(compiler, node, ARITHMETIC[operator]);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return elementwise(compiler, node, ORDERING[operator]);
    case '==':
      return (left, right) => equals(left, right, meter);
    case '!=':
      return (left, right) => !equals(left, right, meter);
    case 'in':
      return (left, right) => isMember(compiler, left, right, node.right);
    case 'not in':
      return (left, right) => !isMember(compiler, left, right, node.right);
    case '=~':
      return (left, right) => matches(compiler, left, right, node.right);
    case 'and':
    case 'or':
      throw new TypeError('Logic is compiled by its own functions');
  }
}

/** Per element when an operand is repeated: scalars are repeated, shorter lists are filled up with 0. */
function elementwise(compiler: Compiler, at: Span, operate: Scalars): Apply {
  return (left, right) => {
    if (typeof left !== 'object' && typeof right !== 'object') return operate(left, right);
    if (!isRepeated(left) && !isRepeated(right)) return operate(left, right);
    const lefts = isRepeated(left) ? operands(left, at) : undefined;
    const rights = isRepeated(right) ? operands(right, at) : undefined;
    const length = Math.max(lefts?.length ?? 1, rights?.length ?? 1);
    const results: Value[] = [];
    for (let index = 0; index < length; index += 1) {
      compiler.meter.step();
      const a = lefts === undefined ? left : (lefts[index] ?? (index < lefts.length ? null : 0));
      const b = rights === undefined ? right : (rights[index] ?? (index < rights.length ? null : 0));
      results.push(operate(a, b));
    }
    return collapse(results);
  };
}

/** The elements of an operand; rows must have one column, which they stand for. */
function operands(value: Value, at: Span): readonly Value[] {
  if (!isRepeated(value)) return [value];
  return toArray(value).map((item) => {
    requireOneColumn(item, at);
    return standIn(item);
  });
}

/** An error for a row that cannot stand for a column. */
function requireOneColumn(item: Value, at: Span): void {
  if (!isRow(item)) return;
  const { length } = Object.keys(item);
  if (length === 1) return;
  throw evalError(`A sub-select that is an operand must have one column, and this one has ${length}.`, at);
}

/** In a string: a part of it. In several values: equal to one of them. */
function isMember(compiler: Compiler, needle: Value, haystack: Value, at: Span): boolean {
  if (typeof haystack === 'string') {
    const scalar = asScalar(needle);
    if (typeof scalar !== 'string' && typeof scalar !== 'number') return false;
    return haystack.includes(String(scalar));
  }
  const scalar = !isRow(asScalar(needle));
  for (const item of valuesOf(haystack)) {
    compiler.meter.step();
    if (scalar && isLazy(haystack)) requireOneColumn(item, at);
    if (elementEquals(needle, item, compiler.meter)) return true;
  }
  return false;
}

function matches(compiler: Compiler, subject: Value, pattern: Value, at: Span): boolean {
  const source = asScalar(pattern);
  if (typeof source !== 'string') throw evalError('The right side of =~ must be a string: a regular expression.', at);
  const regex = compiler.regexes.get(source, at);
  if (typeof subject === 'string') return regex.test(subject, at);
  for (const item of valuesOf(subject)) {
    compiler.meter.step();
    const text = textOf(standIn(item));
    if (text !== null && regex.test(text, at)) return true;
  }
  return false;
}
