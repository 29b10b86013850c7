import { compareStrings } from './compare.js';
import type { Meter } from './limits.js';
import { isRepeated, isRow, memberOf, numberOf, toArray, type Value } from './values.js';

/** One text for all values that are equal by `==`, and a text of its own for every other value. */
export function groupKey(value: Value, meter: Meter): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  const number = numberOf(value);
  if (number !== undefined) return String(number === 0 ? 0 : number);
  meter.step();
  if (isRepeated(value))
    return `[${toArray(value)
      .map((item) => groupKey(item, meter))
      .join()}]`;
  if (!isRow(value)) return '{}';
  const names = Object.keys(value).sort(compareStrings);
  return `{${names.map((name) => `${JSON.stringify(name)}:${groupKey(memberOf(value, name), meter)}`).join()}}`;
}
