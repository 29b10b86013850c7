import type { CallNode, Expression, Query, SelectNode } from './ast.js';
import { createCompiler } from './compiler.js';
import { compileCounts } from './compile-select.js';
import type { Environment, HostFunction } from './environment.js';
import { evalError } from './errors.js';
import { meterFor, queryOf, rowMaker, type EvaluateOptions } from './evaluator.js';
import type { Meter } from './limits.js';
import { awaiting, isAsyncIterable, Pending } from './pending.js';
import { toPlain } from './plain.js';
import type { Compiler, Thunk } from './scope.js';
import { waited } from './waited.js';
import { isList, isRepeated, isTrue, valuesOf, type Value } from './values.js';

/** Names that no query can write: the source that is read row by row, and the row at hand. */
const MAIN = '#main';
const CHUNK = '#chunk';
/** Answers kept from one row to the next, for sources that are asked again with the same arguments. */
const MAX_KEPT = 1_000;

/** How a query is answered row by row from one source of the host: `root` is about the row at hand. */
interface Plan {
  readonly source: CallNode;
  readonly root: Expression;
  /** `any` is decided by a row that holds, `each` by one that does not; undefined where values are yielded. */
  readonly decidedBy?: boolean;
  /** Whose LIMIT and OFFSET are counted over all rows. */
  readonly select?: SelectNode;
}

/**
 * Like `evaluate` and `drain`, for an environment whose sources and functions may answer with promises or asynchronous
 * sequences. The rows of the outermost source are read one by one, unless the query orders or groups them; the answers
 * of others are held in memory while they are needed. What is around such a call may be evaluated more than once.
 * @throws EfilterError (as a rejection) of kind `parse` or `eval`; also when the signal is aborted while waiting
 */
export async function evaluateAsync(
  query: Query | string,
  env: Environment,
  options: EvaluateOptions = {},
): Promise<Value> {
  const run = new AsyncRun(queryOf(query, options), env, options);
  const { meter } = run.compiler;
  if (run.plan === undefined || run.plan.decidedBy !== undefined) {
    const value = await run.value();
    meter.answer(value);
    return value;
  }
  const values: Value[] = [];
  for await (const value of run.streamed(run.plan)) {
    meter.answer(value);
    values.push(value);
  }
  return values;
}

/** Like `rows`, for asynchronous sources; see {@link evaluateAsync}. */
export async function* rowsAsync(
  query: Query | string,
  env: Environment,
  options: EvaluateOptions = {},
): AsyncGenerator<Record<string, Value>> {
  const run = new AsyncRun(queryOf(query, options), env, options);
  const toRow = rowMaker(run.root, run.compiler);
  for await (const value of run.values()) yield toRow(value);
}

/** Like `holds`, for asynchronous sources. Reads no further than the first row. */
export async function holdsAsync(
  query: Query | string,
  env: Environment,
  options: EvaluateOptions = {},
): Promise<boolean> {
  const run = new AsyncRun(queryOf(query, options), env, options);
  if (run.plan !== undefined && run.plan.decidedBy === undefined) {
    for await (const _ of run.streamed(run.plan)) return true;
    return false;
  }
  const value = await run.value();
  return isList(value) ? value.length > 0 : isTrue(value);
}

function planOf(root: Expression, { functions }: Environment): Plan | undefined {
  const source = root.kind === 'select' ? root.from : 'rows' in root ? root.rows : undefined;
  if (source?.kind !== 'call' || !Object.hasOwn(functions, source.name)) return undefined;
  if (functions[source.name]?.kind !== 'source') return undefined;
  const chunk: CallNode = { ...source, name: CHUNK, arguments: [] };
  switch (root.kind) {
    case 'select': {
      if (root.orderBy !== undefined || root.groupBy !== undefined) return undefined;
      const { limit: _limit, offset: _offset, ...bare } = root;
      return { source, root: { ...bare, from: chunk }, select: root };
    }
    case 'any':
      return { source, root: { ...root, rows: chunk }, decidedBy: true };
    case 'each':
      return { source, root: { ...root, rows: chunk }, decidedBy: false };
    case 'filter':
    case 'map':
      return { source, root: { ...root, rows: chunk } };
    default:
      return undefined;
  }
}

/** One evaluation that waits for its sources. */
class AsyncRun {
  readonly root: Expression;
  readonly plan: Plan | undefined;
  readonly compiler: Compiler;
  private readonly meter: Meter;
  /** Answers that were waited for, by call. */
  private readonly known = new Map<string, unknown>();
  /** Calls of the outermost source whose rows have all been read. */
  private readonly finished = new Map<string, unknown>();
  private chunk: readonly unknown[] = [];

  constructor(
    { root, text }: Query,
    private readonly env: Environment,
    private readonly options: EvaluateOptions,
  ) {
    this.root = root;
    this.plan = planOf(root, env);
    this.meter = meterFor(options, text);
    this.compiler = this.compilerFor({});
  }

  /** The values of the answer, plain, as they come. */
  async *values(): AsyncGenerator<Value> {
    if (this.plan !== undefined && this.plan.decidedBy === undefined) yield* this.streamed(this.plan);
    else yield* valuesOf(await this.value());
  }

  /** The whole answer, plain. */
  async value(): Promise<Value> {
    const { plan } = this;
    if (plan?.decidedBy !== undefined) return this.decided(plan, plan.decidedBy);
    const thunk = this.compiler.compile(this.root, null);
    return this.retried(() => toPlain(thunk(null), this.meter));
  }

  private async decided({ source, root }: Plan, by: boolean): Promise<boolean> {
    const thunk = this.perChunk(source, root);
    for await (const chunk of this.chunks(source)) if ((await this.onChunk(chunk, thunk)).includes(by)) return by;
    return !by;
  }

  /** The values that a plan yields, as they come. */
  async *streamed({ source, root, select }: Plan): AsyncGenerator<Value> {
    const thunk = this.perChunk(source, root);
    const counts = select === undefined ? undefined : compileCounts(this.compiler, select, null);
    let skip = await this.retried(() => counts?.offset(null) ?? 0);
    let left = await this.retried(() => counts?.limit(null) ?? Infinity);
    if (left === 0) return;
    for await (const chunk of this.chunks(source)) {
      for (const value of await this.onChunk(chunk, thunk)) {
        if (skip > 0) {
          skip -= 1;
          continue;
        }
        yield value;
        left -= 1;
        if (left === 0) return;
      }
    }
  }

  /** The rows of the outermost source, each as soon as it is there. */
  private async *chunks(source: CallNode): AsyncGenerator<readonly unknown[]> {
    const host = this.env.functions[source.name];
    if (host === undefined) return;
    const { finished } = this;
    const compiler = this.compilerFor({ [MAIN]: awaiting(host, finished) });
    const thunk = compiler.compile({ ...source, name: MAIN }, null);
    // Calls for several arguments may be answered at once: their rows come again with every further call.
    let passed = 0;
    for (;;) {
      let pending: Pending;
      try {
        let place = 0;
        for (const value of valuesOf(thunk(null))) {
          place += 1;
          if (place <= passed) continue;
          passed = place;
          yield [value];
        }
        return;
      } catch (error) {
        if (!(error instanceof Pending)) throw error;
        pending = error;
      }
      if (pending.host !== host) await this.load(pending);
      else {
        for await (const row of this.sequence(pending)) yield [row];
        finished.set(pending.key, []);
      }
    }
  }

  private perChunk({ name }: CallNode, root: Expression): Thunk {
    const host = this.env.functions[name];
    const { columns } = host ?? {};
    const source: HostFunction = {
      name: host?.name ?? CHUNK,
      kind: 'source',
      ...(columns === undefined ? {} : { columns }),
      call: () => this.chunk as Value[],
    };
    return this.compilerFor({ [CHUNK]: source }).compile(root, null);
  }

  private async onChunk(chunk: readonly unknown[], thunk: Thunk): Promise<readonly Value[]> {
    if (this.known.size > MAX_KEPT) this.known.clear();
    return this.retried(() => {
      this.chunk = chunk;
      const value = thunk(null);
      return isRepeated(value) ? Array.from(valuesOf(value), (item) => toPlain(item, this.meter)) : [value];
    });
  }

  /** Evaluates again after each answer that it had to wait for. */
  private async retried<T>(evaluate: () => T): Promise<T> {
    for (;;) {
      try {
        return evaluate();
      } catch (error) {
        if (!(error instanceof Pending)) throw error;
        await this.load(error);
      }
    }
  }

  private async load(pending: Pending): Promise<void> {
    const { known } = this;
    if (pending.host.kind === 'function' && !isAsyncIterable(pending.result)) {
      known.set(pending.key, await this.answerOf(pending));
      return;
    }
    const rows: unknown[] = [];
    for await (const row of this.sequence(pending)) {
      this.meter.hold();
      rows.push(row);
    }
    known.set(pending.key, rows);
  }

  /** Rows as they come; the source is closed when reading stops early. */
  private async *sequence(pending: Pending): AsyncGenerator {
    const answer = isAsyncIterable(pending.result) ? pending.result : await this.answerOf(pending);
    if (!isAsyncIterable(answer)) {
      yield* valuesOf((answer ?? null) as Value);
      return;
    }
    const iterator = answer[Symbol.asyncIterator]();
    let open = true;
    try {
      for (;;) {
        const next = await this.hosts(pending, iterator.next());
        open = next.done !== true;
        if (!open) return;
        this.meter.step();
        yield next.value;
      }
    } catch (error) {
      open = false;
      // Not waited for: it may be what does not answer.
      void Promise.allSettled([iterator.return?.()]);
      throw error;
    } finally {
      if (open) await iterator.return?.();
    }
  }

  private async answerOf(pending: Pending): Promise<unknown> {
    return this.hosts(pending, Promise.resolve(pending.result));
  }

  /** Waits for the host as long as time and signal allow; its failures are errors of the query. */
  private async hosts<T>({ host, at }: Pending, promise: Promise<T>): Promise<T> {
    const answered = promise.catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw evalError(`${host.name} failed: ${reason}`, at ?? this.root, error);
    });
    return waited(answered, this.meter, this.options.signal);
  }

  private compilerFor(more: Readonly<Record<string, HostFunction>>): Compiler {
    const functions: Record<string, HostFunction> = {};
    for (const [name, host] of Object.entries(this.env.functions)) functions[name] = awaiting(host, this.known);
    return createCompiler({ ...this.env, functions: { ...functions, ...more } }, this.meter, {
      regexes: this.options.regexes,
      epoch: this.options.epoch,
    });
  }
}
