/** A row or other object: own enumerable members only. */
export interface Row {
  readonly [column: string]: Value;
}

/** What an expression may yield. Lists are arrays; a repeated value that is made on demand is a {@link Rows}. */
export type Value = null | boolean | number | string | readonly Value[] | Row | Rows;

/** Is handed one value after another; false ends the reading. */
export type Visit = (value: Value) => boolean;

/** False for a row of the host, as it came, that need not be looked at. */
export type RowTest = (row: unknown) => boolean;

/** A lazy sequence of values, which may be read any number of times and yields the same each time. */
export interface Rows extends Iterable<Value> {
  /** No member of a row can be a symbol: this tells the two apart. */
  readonly [LAZY]: true;
  /**
   * Hands the values to `visit`; false when that ended the reading. Costs less than iterating. Where that costs less
   * still, rows that do not pass the test are left out.
   */
  read(visit: Visit, passes?: RowTest): boolean;
}

const LAZY = Symbol('lazy rows');

class LazyRows implements Rows {
  readonly [LAZY] = true;

  constructor(
    private readonly start: () => Iterator<Value>,
    private readonly push: ((visit: Visit, passes?: RowTest) => boolean) | undefined,
  ) {}

  read(visit: Visit, passes?: RowTest): boolean {
    if (this.push !== undefined) return this.push(visit, passes);
    for (const value of this) if (!visit(value)) return false;
    return true;
  }

  [Symbol.iterator](): Iterator<Value> {
    return this.start();
  }
}

/** Rows that are made on demand; `start` begins each reading, `push` does the whole of it where that costs less. */
export function lazy(start: () => Iterator<Value>, push?: (visit: Visit, passes?: RowTest) => boolean): Rows {
  return new LazyRows(start, push);
}

export function isLazy(value: unknown): value is Rows {
  return value instanceof LazyRows;
}

/** Keeps what was read once, so that a second reading costs nothing and cannot differ. `keep` is told of every row kept. */
export function remembered(rows: Rows, keep: () => void): Rows {
  const kept: Value[] = [];
  let source: Iterator<Value> | undefined;
  let complete = false;
  return lazy(function* () {
    for (let index = 0; ; index += 1) {
      if (index === kept.length) {
        if (complete) return;
        source ??= rows[Symbol.iterator]();
        const next = source.next();
        if (next.done === true) {
          complete = true;
          return;
        }
        keep();
        kept.push(next.value);
      }
      yield kept[index] ?? null;
    }
  });
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Whether the value is several values: a list or a repeated value. */
export function isRepeated(value: Value): value is readonly Value[] | Rows {
  return typeof value === 'object' && (isLazy(value) || Array.isArray(value));
}

export function isRow(value: Value): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLazy(value);
}

/**
 * Something that came from the host as a value of this language. `undefined`, functions and symbols are null; big
 * integers become numbers. Members and elements are converted when they are read.
 */
export function fromHost(value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return Number(value);
    case 'object':
      return isHostObject(value) ? value : null;
    case 'undefined':
    case 'function':
    case 'symbol':
      return null;
  }
}

function isHostObject(value: object | null): value is Row {
  return value !== null;
}

/** Whether the row has this member as its own enumerable one; what it inherits or hides does not exist here. */
export function hasMember(row: Row, name: string): boolean {
  return Object.hasOwn(row, name) && Object.prototype.propertyIsEnumerable.call(row, name);
}

/**
 * A reader of one column, undefined when a row has no such member. A plain object inherits nothing but what every
 * object does, so for other names a value is proof enough that the member is its own (if hidden, then seen here).
 */
export function columnReader(name: string): (row: Row) => Value | undefined {
  const slow = (row: Row): Value | undefined => (hasMember(row, name) ? fromHost(row[name]) : undefined);
  if (name in Object.prototype) return slow;
  return (row) => {
    if (Object.getPrototypeOf(row) !== Object.prototype) return slow(row);
    const value = row[name];
    return value === undefined || typeof value === 'function' ? slow(row) : fromHost(value);
  };
}

/** A member, null if there is none of its own. */
export function memberOf(row: Row, name: string): Value {
  return hasMember(row, name) ? fromHost(row[name]) : null;
}

/** Sets a member of a row in the making; no name is special, not even `__proto__`. */
export function setMember(row: Record<string, Value>, name: string, value: Value): void {
  if (name === '__proto__') {
    Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    row[name] = value;
  }
}

/** The values of a value: none for null, the elements of a list, itself otherwise. */
export function valuesOf(value: Value): Iterable<Value> {
  if (value === null) return [];
  if (isLazy(value)) return value;
  return isList(value) ? elementsOf(value) : [value];
}

/** Hands the values of a value to `visit`; false when that ended the reading. */
export function eachValue(value: Value, visit: Visit, passes?: RowTest): boolean {
  if (value === null) return true;
  if (isLazy(value)) return value.read(visit, passes);
  if (!isList(value)) return visit(value);
  for (const item of elementsOf(value)) if (!visit(item)) return false;
  return true;
}

/** The elements of a list as values; the list itself where all of them are so already. */
export function elementsOf(list: readonly Value[]): readonly Value[] {
  for (const item of list as readonly unknown[]) {
    if (item === undefined || typeof item === 'function' || typeof item === 'symbol' || typeof item === 'bigint') {
      return list.map(fromHost);
    }
  }
  return list;
}

/** The elements of a list or repeated value, read to the end. */
export function toArray(value: readonly Value[] | Rows): readonly Value[] {
  if (!isLazy(value)) return elementsOf(value);
  const values: Value[] = [];
  value.read((item) => values.push(item) > 0);
  return values;
}

/** The value of a row's only column; undefined for other rows. */
export function onlyColumn(row: Row): Value | undefined {
  const names = Object.keys(row);
  const [name] = names;
  return names.length === 1 && name !== undefined ? memberOf(row, name) : undefined;
}

/** An element of a sub-select as a scalar: a row of one column stands for that column. */
export function standIn(value: Value): Value {
  if (!isRow(value)) return value;
  const column = onlyColumn(value);
  return column === undefined ? value : column;
}

/** A lazy value of exactly one element stands for that element where one value is wanted. */
export function asScalar(value: Value): Value {
  if (!isLazy(value)) return value;
  let only: Value = value;
  let count = 0;
  for (const item of value) {
    count += 1;
    if (count > 1) return value;
    only = standIn(item);
  }
  return count === 1 ? only : value;
}

/** Several results as one value: the only one bare, else the list of all. */
export function collapse(results: readonly Value[]): Value {
  const [only] = results;
  return results.length === 1 && only !== undefined ? only : results;
}

/** null, false, 0, '' and what is empty are false; a repeated value of one element counts as that element. */
export function isTrue(value: Value): boolean {
  if (typeof value !== 'object') return Boolean(value);
  if (value === null) return false;
  if (isList(value)) return value.length > 0;
  if (!isLazy(value)) return Object.keys(value).length > 0;
  let only: Value = null;
  let count = 0;
  for (const item of value) {
    count += 1;
    if (count > 1) return true;
    only = item;
  }
  return count === 1 && isTrue(only);
}

/** The rule of WHERE: a repeated value holds when any of its elements does. */
export function holdsForAny(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (!isRepeated(value)) return isTrue(value);
  for (const item of valuesOf(value)) if (isTrue(item)) return true;
  return false;
}

/** The value as text, as `=~`, `str` and their kin see it; null for null. */
export function textOf(value: Value): string | null {
  if (typeof value === 'string' || value === null) return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return JSON.stringify(isLazy(value) ? [...value] : value);
}

/** A boolean as 1 or 0, a number as itself; undefined for all else. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : undefined;
}

/** Length of a text in characters, as positions in texts are counted. */
export function codePoints(text: string): number {
  return Array.from(text).length;
}
