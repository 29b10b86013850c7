import type { AnyNode, Expression, OverRowsNode } from './ast.js';
import { compareKeys } from './compare.js';
import { evalError } from './errors.js';
import type { Meter } from './limits.js';
import { Frame, type Compiler, type Scope, type Thunk } from './scope.js';
import type { Span } from './span.js';
import { kindOf } from './stdlib/library.js';
import { holdsForAny, isLazy, isRow, isTrue, lazy, valuesOf, type Value } from './values.js';

const NO_SLOTS: Value[] = [];

/** The frame of one row; `at` is the expression that yielded it, for the error when it is no row. */
export function rowFrame(value: Value, outer: Frame | null, at: Span): Frame {
  if (value !== null && !isRow(value)) {
    throw evalError(`A row must be an object with columns, and one of these is ${kindOf(value)}.`, at);
  }
  return new Frame(value, NO_SLOTS, outer);
}

/** `map`, `filter`, `sort` and `each`. */
export function compileOverRows(compiler: Compiler, node: OverRowsNode, scope: Scope | null): Thunk {
  const { meter } = compiler;
  const rows = compiler.compile(node.rows, scope);
  const over = { meter, at: node.rows };
  const body = compiler.compile(node.body, { kind: 'row', outer: scope });
  switch (node.kind) {
    case 'map':
      return (frame) => {
        const values = rows(frame);
        return lazy(function* () {
          for (const value of valuesOf(values)) {
            meter.step();
            yield body(rowFrame(value, frame, node.rows));
          }
        });
      };
    case 'filter':
      return (frame) => {
        const values = rows(frame);
        return lazy(() => filtered(valuesOf(values), body, frame, over));
      };
    case 'sort':
      return (frame) => {
        const values = rows(frame);
        return lazy(() => sorted(valuesOf(values), body, frame, over)[Symbol.iterator]());
      };
    case 'each':
      return (frame) => {
        for (const value of valuesOf(rows(frame))) {
          meter.step();
          if (!isTrue(body(rowFrame(value, frame, node.rows)))) return false;
        }
        return true;
      };
  }
}

/** `any`: whether a row holds, or without a condition whether there is one; reads no further than the first. */
export function compileAny(compiler: Compiler, node: AnyNode, scope: Scope | null): Thunk {
  const { meter } = compiler;
  const rows = compiler.compile(node.rows, scope);
  const condition = compileOptional(compiler, node.condition, { kind: 'row', outer: scope });
  return (frame) => {
    for (const value of valuesOf(rows(frame))) {
      meter.step();
      if (condition === undefined || isTrue(condition(rowFrame(value, frame, node.rows)))) return true;
    }
    return false;
  };
}

function compileOptional(compiler: Compiler, node: Expression | undefined, scope: Scope): Thunk | undefined {
  return node === undefined ? undefined : compiler.compile(node, scope);
}

/** What the loops over rows need besides: the meter, and the place of the rows' expression. */
interface Over {
  readonly meter: Meter;
  readonly at: Span;
}

/** The values for which the condition holds. */
export function* filtered(
  values: Iterable<Value>,
  condition: Thunk,
  outer: Frame | null,
  { meter, at }: Over,
): Generator<Value> {
  for (const value of values) {
    meter.step();
    if (holdsForAny(condition(rowFrame(value, outer, at)))) yield value;
  }
}

/** The values in ascending order of their keys; equal keys keep their order. */
export function sorted(values: Iterable<Value>, key: Thunk, outer: Frame | null, { meter, at }: Over): Value[] {
  const keyed: { value: Value; key: Value }[] = [];
  for (const value of values) {
    meter.step();
    meter.hold();
    const found = key(rowFrame(value, outer, at));
    keyed.push({ value, key: isLazy(found) ? [...found] : found });
  }
  keyed.sort((left, right) => {
    meter.step();
    return compareKeys(left.key, right.key, meter);
  });
  return keyed.map(({ value }) => value);
}
