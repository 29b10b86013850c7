import type { ChildExit } from '#embedded';
import { CommandError } from '../errors.js';

/** A running child: what all kinds of them have. */
export interface Part {
  name: string;
  pid: number;
  exited: Promise<ChildExit>;
  stop(): Promise<unknown>;
  output(): string;
}

const LAST_LINES = 10;

const howItEnded = (exit: ChildExit): string =>
  exit.signal === null ? `ended with code ${String(exit.code)}` : `was ended by ${exit.signal}`;

/** The children that this command started, in the order in which they were started. */
export class Parts {
  readonly #running: Part[] = [];
  readonly #died = Promise.withResolvers<never>();
  readonly #afterwards: (() => Promise<unknown>)[] = [];
  #stopping: Promise<void> | undefined;

  constructor() {
    this.#died.promise.catch(() => undefined); // whoever waits for it sees it
  }

  /** Rejects with a {@link CommandError} that names the first child that ends by itself, with its last lines. */
  get died(): Promise<never> {
    return this.#died.promise;
  }

  /** Takes a child under care. */
  add<T extends Part>(part: T): T {
    this.#running.push(part);
    void part.exited.then((exit) => {
      if (this.#stopping !== undefined) return;
      const lines = part.output().split('\n').slice(-LAST_LINES).join('\n');
      const said = lines === '' ? 'it wrote nothing' : `its last lines:\n${lines}`;
      this.#died.reject(new CommandError(`${part.name} (process ${String(part.pid)}) ${howItEnded(exit)}; ${said}`, 1));
    });
    return part;
  }

  /** What is to be done when all have stopped. */
  afterwards(work: () => Promise<unknown>): void {
    this.#afterwards.push(work);
  }

  /** Stops all, the last started first; those of one kind (`agent 1`, `agent 2`) at the same time. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const group of this.#groups().reverse()) {
      const results = await Promise.allSettled(group.map((part) => part.stop()));
      failures.push(...results.filter((r) => r.status === 'rejected').map((r) => r.reason as unknown));
    }
    for (const work of this.#afterwards) await work();
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop');
  }

  #groups(): Part[][] {
    const groups = new Map<string, Part[]>();
    for (const part of this.#running) {
      const kind = part.name.replace(/ \d+$/, '');
      groups.set(kind, [...(groups.get(kind) ?? []), part]);
    }
    return [...groups.values()];
  }
}
