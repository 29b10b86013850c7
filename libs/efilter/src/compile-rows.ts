import type { AnyNode, Expression, OverRowsNode } from './ast.js';
import { compareKeys } from './compare.js';
import { evalError } from './errors.js';
import { Frame, type Compiler, type Scope, type Thunk } from './scope.js';
import type { Span } from './span.js';
import { kindOf } from './stdlib/library.js';
import {
  eachValue,
  holdsForAny,
  isRow,
  isTrue,
  lazy,
  toArray,
  isLazy,
  valuesOf,
  type Row,
  type Value,
} from './values.js';
import { walk } from './visitor.js';

const NO_SLOTS: Value[] = [];

/** The value as a row, null for null; `at` is the expression that yielded it, for the error when it is no row. */
function asRow(value: Value, at: Span): Row | null {
  if (value === null || isRow(value)) return value;
  throw evalError(`A row must be an object with columns, and one of these is ${kindOf(value)}.`, at);
}

/** The frame of one row. */
export function rowFrame(value: Value, outer: Frame | null, at: Span): Frame {
  return new Frame(asRow(value, at), NO_SLOTS, outer);
}

/** Makes the frames of the rows of one reading. */
type FrameMaker = (outer: Frame | null) => (value: Value) => Frame;

/** One frame serves all rows where nothing in the bodies can keep it: rows made on demand do. */
export function framesFor(bodies: readonly (Expression | undefined)[], at: Span): FrameMaker {
  if (bodies.some((body) => body !== undefined && yieldsLazily(body))) {
    return (outer) => (value) => rowFrame(value, outer, at);
  }
  return (outer) => {
    const frame = new Frame(null, NO_SLOTS, outer);
    const check = (value: Value): Row | null => asRow(value, at);
    return (value) => frame.turnTo(value, check);
  };
}

function yieldsLazily(body: Expression): boolean {
  let found = false;
  walk(body, ({ kind }) => {
    found ||= kind === 'select' || kind === 'map' || kind === 'filter' || kind === 'sort' || kind === 'foreach';
  });
  return found;
}

/** `map`, `filter`, `sort`, `each` and `foreach`. */
export function compileOverRows(compiler: Compiler, node: OverRowsNode, scope: Scope | null): Thunk {
  const { meter } = compiler;
  const rows = compiler.compile(node.rows, scope);
  const body = compiler.compile(node.body, { kind: 'row', outer: scope });
  const frames = framesFor([node.body], node.rows);
  switch (node.kind) {
    case 'map':
      return (frame) => {
        const values = rows(frame);
        return lazy(
          function* () {
            const enter = frames(frame);
            for (const value of valuesOf(values)) {
              meter.step();
              yield body(enter(value));
            }
          },
          (visit) => {
            const enter = frames(frame);
            return eachValue(values, (value) => {
              meter.step();
              return visit(body(enter(value)));
            });
          },
        );
      };
    case 'foreach':
      return (frame) => {
        const values = rows(frame);
        return lazy(function* () {
          for (const value of valuesOf(values)) {
            meter.step();
            yield* valuesOf(body(rowFrame(value, frame, node.rows)));
          }
        });
      };
    case 'filter':
      return (frame) => {
        const values = rows(frame);
        return lazy(
          function* () {
            const enter = frames(frame);
            for (const value of valuesOf(values)) {
              meter.step();
              if (holdsForAny(body(enter(value)))) yield value;
            }
          },
          (visit) => {
            const enter = frames(frame);
            return eachValue(values, (value) => {
              meter.step();
              return holdsForAny(body(enter(value))) ? visit(value) : true;
            });
          },
        );
      };
    case 'sort':
      return (frame) => {
        const values = rows(frame);
        return lazy(() => {
          const enter = frames(frame);
          const sorter = new Sorter<Value>(compiler);
          eachValue(values, (value) => {
            meter.step();
            return sorter.add(value, body(enter(value)));
          });
          return sorter.sorted()[Symbol.iterator]();
        });
      };
    case 'each':
      return (frame) => {
        const enter = frames(frame);
        return eachValue(rows(frame), (value) => {
          meter.step();
          return isTrue(body(enter(value)));
        });
      };
  }
}

/** `any`: whether a row holds, or without a condition whether there is one; reads no further than the first. */
export function compileAny(compiler: Compiler, node: AnyNode, scope: Scope | null): Thunk {
  const { meter } = compiler;
  const rows = compiler.compile(node.rows, scope);
  if (node.condition === undefined) {
    return (frame) =>
      !eachValue(rows(frame), () => {
        meter.step();
        return false;
      });
  }
  const condition = compiler.compile(node.condition, { kind: 'row', outer: scope });
  const frames = framesFor([node.condition], node.rows);
  return (frame) => {
    const enter = frames(frame);
    return !eachValue(rows(frame), (value) => {
      meter.step();
      return !isTrue(condition(enter(value)));
    });
  };
}

/** Puts values in the ascending order of their keys; equal keys keep their order. */
export class Sorter<T> {
  private readonly keyed: { value: T; key: Value }[] = [];

  constructor(private readonly compiler: Compiler) {}

  /** Always true, for the readings that add. */
  add(value: T, key: Value): true {
    this.compiler.meter.hold();
    this.keyed.push({ value, key: isLazy(key) ? toArray(key) : key });
    return true;
  }

  sorted(): T[] {
    const { meter } = this.compiler;
    this.keyed.sort((left, right) => {
      meter.step();
      return compareKeys(left.key, right.key, meter);
    });
    return this.keyed.map(({ value }) => value);
  }
}
