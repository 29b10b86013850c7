import type { Meter } from './limits.js';
import { fromHost, isRepeated, isRow, memberOf, setMember, type Value } from './values.js';

const MAX_DEPTH = 500;

/**
 * A value without anything lazy in it, down to its leaves: repeated values are lists, objects are plain and hold their
 * own enumerable members only. Lists and objects that make up one value may be as many as the limit of rows.
 */
export function toPlain(value: Value, meter: Meter): Value {
  let parts = 0;
  const plain = (part: Value, depth: number): Value => {
    if (typeof part !== 'object' || part === null) return part;
    meter.step();
    parts += 1;
    if (parts > meter.limits.rows) throw meter.exceeded(`${meter.limits.rows} lists and objects in one value`);
    if (depth > MAX_DEPTH) throw meter.exceeded(`${MAX_DEPTH} levels in one value`);
    if (isRepeated(part)) {
      const list: Value[] = [];
      for (const item of part) list.push(plain(fromHost(item), depth + 1));
      return list;
    }
    if (!isRow(part)) return null;
    const row: Record<string, Value> = {};
    for (const name of Object.keys(part)) setMember(row, name, plain(memberOf(part, name), depth + 1));
    return row;
  };
  return plain(value, 0);
}
