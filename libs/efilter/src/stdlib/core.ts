import { codePoints, isRepeated, isLazy, isRow, lazy, toArray, valuesOf, type Rows, type Value } from '../values.js';
import { failure, kindOf, requireString, type CallContext, type LibraryFunction } from './library.js';

/** take, drop, count, reverse, first, materialize, lower, find. */
export const core: readonly LibraryFunction[] = [
  {
    name: 'take',
    params: ['count', 'x'],
    call: ([count, x], context) => take(requireCount(count, context, 'take'), x ?? null),
  },
  {
    name: 'drop',
    params: ['count', 'x'],
    call: ([count, x], context) => drop(requireCount(count, context, 'drop'), x ?? null),
  },
  { name: 'count', params: ['x'], alternates: { chunk: 'x' }, call: ([x], context) => count(x ?? null, context) },
  { name: 'reverse', params: ['x'], call: ([x], context) => reverse(x ?? null, context) },
  { name: 'first', params: ['x'], call: ([x]) => first(x ?? null) },
  {
    name: 'materialize',
    params: ['x'],
    alternates: { rv: 'x' },
    call: ([x], context) => {
      const value = x ?? null;
      if (!isRepeated(value)) throw failure(context, `materialize takes a list or rows, not ${kindOf(value)}.`);
      return held(value, context);
    },
  },
  {
    name: 'lower',
    params: ['s'],
    texts: ['s'],
    alternates: { x: 's' },
    call: ([s], context) => requireString(s, 'The text of lower', context).toLowerCase(),
  },
  {
    name: 'find',
    params: ['string', 'needle'],
    texts: ['string', 'needle'],
    call: ([string, needle], context) => {
      const text = requireString(string, 'The text of find', context);
      const at = text.indexOf(requireString(needle, 'The needle of find', context));
      return at < 0 ? -1 : codePoints(text.slice(0, at));
    },
  },
];

/** The first `count` values, read only as far as needed. */
export function take(count: number, x: Value): Rows {
  return lazy(function* () {
    let left = count;
    if (left === 0) return;
    for (const value of valuesOf(x)) {
      yield value;
      left -= 1;
      if (left === 0) return;
    }
  });
}

/** All but the first `count` values. */
export function drop(count: number, x: Value): Rows {
  return lazy(function* () {
    let left = count;
    for (const value of valuesOf(x)) {
      if (left > 0) left -= 1;
      else yield value;
    }
  });
}

function requireCount(value: Value | undefined, context: CallContext, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw failure(context, `${name} needs a count that is a whole number from 0 up.`);
}

function count(x: Value, context: CallContext): Value {
  if (typeof x === 'string') return codePoints(x);
  if (isRow(x)) return Object.keys(x).length;
  if (!isRepeated(x)) throw failure(context, `count takes a list, rows, a string or an object, not ${kindOf(x)}.`);
  if (!isLazy(x)) return x.length;
  let total = 0;
  for (const _ of x) {
    context.meter.step();
    total += 1;
  }
  return total;
}

function reverse(x: Value, context: CallContext): Value {
  return isRepeated(x) ? held(x, context).slice().reverse() : x;
}

function first(x: Value): Value {
  for (const value of valuesOf(x)) return value;
  return null;
}

function held(x: readonly Value[] | Rows, context: CallContext): readonly Value[] {
  if (!isLazy(x)) return toArray(x);
  const values: Value[] = [];
  for (const value of x) {
    context.meter.hold();
    values.push(value);
  }
  return values;
}
