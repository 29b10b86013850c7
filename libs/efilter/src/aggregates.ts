import type { CallNode } from './ast.js';
import { compareKeys } from './compare.js';
import { evalError } from './errors.js';
import type { Meter } from './limits.js';
import { asScalar, numberOf, standIn, type Value } from './values.js';

/** Functions that a grouped SELECT computes over all rows of a group. All but `enumerate` and `first` pass over nulls. */
const AGGREGATES = ['count', 'sum', 'min', 'max', 'mean', 'first', 'collect', 'enumerate'] as const;
type Aggregate = (typeof AGGREGATES)[number];

/** Whether the function is an aggregate in a grouped SELECT. */
export function isAggregate(name: string): name is Aggregate {
  return AGGREGATES.some((aggregate) => aggregate === name);
}

/** Takes the values of a group's rows one by one. */
export interface Accumulator {
  /** `undefined` stands for a row of which no value was asked. */
  add(value: Value | undefined): void;
  result(): Value;
}

/** A new accumulator for the call of an aggregate. */
export function accumulatorFor(call: CallNode, meter: Meter): Accumulator {
  const { name } = call;
  if (!isAggregate(name)) throw new TypeError(`${name} is no aggregate`);
  switch (name) {
    case 'count':
      return reduced<number>(0, (count, value) => (value === null ? count : count + 1));
    case 'sum':
      return reduced<number>(0, (sum, value) => (value === null ? sum : sum + numeric(value, call)));
    case 'mean': {
      let sum = 0;
      let count = 0;
      return {
        add: (value) => {
          if (value === undefined || value === null) return;
          sum += numeric(value, call);
          count += 1;
        },
        result: () => (count === 0 ? null : sum / count),
      };
    }
    case 'min':
      return reduced<Value>(null, (least, value) => better(least, value, -1, meter));
    case 'max':
      return reduced<Value>(null, (most, value) => better(most, value, 1, meter));
    case 'first': {
      let first: Value | undefined;
      return {
        add: (value) => {
          first ??= value;
        },
        result: () => first ?? null,
      };
    }
    case 'collect':
    case 'enumerate': {
      const list: Value[] = [];
      return {
        add: (value) => {
          if (value === undefined || (value === null && name === 'collect')) return;
          meter.hold();
          list.push(value);
        },
        result: () => list,
      };
    }
  }
}

function reduced<T extends Value>(start: T, step: (before: T, value: Value) => T): Accumulator {
  let total = start;
  return {
    add: (value) => {
      total = step(total, value === undefined ? true : value);
    },
    result: () => total,
  };
}

function numeric(value: Value, call: CallNode): number {
  const number = numberOf(asScalar(standIn(value)));
  if (number === undefined) throw evalError(`${call.name} takes numbers, and one value is none.`, call);
  return number;
}

/** Of two values the one that comes first (-1) or last (1) in the order of ORDER BY; null never does. */
export function better(best: Value, value: Value, sign: -1 | 1, meter: Meter): Value {
  if (value === null) return best;
  return best === null || compareKeys(value, best, meter) * sign > 0 ? value : best;
}
