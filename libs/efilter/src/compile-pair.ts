import type { BinaryNode, BinaryOperator, Expression } from './ast.js';
import type { Scope, Thunk } from './scope.js';
import type { Value } from './values.js';

/** An operator with its operands: `apply` works for values of any kind. */
interface Pair {
  readonly left: Thunk;
  readonly right: Thunk;
  readonly apply: (left: Value, right: Value) => Value;
}

/** One operator. Numbers and strings take a way of their own, for they are most of what is compared and computed. */
export function compilePair(node: BinaryNode, scope: Scope | null, pair: Pair): Thunk {
  const any = anyPair(node.operator, pair);
  const column = columnOf(node.left, scope);
  if (column === undefined || node.right.kind !== 'literal') return any;
  const { value } = node.right;
  if (typeof value === 'number') {
    return againstNumber(node.operator, column, value, any) ?? withNumber(node.operator, column, value, any) ?? any;
  }
  return typeof value === 'string' && node.operator === '==' ? againstString(column, value, any) : any;
}

/**
 * The name of a column of the row at hand that can be read straight off a plain object. The functions below read it
 * each for itself: the engine remembers for each place in the code which member was read there.
 */
export function columnOf(node: Expression, scope: Scope | null): string | undefined {
  if (node.kind !== 'variable' || node.name in Object.prototype) return undefined;
  let at = scope;
  // Names given by AS have no frame of their own.
  while (at?.kind === 'alias' && at.name !== node.name) at = at.outer;
  return at?.kind === 'row' ? node.name : undefined;
}

function againstString(column: string, text: string, any: Thunk): Thunk {
  return (frame) => {
    const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
    return typeof value === 'string' ? value === text : any(frame);
  };
}

function againstNumber(operator: BinaryOperator, column: string, bound: number, any: Thunk): Thunk | undefined {
  switch (operator) {
    case '<':
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value < bound : any(frame);
      };
    case '<=':
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value <= bound : any(frame);
      };
    case '>':
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value > bound : any(frame);
      };
    case '>=':
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value >= bound : any(frame);
      };
    case '==':
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value === bound : any(frame);
      };
    default:
      return undefined;
  }
}

/** Arithmetic with a column and a number; adding 0 makes of `-0` the one zero that there is. */
function withNumber(operator: BinaryOperator, column: string, by: number, any: Thunk): Thunk | undefined {
  switch (operator) {
    case '+':
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value + by + 0 : any(frame);
      };
    case '-':
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value - by + 0 : any(frame);
      };
    case '*':
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value * by + 0 : any(frame);
      };
    case '/':
      if (by === 0) return undefined;
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[column] : undefined;
        return typeof value === 'number' ? value / by + 0 : any(frame);
      };
    default:
      return undefined;
  }
}

/** Adding 0 makes of `-0` the one zero that there is. */
function anyPair(operator: BinaryOperator, { left, right, apply }: Pair): Thunk {
  switch (operator) {
    case '+':
      return numeric(left, right, apply, (a, b) => a + b + 0);
    case '-':
      return numeric(left, right, apply, (a, b) => a - b + 0);
    case '*':
      return (frame) => {
        const a = left(frame);
        const b = right(frame);
        return typeof a === 'number' && typeof b === 'number' ? a * b + 0 : apply(a, b);
      };
    case '/':
      return (frame) => {
        const a = left(frame);
        const b = right(frame);
        return typeof a === 'number' && typeof b === 'number' && b !== 0 ? a / b + 0 : apply(a, b);
      };
    case '<':
      return numeric(left, right, apply, (a, b) => a < b);
    case '<=':
      return numeric(left, right, apply, (a, b) => a <= b);
    case '>':
      return numeric(left, right, apply, (a, b) => a > b);
    case '>=':
      return numeric(left, right, apply, (a, b) => a >= b);
    case '==':
      return (frame) => {
        const a = left(frame);
        const b = right(frame);
        return typeof a === 'string' && typeof b === 'string' ? a === b : apply(a, b);
      };
    default:
      return (frame) => apply(left(frame), right(frame));
  }
}

function numeric(left: Thunk, right: Thunk, apply: Pair['apply'], operate: (a: number, b: number) => Value): Thunk {
  return (frame) => {
    const a = left(frame);
    const b = right(frame);
    return typeof a === 'number' && typeof b === 'number' ? operate(a, b) : apply(a, b);
  };
}
