import type { Expression } from './ast.js';
import { spanOf } from './span.js';
import { chainOf } from './visitor.js';

/** The conditions that `and` joins, in order; the expression itself if it is no `and`. */
export function conjunctsOf(condition: Expression): readonly Expression[] {
  if (condition.kind !== 'binary' || condition.operator !== 'and') return [condition];
  const { first, links } = chainOf(condition);
  return [first, ...links.map(({ right }) => right)].flatMap(conjunctsOf);
}

/** The conditions joined by `and` again; undefined for none. */
export function joined(conditions: readonly Expression[]): Expression | undefined {
  const [first, ...others] = conditions;
  if (first === undefined) return undefined;
  return others.reduce<Expression>(
    (left, right) => ({ kind: 'binary', operator: 'and', left, right, ...spanOf(left, right) }),
    first,
  );
}
