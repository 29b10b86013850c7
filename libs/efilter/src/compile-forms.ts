import type { BindNode, CastNode, Expression, IfNode, IsaNode, LetNode } from './ast.js';
import { compileBound } from './compile-names.js';
import { evalError } from './errors.js';
import { Frame, FunctionValue, type Compiler, type Scope, type Thunk } from './scope.js';
import { convert, isOfType, isTypeName, type TypeName } from './stdlib/conversion.js';
import { kindOf } from './stdlib/library.js';
import { asScalar, isLazy, isTrue, remembered, type Rows, setMember, type Value } from './values.js';

/** `if`: the result of the first condition that is true; null when none is and there is no `else`. */
export function compileIf(compiler: Compiler, node: IfNode, scope: Scope | null): Thunk {
  const branches = node.branches.map((branch) => ({
    condition: compiler.compile(branch.condition, scope),
    result: compiler.compile(branch.result, scope),
  }));
  const otherwise = node.otherwise === undefined ? () => null : compiler.compile(node.otherwise, scope);
  return (frame) => {
    for (const { condition, result } of branches) if (isTrue(condition(frame))) return result(frame);
    return otherwise(frame);
  };
}

/** `let`: each binding sees those before it. Lazy rows are kept as they are read, so a second use sees the same. */
export function compileLet(compiler: Compiler, node: LetNode, scope: Scope | null): Thunk {
  const names = new Map<string, number>();
  const values = node.bindings.map(({ name, value }, slot) => {
    const visible: Scope = { kind: 'names', slots: new Map(names), outer: scope };
    names.set(name, slot);
    return value.kind === 'variable' ? compileBound(compiler, value, visible) : compiler.compile(value, visible);
  });
  const body = compiler.compile(node.body, { kind: 'names', slots: names, outer: scope });
  return (outer) => {
    const slots: (Value | FunctionValue)[] = [];
    const frame = new Frame(null, slots, outer);
    for (const value of values) slots.push(keep(compiler, value(frame)));
    return body(frame);
  };
}

/** The value itself; rows made on demand are remembered once they were read. */
export function keep<T extends Value | FunctionValue>(compiler: Compiler, value: T): T | Rows {
  return isLazy(value) ? remembered(value, compiler.meter.hold) : value;
}

/** `bind(k: v)`: an object; later entries see the earlier ones as names. */
export function compileBind(compiler: Compiler, node: BindNode, scope: Scope | null): Thunk {
  const names = new Map<string, number>();
  const entries = node.entries.map(({ key, value }, slot) => {
    const visible: Scope = { kind: 'names', slots: new Map(names), outer: scope };
    const name = key === undefined ? missingKey(value) : compiler.compile(key, visible);
    const entry = { key: name, value: compiler.compile(value, visible), at: key ?? value };
    if (key?.kind === 'literal' && typeof key.value === 'string') names.set(key.value, slot);
    return entry;
  });
  return (outer) => {
    const slots: Value[] = [];
    const frame = new Frame(null, slots, outer);
    const result: Record<string, Value> = {};
    for (const { key, value, at } of entries) {
      const name = asScalar(key(frame));
      if (typeof name !== 'string' && typeof name !== 'number') {
        throw evalError(`The key of bind must be a string, not ${kindOf(name)}.`, at);
      }
      const bound = keep(compiler, value(frame));
      slots.push(bound);
      setMember(result, String(name), bound);
    }
    return result;
  };
}

function missingKey(at: Expression): Thunk {
  return () => {
    throw evalError('bind takes name: value pairs.', at);
  };
}

/** `cast(x, type)`: an error when x cannot be of that type. */
export function compileCast(compiler: Compiler, node: CastNode, scope: Scope | null): Thunk {
  const value = compiler.compile(node.value, scope);
  const type = typeOf(node.type);
  return (frame) => {
    const given = value(frame);
    const wanted = type();
    const result = convert(given, wanted);
    if (result === undefined) throw evalError(`cast cannot make a ${wanted} of ${kindOf(given)} such as this.`, node);
    return result;
  };
}

/** `x isa type`. */
export function compileIsa(compiler: Compiler, node: IsaNode, scope: Scope | null): Thunk {
  const value = compiler.compile(node.value, scope);
  const type = typeOf(node.type);
  return (frame) => isOfType(value(frame), type());
}

/** The type that an expression names; an error, when it is evaluated, if it names none. */
function typeOf(node: Expression): () => TypeName {
  if (node.kind === 'variable' && isTypeName(node.name)) {
    const { name } = node;
    return () => name;
  }
  return () => {
    throw evalError('This is not a type: the types are int, float, str and bytes.', node);
  };
}
