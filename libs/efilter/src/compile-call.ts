import { checkNames, split } from './arguments.js';
import type { CallNode } from './ast.js';
import { callHost } from './call-host.js';
import { compileCallee } from './compile-names.js';
import { evalError } from './errors.js';
import type { Compiler, Frame, Scope, Thunk } from './scope.js';
import type { LibraryFunction } from './stdlib/library.js';
import type { Value } from './values.js';

/** A call: arguments are evaluated first, in the caller's scope; then the function is found and run. */
export function compileCall(compiler: Compiler, node: CallNode, scope: Scope | null): Thunk {
  const { environment, library, meter } = compiler;
  const callee = compileCallee(scope, node.name);
  const thunks = node.arguments.map((argument) => compiler.compile(argument.value, scope));
  const evaluate = (frame: Frame | null): readonly Value[] => thunks.map((thunk) => thunk(frame));
  return (frame) => {
    meter.step();
    const name = callee(frame);
    if (Object.hasOwn(environment.functions, name)) {
      const host = environment.functions[name];
      if (host !== undefined) return callHost(compiler, host, node, evaluate(frame));
    }
    const known = library.get(name);
    if (known === undefined) throw evalError(`There is no function or source named ${name}.`, node.nameSpan);
    return callLibrary(compiler, known, node, evaluate(frame));
  };
}

function callLibrary(compiler: Compiler, known: LibraryFunction, node: CallNode, values: readonly Value[]): Value {
  const args = known.variadic === true ? variadic(known, node, values) : assign(known, node, values);
  return known.call(args, { meter: compiler.meter, regexes: compiler.regexes, at: node });
}

function variadic(known: LibraryFunction, node: CallNode, values: readonly Value[]): readonly Value[] {
  for (const { keyword } of node.arguments) {
    if (keyword !== undefined) throw evalError(`${known.name} takes no argument named ${keyword.name}.`, keyword);
  }
  checkNames(node.arguments);
  return values;
}

/** The parameter that a keyword means. */
export function parameterOf(known: LibraryFunction, keyword: string): string {
  const { alternates } = known;
  return alternates !== undefined && Object.hasOwn(alternates, keyword) ? (alternates[keyword] ?? keyword) : keyword;
}

/** Puts the arguments in the order of the parameters. */
function assign(known: LibraryFunction, node: CallNode, values: readonly Value[]): readonly (Value | undefined)[] {
  checkNames(node.arguments);
  const { positional, named } = split(node.arguments, values);
  if (positional.length > known.params.length) {
    throw evalError(`${known.name} takes ${known.params.length} arguments, not ${positional.length}.`, node);
  }
  const ordered: readonly (Value | undefined)[] = known.reorder?.(node, positional) ?? positional;
  const args = known.params.map((_, index) => ordered[index]);
  for (const { keyword, value } of named) {
    const index = known.params.indexOf(parameterOf(known, keyword.name));
    if (index < 0) throw evalError(`${known.name} takes no argument named ${keyword.name}.`, keyword);
    if (args[index] !== undefined) throw evalError(`${known.name} got its argument ${keyword.name} twice.`, keyword);
    args[index] = value;
  }
  const missing = known.params.findIndex(
    (_, index) => index < (known.required ?? known.params.length) && args[index] === undefined,
  );
  if (missing >= 0) throw evalError(`${known.name} needs its argument ${known.params[missing] ?? ''}.`, node);
  return args;
}
