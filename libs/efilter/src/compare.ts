import type { Meter } from './limits.js';
import {
  asScalar,
  isLazy,
  isList,
  isRepeated,
  isRow,
  memberOf,
  numberOf,
  onlyColumn,
  type Rows,
  standIn,
  toArray,
  type Row,
  type Value,
} from './values.js';

/**
 * `==`: numbers and booleans by value, strings exactly, lists and objects by structure. Different kinds are unequal,
 * never an error. A repeated value of one element equals that element.
 */
export function equals(left: Value, right: Value, meter: Meter): boolean {
  if (typeof left !== 'object' && typeof right !== 'object') {
    if (typeof left === typeof right) return left === right;
    return numberOf(left) !== undefined && numberOf(left) === numberOf(right);
  }
  if (left === null || right === null) return left === right || onlyNull(left) || onlyNull(right);
  meter.step();
  if (isLazy(left) && isList(right)) return equalsList(left, right, meter);
  if (isList(left) && isLazy(right)) return equalsList(right, left, meter);
  if (isRepeated(left)) {
    return isRepeated(right) ? sameElements(left, right, meter) : equalsOnly(left, right, meter);
  }
  if (isRepeated(right)) return equalsOnly(right, left, meter);
  return isRow(left) && isRow(right) && sameMembers(left, right, meter);
}

/** Reads no more than it must: two elements are enough to say no. */
function equalsOnly(repeated: readonly Value[] | Rows, scalar: Value, meter: Meter): boolean {
  let result = false;
  let count = 0;
  for (const item of repeated) {
    count += 1;
    if (count > 1) return false;
    result = elementEquals(item, scalar, meter);
  }
  return result;
}

/** Rows of one element may stand for a list, or be the one element of it. */
function equalsList(rows: Rows, list: readonly Value[], meter: Meter): boolean {
  const scalar = asScalar(rows);
  return isList(scalar) ? sameElements(scalar, list, meter) : sameElements(rows, list, meter);
}

/** Whether the value is one row whose only column is null. */
function onlyNull(value: Value): boolean {
  if (!isRepeated(value)) return false;
  const items = toArray(value);
  const [only] = items;
  return items.length === 1 && only !== undefined && isRow(only) && onlyColumn(only) === null;
}

function sameElements(left: readonly Value[] | Rows, right: readonly Value[] | Rows, meter: Meter): boolean {
  if (isList(left) && isList(right) && left.length !== right.length) return false;
  const rest = right[Symbol.iterator]();
  for (const item of left) {
    const other = rest.next();
    if (other.done === true || !elementEquals(item, other.value, meter)) {
      rest.return?.();
      return false;
    }
  }
  return rest.next().done === true;
}

/**
 * Elements are equal as they are, or as the column that a row of one column stands for. Structure counts: a list is
 * never equal to what is no list, not even one of a single element.
 */
export function elementEquals(left: Value, right: Value, meter: Meter): boolean {
  const [a, b] = isRow(left) === isRow(right) ? [left, right] : [standIn(left), standIn(right)];
  const [first, second] = [asScalar(a), asScalar(b)];
  return isRepeated(first) === isRepeated(second) && equals(first, second, meter);
}

function sameMembers(left: Row, right: Row, meter: Meter): boolean {
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every(
    (name) => Object.hasOwn(right, name) && elementEquals(memberOf(left, name), memberOf(right, name), meter),
  );
}

/** Strings by code point: below 0, 0 or above 0. */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codeUnitRank(a) - codeUnitRank(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above all others. */
function codeUnitRank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}

/** `<` and its kin for scalars: undefined where the two have no order. */
export function compareScalars(left: Value, right: Value): number | undefined {
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right);
  const a = numberOf(left);
  const b = numberOf(right);
  if (a === undefined || b === undefined) return undefined;
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : undefined;
}

/** The order of ORDER BY, over all kinds: null, numbers and booleans, strings, lists, objects. */
export function compareKeys(left: Value, right: Value, meter: Meter): number {
  const rank = rankOf(left) - rankOf(right);
  if (rank !== 0) return rank;
  if (isRepeated(left) && isRepeated(right)) {
    meter.step();
    const a = toArray(left);
    const b = toArray(right);
    for (let index = 0; index < a.length && index < b.length; index += 1) {
      const order = compareKeys(a[index] ?? null, b[index] ?? null, meter);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  if (isRow(left) && isRow(right)) {
    meter.step();
    return compareKeys(entriesOf(left), entriesOf(right), meter);
  }
  return compareScalars(left, right) ?? 0;
}

function entriesOf(row: Row): Value {
  return Object.keys(row)
    .sort(compareStrings)
    .map((name) => [name, memberOf(row, name)]);
}

function rankOf(value: Value): number {
  if (value === null) return 0;
  if (typeof value === 'string') return 2;
  if (typeof value !== 'object') return 1;
  return isRepeated(value) ? 3 : 4;
}
