import type { BinaryOperator } from './ast.js';

/** How tight operators bind; higher is tighter. All infix operators are left-associative. */
export const PRECEDENCE = {
  or: 0,
  and: 1,
  comparison: 3,
  sum: 4,
  minus: 5,
  product: 6,
  not: 6,
  pair: 10,
  postfix: 12,
} as const;

/** The precedence of an operator with two operands. */
export function precedenceOf(operator: BinaryOperator): number {
  switch (operator) {
    case 'or':
    case 'and':
      return PRECEDENCE[operator];
    case '+':
    case '-':
      return PRECEDENCE.sum;
    case '*':
    case '/':
      return PRECEDENCE.product;
    case '==':
    case '!=':
    case '=~':
    case 'in':
    case 'not in':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return PRECEDENCE.comparison;
  }
}
