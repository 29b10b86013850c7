import { ArrayReader } from './array-reader.js';
import type { Column, Expression, SelectNode } from './ast.js';
import { compileColumns } from './compile-columns.js';
import { compileGroups } from './compile-group.js';
import { framesFor, Sorter } from './compile-rows.js';
import { compileSource } from './compile-source.js';
import { Derived, DerivedFromArray } from './derived.js';
import { evalError } from './errors.js';
import { testsOf } from './row-test.js';
import { withoutAliases, type Compiler, type Frame, type Scope, type Thunk } from './scope.js';
import { asScalar, eachValue, holdsForAny, lazy, valuesOf, type Value } from './values.js';

const NOTHING: readonly Value[] = [];

type Count = (frame: Frame | null) => number;

/**
 * SELECT: filter, sort, skip and take rows of the source, then make the columns. Everything happens when rows are
 * read, as far as they are read, and again for every reading.
 */
export function compileSelect(compiler: Compiler, node: SelectNode, enclosing: Scope | null): Thunk {
  const scope = withoutAliases(enclosing);
  if (node.groupBy !== undefined) return compileGrouped(compiler, node, scope);
  const { thunk: source, declared } = compileSource(compiler, node, scope);
  if (!isPipeline(node)) return source;
  const { meter } = compiler;
  const columns = node.columns ?? [];
  const rowScope: Scope = { kind: 'row', outer: scope, ...(declared === undefined ? {} : { declared }) };
  const inTail = aliased(columns, rowScope);
  const where = node.where === undefined ? undefined : compiler.compile(node.where, inTail);
  const tests = testsOf(compiler, node.where, inTail);
  const passes = tests?.passes;
  const holds = (row: Frame): boolean => where === undefined || tests?.holds() === true || holdsForAny(where(row));
  const key = node.orderBy === undefined ? undefined : compiler.compile(node.orderBy.key, inTail);
  const { offset, limit } = compileCounts(compiler, node, scope);
  const project = node.columns === undefined ? undefined : compileColumns(compiler, node, rowScope);
  const bodies = [node.where, node.orderBy?.key, ...columns.map(({ value }) => value)];
  const frames = framesFor(bodies, node.from);

  /** The rows in order, as they were in the source. */
  const ordered = (frame: Frame | null, by: Thunk): Value[] => {
    const enter = frames(frame);
    const sorter = new Sorter<Value>(compiler);
    eachValue(
      source(frame),
      (value) => {
        meter.step();
        const row = enter(value);
        return holds(row) ? sorter.add(value, by(row)) : true;
      },
      passes,
    );
    const rows = sorter.sorted();
    if (node.orderBy?.descending === true) rows.reverse();
    const skip = offset(frame);
    return rows.slice(skip, skip + limit(frame));
  };

  if (key !== undefined) {
    return (frame) =>
      lazy(() => {
        const rows = ordered(frame, key);
        return project === undefined ? rows.values() : projected(rows, project, frames(frame));
      });
  }

  const pull = (frame: Frame | null): Iterator<Value> => {
    let skip = offset(frame);
    const left = limit(frame);
    if (left === 0) return NOTHING.values();
    const enter = frames(frame);
    const make = (value: Value): Value | undefined => {
      const row = enter(value);
      if (!holds(row)) return undefined;
      if (skip > 0) {
        skip -= 1;
        return undefined;
      }
      return project === undefined ? value : project(row);
    };
    const values = valuesOf(source(frame))[Symbol.iterator]();
    return values instanceof ArrayReader
      ? new DerivedFromArray(meter, values, passes, make, left)
      : new Derived(meter, values, make, left);
  };
  return (frame) => lazy(() => pull(frame));
}

function* projected(
  rows: readonly Value[],
  project: (row: Frame) => Value,
  enter: (value: Value) => Frame,
): Generator<Value> {
  for (const value of rows) yield project(enter(value));
}

/** GROUP BY: one row for each group; ORDER BY, OFFSET and LIMIT then work on these. */
function compileGrouped(compiler: Compiler, node: SelectNode, scope: Scope | null): Thunk {
  const groups = compileGroups(compiler, node, scope, (names, rowScope) => aliased(names, rowScope));
  const { offset, limit } = compileCounts(compiler, node, scope);
  return (frame) =>
    lazy(() => {
      const rows = groups(frame);
      if (node.orderBy?.descending === true) rows.reverse();
      const skip = offset(frame);
      return rows.slice(skip, skip + limit(frame)).values();
    });
}

/** `SELECT * FROM s` without anything more is `s` itself. */
function isPipeline({ columns, where, orderBy, limit }: SelectNode): boolean {
  return columns !== undefined || where !== undefined || orderBy !== undefined || limit !== undefined;
}

/** The scope with the names given by AS; each of their expressions sees the names before it. */
function aliased<S extends Scope | null>(columns: readonly Column[], scope: S): Scope | S {
  let visible: Scope | S = scope;
  for (const { name, explicit, value } of columns) {
    if (explicit) visible = { kind: 'alias', name, value, outer: visible };
  }
  return visible;
}

/** LIMIT and OFFSET as they are without being written. */
export function compileCounts(
  compiler: Compiler,
  node: SelectNode,
  scope: Scope | null,
): { offset: Count; limit: Count } {
  const inTail = aliased(node.columns ?? [], scope);
  return {
    offset: countOf(compiler, node.offset, inTail, 'OFFSET') ?? (() => 0),
    limit: countOf(compiler, node.limit, inTail, 'LIMIT') ?? (() => Infinity),
  };
}

/** LIMIT or OFFSET: a whole number from 0 up. */
function countOf(
  compiler: Compiler,
  node: Expression | undefined,
  scope: Scope | null,
  clause: string,
): Count | undefined {
  if (node === undefined) return undefined;
  const thunk = compiler.compile(node, scope);
  return (frame) => {
    const count = asScalar(thunk(frame));
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
    throw evalError(`${clause} must be a whole number from 0 up.`, node);
  };
}
