import type { NullNode, VariableNode } from './ast.js';
import { evalError } from './errors.js';
import { ancestor, FunctionValue, type Compiler, type Frame, type Scope, type Thunk } from './scope.js';
import { columnReader, fromHost, type Value } from './values.js';

type Found = Value | FunctionValue;
type Lookup = (frame: Frame | null) => Found;

/** A variable: the innermost binding of its name. Unknown names are errors when they are evaluated, not before. */
export function compileName(compiler: Compiler, node: VariableNode, scope: Scope | null): Thunk {
  return asValue(
    node,
    lookup(compiler, node.name, scope, () => {
      throw unknown(compiler, node);
    }),
    scope,
  );
}

/** `null`, unless something of this very name is in scope. */
export function compileNull(compiler: Compiler, node: NullNode, scope: Scope | null): Thunk {
  return asValue(
    node,
    lookup(compiler, node.name, scope, () => null),
    scope,
  );
}

/** Like {@link compileName}, but a function may be the value: for `let f = lower`. */
export function compileBound(compiler: Compiler, node: VariableNode, scope: Scope | null): Lookup {
  const { name } = node;
  return lookup(compiler, name, scope, () => {
    if (isFunction(compiler, name)) return new FunctionValue(name);
    throw unknown(compiler, node);
  });
}

function asValue(node: NullNode | VariableNode, find: Lookup, scope: Scope | null): Thunk {
  if (!bindsName(scope, node.name)) return find as Thunk;
  return (frame) => {
    const found = find(frame);
    if (found instanceof FunctionValue) throw mustBeCalled(node);
    return found;
  };
}

/** Whether a `let` may have bound a function to the name. */
function bindsName(scope: Scope | null, name: string): boolean {
  for (let at = scope; at !== null; at = at.outer) if (at.kind === 'names' && at.slots.has(name)) return true;
  return false;
}

function mustBeCalled(node: NullNode | VariableNode): Error {
  return evalError(`${node.name} is a function and must be called: ${node.name}(...).`, node);
}

function unknown(compiler: Compiler, node: VariableNode): Error {
  if (isFunction(compiler, node.name)) return mustBeCalled(node);
  return evalError(`There is no variable or column named ${node.name}.`, node);
}

function isFunction(compiler: Compiler, name: string): boolean {
  return Object.hasOwn(compiler.environment.functions, name) || compiler.library.has(name);
}

/** The function that a `let` bound to the name, if the innermost such binding is one; undefined where no `let` binds it. */
export function compileCallee(scope: Scope | null, name: string): ((frame: Frame | null) => string) | undefined {
  const probes: { hops: number; slot: number }[] = [];
  let hops = 0;
  for (let at = scope; at !== null; at = at.outer) {
    const slot = at.kind === 'names' ? at.slots.get(name) : undefined;
    if (slot !== undefined) probes.push({ hops, slot });
    if (at.kind !== 'alias') hops += 1;
  }
  if (probes.length === 0) return undefined;
  return (frame) => {
    for (const probe of probes) {
      const bound = ancestor(frame, probe.hops)?.slots[probe.slot];
      if (bound instanceof FunctionValue) return bound.name;
    }
    return name;
  };
}

/** Looks through the scopes from the innermost out; `missing` answers when none has the name. */
function lookup(compiler: Compiler, name: string, scope: Scope | null, missing: () => Found): Lookup {
  if (scope === null) return rootLookup(compiler, name, missing);
  switch (scope.kind) {
    case 'row': {
      const outer = lookup(compiler, name, scope.outer, missing);
      const read = columnReader(name);
      const declared = scope.declared?.has(name) === true;
      const find: Lookup = (frame) => {
        const row = frame?.row ?? null;
        if (row === null) return outer(frame?.outer ?? null);
        const value = read(row);
        if (value !== undefined) return value;
        return declared ? null : outer(frame?.outer ?? null);
      };
      if (name in Object.prototype) return find;
      return (frame) => {
        const value = frame !== null && frame.plain ? frame.row?.[name] : undefined;
        return typeof value === 'string' || typeof value === 'number' ? value : find(frame);
      };
    }
    case 'names': {
      const slot = scope.slots.get(name);
      if (slot !== undefined) return (frame) => frame?.slots[slot] ?? null;
      const outer = lookup(compiler, name, scope.outer, missing);
      return (frame) => outer(frame?.outer ?? null);
    }
    case 'alias':
      return scope.name === name ? aliasLookup(compiler, scope) : lookup(compiler, name, scope.outer, missing);
  }
}

/** The aliased expression, evaluated anew for each use. */
function aliasLookup(compiler: Compiler, scope: Scope & { kind: 'alias' }): Thunk {
  const known = compiler.aliases.get(scope);
  if (known !== undefined) return known;
  const value = compiler.compile(scope.value, scope.outer);
  const thunk: Thunk = (frame) => {
    compiler.meter.step();
    return value(frame);
  };
  compiler.aliases.set(scope, thunk);
  return thunk;
}

function rootLookup(compiler: Compiler, name: string, missing: () => Found): Lookup {
  const { variables } = compiler.environment;
  if (variables === undefined || !Object.hasOwn(variables, name)) return missing;
  const value = fromHost(variables[name]);
  return () => value;
}
