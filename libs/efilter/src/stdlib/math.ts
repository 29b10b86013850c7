import { better } from '../aggregates.js';
import { eachValue, isRepeated, isRow, numberOf, standIn, valuesOf, type Value } from '../values.js';
import { failure, kindOf, requireString, type CallContext, type LibraryFunction } from './library.js';

/** sum, mean, min, max, levenshtein. */
export const math: readonly LibraryFunction[] = [
  {
    name: 'sum',
    params: ['xs'],
    alternates: { data: 'xs' },
    call: ([xs], context) => total(xs ?? null, 'sum', context).sum,
  },
  {
    name: 'mean',
    params: ['xs'],
    alternates: { data: 'xs' },
    call: ([xs], context) => {
      const { sum, count } = total(xs ?? null, 'mean', context);
      return count === 0 ? null : sum / count;
    },
  },
  extreme('min', -1),
  extreme('max', 1),
  {
    name: 'levenshtein',
    params: ['a', 'b'],
    texts: ['a', 'b'],
    alternates: { x: 'a', y: 'b' },
    call: ([a, b], context) =>
      distance(
        Array.from(requireString(a, 'The first text of levenshtein', context)),
        Array.from(requireString(b, 'The second text of levenshtein', context)),
        context,
      ),
  },
];

/** The first or last of several values in the order of ORDER BY, nulls passed over. */
function extreme(name: string, sign: -1 | 1): LibraryFunction {
  return {
    name,
    params: ['xs'],
    call: ([xs], context) => {
      let best: Value = null;
      eachValue(xs ?? null, (item) => {
        context.meter.step();
        best = better(best, standIn(item), sign, context.meter);
        return true;
      });
      return best;
    },
  };
}

function total(xs: Value, name: string, context: CallContext): { sum: number; count: number } {
  if (!isRepeated(xs)) throw failure(context, `${name} takes a list or rows, not ${kindOf(xs)}.`);
  let sum = 0;
  let count = 0;
  for (const item of valuesOf(xs)) {
    context.meter.step();
    const number = numberOf(item);
    if (isRow(item)) throw failure(context, `${name} takes numbers, not rows: choose a column with (...).column.`);
    if (number === undefined) throw failure(context, `${name} takes numbers, and one value is ${kindOf(item)}.`);
    sum += number;
    count += 1;
  }
  return { sum, count };
}

/** Edit distance with unit costs, row by row. */
function distance(a: readonly string[], b: readonly string[], context: CallContext): number {
  let previous = b.map((_, index) => index);
  previous.push(b.length);
  for (const [row, left] of a.entries()) {
    const current = [row + 1];
    for (const [column, right] of b.entries()) {
      context.meter.step();
      const replaced = (previous[column] ?? 0) + (left === right ? 0 : 1);
      const removed = (previous[column + 1] ?? 0) + 1;
      const added = (current[column] ?? 0) + 1;
      current.push(Math.min(replaced, removed, added));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
