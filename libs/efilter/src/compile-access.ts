import type { Expression, MemberNode, SliceNode, SubscriptNode } from './ast.js';
import { evalError } from './errors.js';
import type { Compiler, Frame, Scope, Thunk } from './scope.js';
import type { Span } from './span.js';
import { kindOf } from './stdlib/library.js';
import {
  asScalar,
  collapse,
  hasMember,
  isLazy,
  isRepeated,
  isRow,
  memberOf,
  type Rows,
  toArray,
  type Value,
} from './values.js';

/** `a.b`: null when there is no such member; over several values, the member of each. */
export function compileMember(compiler: Compiler, node: MemberNode, scope: Scope | null): Thunk {
  const object = compiler.compile(node.object, scope);
  const { name } = node;
  const resolve = (value: Value): Value => {
    if (isRow(value)) return memberOf(value, name);
    if (!isRepeated(value)) return null;
    const results: Value[] = [];
    for (const item of toArray(value)) {
      compiler.meter.step();
      results.push(resolve(item));
    }
    return collapse(results);
  };
  return (frame) => resolve(object(frame));
}

/** `a[k]`: an object's member, which must exist; a list's element by its place, or the member of each by name. */
export function compileSubscript(compiler: Compiler, node: SubscriptNode, scope: Scope | null): Thunk {
  const object = compiler.compile(node.object, scope);
  const key = compiler.compile(node.key, scope);
  return (frame) => {
    const container = object(frame);
    const chosen = asScalar(key(frame));
    if (container === null) return null;
    if (!isRepeated(container)) return select(container, chosen, node);
    if (typeof chosen === 'number') return elementAt(container, chosen, node);
    const results: Value[] = [];
    for (const item of toArray(container)) {
      compiler.meter.step();
      const result = item === null ? null : select(item, chosen, node);
      if (result !== null) results.push(result);
    }
    return results.length === 0 ? null : collapse(results);
  };
}

function select(container: Value, key: Value, at: Span): Value {
  if (!isRow(container)) throw evalError(`${kindOf(container)} has no elements to choose with [ ].`, at);
  if (typeof key !== 'string') throw evalError(`The key of an object is a string, not ${kindOf(key)}.`, at);
  if (!hasMember(container, key)) throw evalError(`The object has no member ${JSON.stringify(key)}.`, at);
  return memberOf(container, key);
}

/** Negative places count from the end; beyond either end is null. */
function elementAt(container: readonly Value[] | Rows, index: number, at: Span): Value {
  if (!Number.isInteger(index)) throw evalError('The place of an element is a whole number.', at);
  if (index < 0 || !isLazy(container)) return toArray(container).at(index) ?? null;
  let place = 0;
  for (const item of container) {
    if (place === index) return item;
    place += 1;
  }
  return null;
}

/** `a[b:c]`: a part of a list, rows or a text; negative ends count from the end, those left out are the ends. */
export function compileSlice(compiler: Compiler, node: SliceNode, scope: Scope | null): Thunk {
  const object = compiler.compile(node.object, scope);
  const from = endOf(compiler, node.from, scope);
  const to = endOf(compiler, node.to, scope);
  return (frame) => {
    const container = object(frame);
    const [start, end] = [from(frame), to(frame)];
    if (container === null) return null;
    if (typeof container === 'string') return Array.from(container).slice(start, end).join('');
    if (isRepeated(container)) return toArray(container).slice(start, end);
    throw evalError(`${kindOf(container)} has no parts to choose with [ : ].`, node);
  };
}

function endOf(
  compiler: Compiler,
  node: Expression | undefined,
  scope: Scope | null,
): (frame: Frame | null) => number | undefined {
  if (node === undefined) return () => undefined;
  const thunk = compiler.compile(node, scope);
  return (frame) => {
    const end = asScalar(thunk(frame));
    if (end === null) return undefined;
    if (typeof end === 'number' && Number.isInteger(end)) return end;
    throw evalError('The ends of a slice are whole numbers.', node);
  };
}
