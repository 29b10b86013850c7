import type { HostFunction, ResolvedArgs } from './environment.js';
import type { Span } from './span.js';

/** Thrown out of a synchronous evaluation: it cannot go on before this was waited for. Never seen by a host. */
export class Pending extends Error {
  /** The call. */
  at: Span | undefined;

  constructor(
    readonly host: HostFunction,
    /** One text for all calls with the same arguments. */
    readonly key: string,
    /** A promise or an asynchronous sequence. */
    readonly result: object,
  ) {
    super(`${host.name} has not answered yet`);
  }
}

/** Whether a host's answer must be waited for. */
export function isAsync(value: unknown): value is object {
  return isAsyncIterable(value) || isPromise(value);
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** The same function; what it must be waited for is asked of `known`, by the call, or thrown as {@link Pending}. */
export function awaiting(host: HostFunction, known: ReadonlyMap<string, unknown>): HostFunction {
  return {
    ...host,
    call: (args) => {
      const key = keyOf(host, args);
      if (known.has(key)) return known.get(key) as ReturnType<HostFunction['call']>;
      const result = host.call(args);
      if (isAsync(result)) throw new Pending(host, key, result);
      return result;
    },
  };
}

function keyOf({ name }: HostFunction, { positional, named }: ResolvedArgs): string {
  const entries = Object.entries(named).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([name, positional, entries]);
}
