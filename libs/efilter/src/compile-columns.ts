import type { Column, Expression, SelectNode } from './ast.js';
import { columnOf } from './compile-pair.js';
import { keep } from './compile-forms.js';
import { Frame, type Compiler, type Scope } from './scope.js';
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
    return (row) => {
      const result: Record<string, Value> = { ...blank };
      for (let index = 0; index < compiled.length; index += 1) {
        const column = compiled[index];
        if (column === undefined) continue;
        const source = direct[index];
        let value = source !== undefined && row.plain ? row.row?.[source] : undefined;
        if (typeof value !== 'string' && typeof value !== 'number') {
          value = column.thunk(row);
          if (typeof value === 'object' && value !== null) value = kindled(compiler, value);
        }
        result[column.name] = value;
      }
      return result;
    };
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
