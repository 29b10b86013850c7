import { checkNames, split } from './arguments.js';
import { ArrayReader } from './array-reader.js';
import type { CallNode } from './ast.js';
import type { HostFunction, Parameter, ResolvedArgs } from './environment.js';
import { evalError } from './errors.js';
import type { Compiler } from './scope.js';
import { isAsync, Pending } from './pending.js';
import { kindOf } from './stdlib/library.js';
import {
  fromHost,
  hasMember,
  isRepeated,
  isRow,
  memberOf,
  isLazy,
  lazy,
  setMember,
  standIn,
  type Row,
  type RowTest,
  type Value,
  type Visit,
} from './values.js';

type Named = Record<string, Value>;

/** Calls a function of the host with checked arguments; what it throws becomes an evaluation error at the call. */
export function callHost(compiler: Compiler, host: HostFunction, node: CallNode, values: readonly Value[]): Value {
  const calls = resolve(compiler, host, node, values);
  if (host.kind === 'function') {
    const [args] = calls;
    return args === undefined ? null : valueOf(compiler, host, node, args);
  }
  const [only] = calls;
  const readEach = (visit: Visit, passes?: RowTest): boolean =>
    calls.every((args) => readAll(compiler, host, node, args, visit, passes));
  if (calls.length === 1 && only !== undefined) return lazy(() => begin(compiler, host, node, only), readEach);
  return lazy(function* () {
    for (const args of calls) yield* lazy(() => begin(compiler, host, node, args));
  }, readEach);
}

/** Calls a source and hands its rows to `visit`. */
function readAll(
  compiler: Compiler,
  host: HostFunction,
  node: CallNode,
  args: ResolvedArgs,
  visit: Visit,
  passes: RowTest | undefined,
): boolean {
  const result: unknown = guarded(host, node, () => host.call(args));
  if (!isArray(result)) return lazy(() => iteratorOver(compiler, host, node, result)).read(visit);
  const { columns } = host;
  const { meter } = compiler;
  for (const row of result) {
    if (passes !== undefined && !passes(row)) {
      meter.step();
      continue;
    }
    if (!visit(columns === undefined ? fromHost(row) : complete(fromHost(row), columns))) return false;
  }
  return true;
}

/** The value of a function; what it yields beyond arrays is read when it is needed, by calling again if need be. */
function valueOf(compiler: Compiler, host: HostFunction, node: CallNode, args: ResolvedArgs): Value {
  const result: unknown = guarded(host, node, () => host.call(args));
  if (!isIterable(result) || typeof result === 'string' || Array.isArray(result) || isLazy(result)) {
    return fromHost(result);
  }
  let first: Iterable<unknown> | undefined = result;
  return lazy(() => {
    const iterable = first;
    first = undefined;
    return iterable === undefined ? begin(compiler, host, node, args) : read(compiler, host, node, iterable);
  });
}

/** Calls a source and begins to read its rows. */
function begin(compiler: Compiler, host: HostFunction, node: CallNode, args: ResolvedArgs): Iterator<Value> {
  return iteratorOver(
    compiler,
    host,
    node,
    guarded(host, node, () => host.call(args)),
  );
}

function iteratorOver(compiler: Compiler, host: HostFunction, node: CallNode, result: unknown): Iterator<Value> {
  if (isArray(result)) return arrayReader(host, result);
  if (isIterable(result)) return read(compiler, host, node, result);
  return arrayReader(host, result === null || result === undefined ? [] : [result]);
}

function arrayReader({ columns }: HostFunction, rows: readonly unknown[]): ArrayReader {
  return new ArrayReader(rows, columns === undefined ? fromHost : (row) => complete(fromHost(row), columns));
}

/** The source is closed when reading stops early. */
function* read(compiler: Compiler, host: HostFunction, node: CallNode, result: Iterable<unknown>): Generator<Value> {
  const iterator = guarded(host, node, () => result[Symbol.iterator]());
  let open = true;
  try {
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = iterator.next();
      } catch (error) {
        open = false;
        throw hostError(host, node, error);
      }
      open = next.done !== true;
      if (!open) return;
      compiler.meter.step();
      yield complete(fromHost(next.value), host.columns);
    }
  } finally {
    if (open) guarded(host, node, () => iterator.return?.());
  }
}

/** Runs code of the host. */
function guarded<T>(host: HostFunction, node: CallNode, run: () => T): T {
  let result: T;
  try {
    result = run();
  } catch (error) {
    if (!(error instanceof Pending)) throw hostError(host, node, error);
    error.at ??= node;
    throw error;
  }
  if (isAsync(result)) throw evalError(`${host.name} does not answer at once, and this evaluation cannot wait.`, node);
  return result;
}

function hostError(host: HostFunction, node: CallNode, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return evalError(`${host.name} failed: ${reason}`, node, error);
}

function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** A row with every declared column, in the declared order; further columns follow. Members are copied unread. */
function complete(value: Value, columns: readonly string[] | undefined): Value {
  if (columns === undefined || !isRow(value)) return value;
  if (inOrder(value, columns)) return value;
  const names = Object.keys(value);
  const result: Record<string, Value> = {};
  for (const column of columns) copyMember(value, result, column);
  for (const name of names) if (!columns.includes(name)) copyMember(value, result, name);
  return result;
}

/** Whether the members are the columns, in their order. */
function inOrder(row: Row, columns: readonly string[]): boolean {
  let place = 0;
  for (const name in row) {
    if (name !== columns[place]) return false;
    place += 1;
  }
  return place === columns.length;
}

function copyMember(from: Row, to: Record<string, Value>, name: string): void {
  const descriptor = hasMember(from, name) ? Object.getOwnPropertyDescriptor(from, name) : undefined;
  if (descriptor === undefined) setMember(to, name, null);
  else Object.defineProperty(to, name, { ...descriptor, configurable: true });
}

/** The argument sets to call with: one, or one for each value of repeated arguments that are no lists by declaration. */
function resolve(
  compiler: Compiler,
  host: HostFunction,
  node: CallNode,
  values: readonly Value[],
): readonly ResolvedArgs[] {
  checkNames(node.arguments);
  const { positional, named } = split(node.arguments, values);
  const { params } = host;
  const args: Named = {};
  if (params !== undefined && positional.length > params.length) {
    throw evalError(`${host.name} takes ${params.length} arguments, not ${positional.length}.`, node);
  }
  for (const [index, value] of positional.entries()) {
    const name = params?.[index]?.name;
    if (name !== undefined) setMember(args, name, materialise(compiler, value, name));
  }
  for (const { keyword, value } of named) {
    if (params !== undefined && !params.some((param) => param.name === keyword.name)) {
      throw evalError(`${host.name} takes no argument named ${keyword.name}.`, keyword);
    }
    if (Object.hasOwn(args, keyword.name)) {
      throw evalError(`${host.name} got its argument ${keyword.name} twice.`, keyword);
    }
    setMember(args, keyword.name, materialise(compiler, value, keyword.name));
  }
  if (params === undefined) {
    return [{ positional: positional.map((value) => materialise(compiler, value, undefined)), named: args }];
  }
  for (const param of params) completeArgument(host, node, args, param);
  return product(compiler, host, node, params, args);
}

function completeArgument(host: HostFunction, node: CallNode, args: Named, param: Parameter): void {
  if (Object.hasOwn(args, param.name)) return;
  if (param.default !== undefined) setMember(args, param.name, param.default);
  else if (param.required === true) throw evalError(`${host.name} needs its argument ${param.name}.`, node);
}

/** A source whose parameter takes one value is run once per value of a repeated argument. */
function product(
  compiler: Compiler,
  host: HostFunction,
  node: CallNode,
  params: readonly Parameter[],
  args: Named,
): readonly ResolvedArgs[] {
  let sets: Named[] = [args];
  for (const param of params) {
    if (!Object.hasOwn(args, param.name)) continue;
    const given = args[param.name] ?? null;
    if (param.array === true) {
      const list = isRepeated(given) ? given : given === null ? null : [given];
      sets = sets.map((set) => withMember(set, param.name, list));
    } else if (host.kind === 'source' && isRepeated(given)) {
      sets = sets.flatMap((set) =>
        [...given].map((value) => {
          compiler.meter.hold();
          return withMember(set, param.name, value);
        }),
      );
    }
    for (const set of sets) checkType(host, node, param, set[param.name] ?? null);
  }
  return sets.map((named) => ({ positional: [], named }));
}

function withMember(set: Named, name: string, value: Value): Named {
  const copy = { ...set };
  setMember(copy, name, value);
  return copy;
}

function checkType(host: HostFunction, node: CallNode, param: Parameter, value: Value): void {
  if (param.type === undefined || value === null) return;
  for (const item of param.array === true && isRepeated(value) ? value : [value]) {
    if (item === null || typeof item === param.type) continue;
    throw evalError(`The argument ${param.name} of ${host.name} must be a ${param.type}, not ${kindOf(item)}.`, node);
  }
}

/** Repeated values as plain lists; rows of one column, or with a column named like the argument, stand for a value. */
function materialise(compiler: Compiler, value: Value, name: string | undefined): Value {
  if (!isRepeated(value)) return value;
  const list: Value[] = [];
  for (const item of value) {
    if (isLazy(value)) compiler.meter.hold();
    list.push(stand(fromHost(item), name));
  }
  return list;
}

function stand(item: Value, name: string | undefined): Value {
  if (!isRow(item)) return item;
  if (name !== undefined && hasMember(item, name)) return memberOf(item, name);
  return standIn(item);
}
