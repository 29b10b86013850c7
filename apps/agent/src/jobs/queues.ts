import { ALL_LABEL, type LocalFile, type S3SignedPolicy } from '#wire';
import type { Obeyed } from './manifest-file.js';
import { type QueueDeps, QueueFile } from './queue-file.js';
import type { AgentClock } from '../clock.js';
import type { StateStore } from '../state/state-store.js';
import { type JobEntry, localFileOf } from './job-entry.js';

/** What one reading of all queues gave. */
export interface QueuesRead {
  /** A new file was taken. */
  changed: boolean;
  /** What the store asked us to wait, in milliseconds. */
  retryAfterMs: number;
}

/** The client's own queue, that of `All`, and those of the labels that people gave it. */
export class Queues {
  readonly #own: QueueFile;
  #labels: readonly QueueFile[] = [];

  constructor(
    ownQueue: string,
    private readonly deps: QueueDeps & { state: StateStore; clock: AgentClock },
  ) {
    this.#own = new QueueFile(ownQueue, { kind: 'own' }, deps);
  }

  /** When the server registered this client; undefined until its own file says so. */
  get registeredAt(): string | undefined {
    return this.#own.jobFile?.registered_at;
  }

  /** The labels that people gave this client. */
  get trustedLabels(): string[] {
    return (this.#own.jobFile?.queues ?? []).map((q) => q.label);
  }

  /** A file was newly refused for its signer: a newer trust list may name it. True once for each such file. */
  takeNeedsTrust(): boolean {
    return [this.#own, ...this.#labels].filter((file) => file.takeNeedsTrust()).length > 0;
  }

  entries(): JobEntry[] {
    return [this.#own, ...this.#labels].flatMap((file) => [...file.entries]);
  }

  /** All upload rights that verified files gave for results. */
  grants(): S3SignedPolicy[] {
    return [this.#own, ...this.#labels]
      .flatMap((file) => file.jobFile?.grants.map((g) => g.location) ?? [])
      .filter((location) => location.__type__ === 'S3SignedPolicy');
  }

  /** The folder of this machine that an attempt names for its results and tickets, if it names one. */
  localFileOf(flow: { flow_id: string; attempt: number }): LocalFile | undefined {
    return this.entries()
      .filter((entry) => entry.flowId === flow.flow_id && entry.attempt === flow.attempt)
      .map(localFileOf)
      .find((location) => location !== undefined);
  }

  /** The trust list is another one: everything is judged again. */
  forgetAll(): void {
    for (const file of [this.#own, ...this.#labels]) file.forget();
  }

  /** The trust list was read again: what was refused is judged again. */
  forgetRefused(): void {
    for (const file of [this.#own, ...this.#labels]) if (file.isRefused) file.forget();
  }

  /** Reads all queues in parallel; a label that is new in the own file is read in the same turn. */
  async read(obeyed: Obeyed, signal: AbortSignal): Promise<QueuesRead> {
    this.#follow(obeyed);
    const first = [this.#own, ...this.#labels];
    const result = await this.#readFiles(first, obeyed, signal);
    this.#follow(obeyed);
    const added = this.#labels.filter((file) => !first.includes(file));
    const more = await this.#readFiles(added, obeyed, signal);
    return {
      changed: result.changed || more.changed,
      retryAfterMs: Math.max(result.retryAfterMs, more.retryAfterMs),
    };
  }

  /** The label queues that the Manifest and the own file name now; what is still named keeps what it has. */
  #follow({ manifest }: Obeyed): void {
    const wanted = [{ label: ALL_LABEL, queue: manifest.all_queue }, ...(this.#own.jobFile?.queues ?? [])];
    this.#labels = wanted.map(
      ({ label, queue }) =>
        this.#labels.find((file) => file.queue === queue && file.role.kind === 'label' && file.role.label === label) ??
        new QueueFile(queue, { kind: 'label', label }, this.deps),
    );
  }

  async #readFiles(
    files: readonly QueueFile[],
    { trust }: Obeyed,
    signal: AbortSignal,
  ): Promise<{ changed: boolean; retryAfterMs: number }> {
    const { state, clock } = this.deps;
    const reads = await Promise.all(files.map(async (file) => ({ file, read: await file.fetch(signal) })));
    let changed = false;
    let retryAfterMs = 0;
    // One after another: each builds on the marks that the one before saved.
    for (const { file, read } of reads) {
      const save = (marks: typeof state.marks): Promise<void> => state.saveMarks(marks);
      if (await file.take(read, { trust, now: clock.now(), marks: state.marks, save })) {
        changed = true;
        if (file.jobFile !== undefined) clock.notBefore(file.jobFile.issued_at);
      }
      if (read.kind === 'wait') retryAfterMs = Math.max(retryAfterMs, read.retryAfterMs);
    }
    return { changed, retryAfterMs };
  }
}
