import type { Expression } from './ast.js';
import { compileCall } from './compile-call.js';
import { compileName, compileNull } from './compile-names.js';
import { compileBinary, compileUnary } from './compile-operators.js';
import { compileMember, compileSlice, compileSubscript } from './compile-access.js';
import { compileAny, compileOverRows } from './compile-rows.js';
import { compileSelect } from './compile-select.js';
import { compileBind, compileCast, compileIf, compileIsa, compileLet } from './compile-forms.js';
import type { Environment } from './environment.js';
import type { Meter } from './limits.js';
import { NATIVE_REGEX, RegexCache, type RegexEngine } from './regex.js';
import type { Compiler, Scope, Thunk } from './scope.js';
import { LIBRARY } from './stdlib/index.js';
import { fromHost, type Value } from './values.js';

/** What the host brings besides its sources. */
interface Host {
  readonly regexes?: RegexEngine | undefined;
  readonly epoch?: number | undefined;
}

/** Turns trees into closures for one evaluation. */
export function createCompiler(
  environment: Environment,
  meter: Meter,
  { regexes = NATIVE_REGEX, epoch = Date.now() / 1_000 }: Host,
): Compiler {
  const compiler: Compiler = {
    environment,
    library: LIBRARY,
    meter,
    limits: meter.limits,
    regexes: new RegexCache(meter.limits, regexes, () => {
      meter.look();
    }),
    aliases: new WeakMap(),
    nested: false,
    epoch,
    compile: (node, scope) => compileNode(compiler, node, scope),
    compileWith: compileNode,
  };
  return compiler;
}

function compileNode(compiler: Compiler, node: Expression, scope: Scope | null): Thunk {
  switch (node.kind) {
    case 'literal': {
      const value = fromHost(node.value);
      return () => value;
    }
    case 'null':
      return compileNull(compiler, node, scope);
    case 'variable':
      return compileName(compiler, node, scope);
    case 'unary':
      return compileUnary(compiler, node, scope);
    case 'binary':
      return compileBinary(compiler, node, scope);
    case 'isa':
      return compileIsa(compiler, node, scope);
    case 'member':
      return compileMember(compiler, node, scope);
    case 'subscript':
      return compileSubscript(compiler, node, scope);
    case 'slice':
      return compileSlice(compiler, node, scope);
    case 'pair':
      return compileItems(compiler, [node.key, node.value], scope);
    case 'list':
      return compileItems(compiler, node.items, scope);
    case 'repeat':
      return compileRepeat(compiler, node.items, scope);
    case 'call':
      return compileCall(compiler, node, scope);
    case 'map':
    case 'filter':
    case 'sort':
    case 'each':
    case 'foreach':
      return compileOverRows(compiler, node, scope);
    case 'any':
      return compileAny(compiler, node, scope);
    case 'cast':
      return compileCast(compiler, node, scope);
    case 'bind':
      return compileBind(compiler, node, scope);
    case 'if':
      return compileIf(compiler, node, scope);
    case 'let':
      return compileLet(compiler, node, scope);
    case 'select':
      return compileSelect(compiler, node, scope);
  }
}

function compileItems(
  compiler: Compiler,
  nodes: readonly Expression[],
  scope: Scope | null,
): (...args: Parameters<Thunk>) => Value[] {
  const thunks = nodes.map((node) => compiler.compile(node, scope));
  return (frame) => thunks.map((thunk) => thunk(frame));
}

/** `(a, b)` drops nulls; what remains is itself when it is one value. */
function compileRepeat(compiler: Compiler, nodes: readonly Expression[], scope: Scope | null): Thunk {
  const items = compileItems(compiler, nodes, scope);
  return (frame) => {
    const present = items(frame).filter((value) => value !== null);
    return present.length > 1 ? present : (present[0] ?? null);
  };
}
