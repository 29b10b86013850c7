import type { Column, Expression, SelectNode } from './ast.js';
import { keep } from './compile-forms.js';
import { filtered, rowFrame, sorted } from './compile-rows.js';
import { evalError } from './errors.js';
import { Frame, withoutAliases, type Compiler, type Scope, type Thunk } from './scope.js';
import { drop, take } from './stdlib/core.js';
import { asScalar, holdsForAny, lazy, setMember, valuesOf, type Value } from './values.js';
import { walk } from './visitor.js';

/**
 * SELECT: filter, sort, skip and take rows of the source, then make the columns. Everything happens when rows are
 * read, as far as they are read, and again for every reading.
 */
export function compileSelect(compiler: Compiler, node: SelectNode, enclosing: Scope | null): Thunk {
  const { meter } = compiler;
  const scope = withoutAliases(enclosing);
  const source = compiler.compile(node.from, scope);
  if (!isPipeline(node)) return source;
  const columns = node.columns ?? [];
  const rowScope: Scope = { kind: 'row', outer: scope };
  const inTail = aliased(columns, rowScope);
  const where = optional(compiler, node.where, inTail);
  const key = optional(compiler, node.orderBy?.key, inTail);
  const descending = node.orderBy?.descending === true;
  const inLimit = aliased(columns, scope);
  const limit = countOf(compiler, node.limit, inLimit, 'LIMIT');
  const offset = countOf(compiler, node.offset, inLimit, 'OFFSET');
  const over = { meter, at: node.from };
  const project = node.columns === undefined ? undefined : compileColumns(compiler, columns, rowScope);

  return (frame) => {
    const chosen = (): Iterable<Value> => {
      let values = valuesOf(source(frame));
      if (where !== undefined) values = filtered(values, where, frame, over);
      if (key !== undefined) {
        const ordered = sorted(values, key, frame, over);
        values = descending ? ordered.reverse() : ordered;
      }
      if (offset !== undefined) values = drop(offset(frame), lazy(iteratorOf(values)));
      if (limit !== undefined) values = take(limit(frame), lazy(iteratorOf(values)));
      return values;
    };
    if (project === undefined) return lazy(() => chosen()[Symbol.iterator]());
    if (key === undefined && limit === undefined) {
      return lazy(function* () {
        for (const value of valuesOf(source(frame))) {
          meter.step();
          const row = rowFrame(value, frame, node.from);
          if (where === undefined || holdsForAny(where(row))) yield project(row);
        }
      });
    }
    return lazy(function* () {
      for (const value of chosen()) {
        meter.step();
        yield project(rowFrame(value, frame, node.from));
      }
    });
  };
}

/** `SELECT * FROM s` without anything more is `s` itself. */
function isPipeline({ columns, where, orderBy, limit }: SelectNode): boolean {
  return columns !== undefined || where !== undefined || orderBy !== undefined || limit !== undefined;
}

function iteratorOf(values: Iterable<Value>): () => Iterator<Value> {
  return () => values[Symbol.iterator]();
}

function optional(compiler: Compiler, node: Expression | undefined, scope: Scope | null): Thunk | undefined {
  return node === undefined ? undefined : compiler.compile(node, scope);
}

/** The scope with the names given by AS; each of their expressions sees the names before it. */
function aliased(columns: readonly Column[], scope: Scope | null): Scope | null {
  let visible = scope;
  for (const { name, explicit, value } of columns) {
    if (explicit) visible = { kind: 'alias', name, value, outer: visible };
  }
  return visible;
}

/** LIMIT or OFFSET: a whole number from 0 up. */
function countOf(
  compiler: Compiler,
  node: Expression | undefined,
  scope: Scope | null,
  clause: string,
): ((frame: Frame | null) => number) | undefined {
  if (node === undefined) return undefined;
  const thunk = compiler.compile(node, scope);
  return (frame) => {
    const count = asScalar(thunk(frame));
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
    throw evalError(`${clause} must be a whole number from 0 up.`, node);
  };
}

/** Makes the row of a SELECT. Later columns see the earlier ones, which hide columns of the source. */
function compileColumns(compiler: Compiler, columns: readonly Column[], rowScope: Scope): (row: Frame) => Value {
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
  return (row) => {
    const slots: Value[] = [];
    const inner = needsNames ? new Frame(null, slots, row) : row;
    const result: Record<string, Value> = { ...blank };
    for (const column of compiled) {
      const value = column.thunk(column.inner ? inner : row);
      const kept = typeof value === 'object' ? keep(compiler, value) : value;
      if (needsNames) slots.push(kept);
      assign(result, column.name, kept);
    }
    return result;
  };
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
