import type { Column, Expression, SelectNode } from './ast.js';
import { columnOf } from './compile-pair.js';
import { keep } from './compile-forms.js';
import { Frame, type Compiler, type Scope, type Thunk } from './scope.js';
import { fromHost, memberOf, setMember, type Row, type Value } from './values.js';
import { walk } from './visitor.js';

/** Makes the row of a SELECT. Later columns see the earlier ones, which hide columns of the source. */
export function compileColumns(compiler: Compiler, node: SelectNode, rowScope: Scope): (row: Frame) => Row {
  const columns = node.columns ?? [];
  const sees = columns.map((column, index) => mentions(column.value, columns.slice(0, index)));
  const names = new Map<string, number>();
  const compiled = columns.map(({ name, value }, slot) => {
    const scope: Scope = sees[slot] === true ? { kind: 'names', slots: new Map(names), outer: rowScope } : rowScope;
    names.set(name, slot);
    return { name, inner: sees[slot] === true, thunk: compiler.compile(value, scope) };
  });
  const needsNames = sees.includes(true);
  // A row begins as a copy of this one, which is faster than adding one member after another.
  const blank: Record<string, Value> = {};
  for (const { name } of compiled) setMember(blank, name, null);
  const assign = names.has('__proto__') ? setMember : assignMember;
  const star = node.star === true;
  if (!needsNames && !star && assign === assignMember) {
    const direct = columns.map(({ value }) => columnOf(value, rowScope));
    return inPlace(
      compiler,
      blank,
      compiled.map(({ name, thunk }, index) => ({ name, thunk, source: direct[index] })),
    );
  }
  return (row) => {
    const slots: Value[] = [];
    const inner = needsNames ? new Frame(null, slots, row) : row;
    const result: Record<string, Value> = star ? copyOf(compiler, row.row) : { ...blank };
    for (const column of compiled) {
      const value = column.thunk(column.inner ? inner : row);
      const kept = typeof value === 'object' && value !== null ? kindled(compiler, value) : value;
      if (needsNames) slots.push(kept);
      if (star) setMember(result, column.name, kept);
      else assign(result, column.name, kept);
    }
    return result;
  };
}

/** A column: its name, the member of a plain row that it is, if it is one, and its expression. */
interface Place {
  readonly name: string;
  readonly source: string | undefined;
  readonly thunk: Thunk;
}

/**
 * Fills in copies of `blank`. The first columns are written out one by one: the engine remembers for each place in the
 * code which member was read and written there.
 */
function inPlace(
  compiler: Compiler,
  blank: Readonly<Record<string, Value>>,
  places: readonly Place[],
): (row: Frame) => Row {
  const made = (place: Place, row: Frame): Value => {
    const value = place.thunk(row);
    return typeof value === 'object' && value !== null ? kindled(compiler, value) : value;
  };
  const [first, second, third, fourth, ...others] = places;
  return (row) => {
    const result: Record<string, Value> = { ...blank };
    const given = row.plain ? row.row : null;
    if (first !== undefined) {
      const value = given !== null && first.source !== undefined ? given[first.source] : undefined;
      result[first.name] = typeof value === 'string' || typeof value === 'number' ? value : made(first, row);
    }
    if (second !== undefined) {
      const value = given !== null && second.source !== undefined ? given[second.source] : undefined;
      result[second.name] = typeof value === 'string' || typeof value === 'number' ? value : made(second, row);
    }
    if (third !== undefined) {
      const value = given !== null && third.source !== undefined ? given[third.source] : undefined;
      result[third.name] = typeof value === 'string' || typeof value === 'number' ? value : made(third, row);
    }
    if (fourth !== undefined) {
      const value = given !== null && fourth.source !== undefined ? given[fourth.source] : undefined;
      result[fourth.name] = typeof value === 'string' || typeof value === 'number' ? value : made(fourth, row);
    }
    for (const place of others) {
      const value = given !== null && place.source !== undefined ? given[place.source] : undefined;
      result[place.name] = typeof value === 'string' || typeof value === 'number' ? value : made(place, row);
    }
    return result;
  };
}

/** A value that is more than a scalar, kept. */
function kindled(compiler: Compiler, value: Value): Value {
  compiler.nested = true;
  return keep(compiler, value);
}

/** The members of a row, for `SELECT *, x AS y`. */
function copyOf(compiler: Compiler, row: Row | null): Record<string, Value> {
  compiler.nested = true;
  const copy: Record<string, Value> = {};
  if (row !== null) for (const name of Object.keys(row)) setMember(copy, name, fromHost(memberOf(row, name)));
  return copy;
}

function assignMember(row: Record<string, Value>, name: string, value: Value): void {
  row[name] = value;
}

/** Whether an expression has a variable named like one of the columns. */
function mentions(node: Expression, columns: readonly Column[]): boolean {
  let found = false;
  walk(node, (part) => {
    if (part.kind !== 'variable' && part.kind !== 'null' && part.kind !== 'call') return;
    if (columns.some((column) => column.name === part.name)) found = true;
  });
  return found;
}
