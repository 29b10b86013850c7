import type { AnyNode, Expression, OverRowsNode } from './ast.js';
import { compareKeys } from './compare.js';
import type { Meter } from './limits.js';
import { Frame, type Compiler, type Scope, type Thunk } from './scope.js';
import { holdsForAny, isLazy, isRow, isTrue, lazy, valuesOf, type Row, type Value } from './values.js';

const NO_SLOTS: Value[] = [];

/** The frame of one row; a scalar has no columns. */
export function rowFrame(value: Value, outer: Frame | null): Frame {
  return new Frame(columnsOf(value), NO_SLOTS, outer);
}

function columnsOf(value: Value): Row | null {
  return isRow(value) ? value : null;
}

/** `map`, `filter`, `sort` and `each`. */
export function compileOverRows(compiler: Compiler, node: OverRowsNode, scope: Scope | null): Thunk {
  const { meter } = compiler;
  const rows = compiler.compile(node.rows, scope);
  const body = compiler.compile(node.body, { kind: 'row', outer: scope });
  switch (node.kind) {
    case 'map':
      return (frame) => {
        const values = rows(frame);
        return lazy(function* () {
          for (const value of valuesOf(values)) {
            meter.step();
            yield body(rowFrame(value, frame));
          }
        });
      };
    case 'filter':
      return (frame) => {
        const values = rows(frame);
        return lazy(() => filtered(valuesOf(values), body, frame, meter));
      };
    case 'sort':
      return (frame) => {
        const values = rows(frame);
        return lazy(() => sorted(valuesOf(values), body, frame, meter)[Symbol.iterator]());
      };
    case 'each':
      return (frame) => {
        for (const value of valuesOf(rows(frame))) {
          meter.step();
          if (!isTrue(body(rowFrame(value, frame)))) return false;
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
      if (condition === undefined || isTrue(condition(rowFrame(value, frame)))) return true;
    }
    return false;
  };
}

function compileOptional(compiler: Compiler, node: Expression | undefined, scope: Scope): Thunk | undefined {
  return node === undefined ? undefined : compiler.compile(node, scope);
}

/** The values for which the condition holds. */
export function* filtered(
  values: Iterable<Value>,
  condition: Thunk,
  outer: Frame | null,
  meter: Meter,
): Generator<Value> {
  for (const value of values) {
    meter.step();
    const holds = condition(rowFrame(value, outer));
    if (holds === true || (holds !== false && holdsForAny(holds))) yield value;
  }
}

/** The values in ascending order of their keys; equal keys keep their order. */
export function sorted(values: Iterable<Value>, key: Thunk, outer: Frame | null, meter: Meter): Value[] {
  const keyed: { value: Value; key: Value }[] = [];
  for (const value of values) {
    meter.step();
    meter.hold();
    const found = key(rowFrame(value, outer));
    keyed.push({ value, key: isLazy(found) ? [...found] : found });
  }
  keyed.sort((left, right) => {
    meter.step();
    return compareKeys(left.key, right.key, meter);
  });
  return keyed.map(({ value }) => value);
}
