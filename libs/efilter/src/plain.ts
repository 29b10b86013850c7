import type { Meter } from './limits.js';
import { fromHost, isRepeated, isRow, memberOf, setMember, type Value } from './values.js';

const MAX_DEPTH = 500;

/**
 * A value without anything lazy in it, down to its leaves: repeated values are lists, objects are plain and hold their
 * own enumerable members only.
 */
export function toPlain(value: Value, meter: Meter, depth = 0): Value {
  if (typeof value !== 'object' || value === null) return value;
  meter.step();
  if (depth > MAX_DEPTH) throw meter.exceeded(`${MAX_DEPTH} levels in a value`);
  if (isRepeated(value)) {
    const list: Value[] = [];
    for (const item of value) list.push(toPlain(fromHost(item), meter, depth + 1));
    return list;
  }
  if (!isRow(value)) return null;
  const row: Record<string, Value> = {};
  for (const name of Object.keys(value)) setMember(row, name, toPlain(memberOf(value, name), meter, depth + 1));
  return row;
}
