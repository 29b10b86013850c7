import { checkNames } from './arguments.js';
import type { CallNode } from './ast.js';
import { callHost } from './call-host.js';
import { compileCallee } from './compile-names.js';
import type { HostFunction } from './environment.js';
import { evalError } from './errors.js';
import type { Literal } from './literal.js';
import type { Compiler, Frame, Scope, Thunk } from './scope.js';
import type { CallContext, LibraryFunction } from './stdlib/library.js';
import { setMember, type Value } from './values.js';

/** A call: arguments are evaluated first, in the caller's scope; then the function is run. */
export function compileCall(compiler: Compiler, node: CallNode, scope: Scope | null): Thunk {
  const { meter } = compiler;
  const callee = compileCallee(scope, node.name);
  const thunks = node.arguments.map((argument) => compiler.compile(argument.value, scope));
  const known = callOf(compiler, node, node.name, thunks);
  if (callee === undefined) {
    return (frame) => {
      meter.step();
      return known(frame);
    };
  }
  return (frame) => {
    meter.step();
    const name = callee(frame);
    return (name === node.name ? known : callOf(compiler, node, name, thunks))(frame);
  };
}

/** The call of this very function of the host. */
export function compileHostCall(compiler: Compiler, host: HostFunction, node: CallNode, scope: Scope | null): Thunk {
  const thunks = node.arguments.map((argument) => compiler.compile(argument.value, scope));
  return (frame) => {
    compiler.meter.step();
    return callHost(
      compiler,
      host,
      node,
      thunks.map((thunk) => thunk(frame)),
    );
  };
}

/** The call of one function: of the host, or else of the library. */
function callOf(compiler: Compiler, node: CallNode, name: string, thunks: readonly Thunk[]): Thunk {
  const { environment, library } = compiler;
  const evaluate = (frame: Frame | null): readonly Value[] => thunks.map((thunk) => thunk(frame));
  const host = Object.hasOwn(environment.functions, name) ? environment.functions[name] : undefined;
  if (host !== undefined) return (frame) => callHost(compiler, host, node, evaluate(frame));
  const known = library.get(name);
  if (known === undefined) {
    return () => {
      throw evalError(`There is no function or source named ${name}.`, node.nameSpan);
    };
  }
  const { meter, regexes, epoch } = compiler;
  const context: CallContext = { meter, regexes, epoch, at: node };
  const plan = known.variadic === true ? undefined : planOf(known, node);
  if (plan instanceof Error) {
    return (frame) => {
      evaluate(frame);
      throw plan;
    };
  }
  if (known.callNamed !== undefined) {
    const { callNamed } = known;
    return (frame) => callNamed(namedOf(node, evaluate(frame)), context);
  }
  if (plan === undefined) {
    return (frame) => {
      const values = evaluate(frame);
      refuseNames(known, node);
      return known.call(values, context);
    };
  }
  const count = known.params.length;
  const special = specialOf(known, node, plan, context);
  const subject = thunks[plan.indexOf(0)];
  if (special !== undefined && subject !== undefined) return (frame) => special(subject(frame));
  return (frame) => {
    const args = new Array<Value | undefined>(count);
    for (let index = 0; index < thunks.length; index += 1) {
      const value = thunks[index]?.(frame);
      args[plan[index] ?? 0] = value;
    }
    return known.call(args, context);
  };
}

/** The function with all its arguments but the first, if these are literals and it has such a way. */
function specialOf(
  known: LibraryFunction,
  node: CallNode,
  plan: readonly number[],
  context: CallContext,
): ((value: Value) => Value) | undefined {
  const rest: Literal[] = [];
  for (let place = 1; place < known.params.length; place += 1) {
    const value = node.arguments[plan.indexOf(place)]?.value;
    if (value?.kind !== 'literal') return undefined;
    rest.push(value.value);
  }
  return known.specialise?.(rest, context);
}

function refuseNames(known: LibraryFunction, node: CallNode): void {
  for (const { keyword } of node.arguments) {
    if (keyword !== undefined) throw evalError(`${known.name} takes no argument named ${keyword.name}.`, keyword);
  }
  checkNames(node.arguments);
}

/** The arguments of a function that takes any names. */
function namedOf(node: CallNode, values: readonly Value[]): Record<string, Value> {
  checkNames(node.arguments);
  const named: Record<string, Value> = {};
  for (const [index, argument] of node.arguments.entries()) {
    const { keyword } = argument;
    if (keyword === undefined) throw evalError(`${node.name} takes name: value pairs.`, argument);
    if (Object.hasOwn(named, keyword.name)) throw evalError(`${node.name} got ${keyword.name} twice.`, keyword);
    setMember(named, keyword.name, values[index] ?? null);
  }
  return named;
}

/** The parameter that a keyword means. */
export function parameterOf(known: LibraryFunction, keyword: string): string {
  const { alternates } = known;
  return alternates !== undefined && Object.hasOwn(alternates, keyword) ? (alternates[keyword] ?? keyword) : keyword;
}

/** For each argument of the call the place of its parameter, or the error that the call is. */
function planOf(known: LibraryFunction, node: CallNode): readonly number[] | Error | undefined {
  if (known.callNamed !== undefined) return undefined;
  const { params } = known;
  const plan: number[] = [];
  const pair = node.arguments.find(({ keyword, value }) => keyword === undefined && value.kind === 'pair');
  if (pair?.value.kind === 'pair') return evalError('The name of an argument must be a bare word.', pair.value.key);
  const positional = node.arguments.filter(({ keyword }) => keyword === undefined);
  if (positional.length > params.length) {
    return evalError(`${known.name} takes ${params.length} arguments, not ${positional.length}.`, node);
  }
  const order = known.order?.(positional.map(({ value }) => value)) ?? params.map((_, index) => index);
  let place = 0;
  for (const { keyword } of node.arguments) {
    if (keyword === undefined) {
      plan.push(order[place] ?? place);
      place += 1;
      continue;
    }
    const index = params.indexOf(parameterOf(known, keyword.name));
    if (index < 0) return evalError(`${known.name} takes no argument named ${keyword.name}.`, keyword);
    if (plan.includes(index) || index < positional.length) {
      return evalError(`${known.name} got its argument ${keyword.name} twice.`, keyword);
    }
    plan.push(index);
  }
  const missing = params.findIndex((_, index) => index < (known.required ?? params.length) && !plan.includes(index));
  if (missing >= 0) return evalError(`${known.name} needs its argument ${params[missing] ?? ''}.`, node);
  return plan;
}
