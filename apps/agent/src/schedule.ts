import { isHuntId } from '#wire';
import { messageOf } from './errors.js';
import { type AgentView, decide, orderEntries } from './jobs/decide.js';
import type { JobEntry } from './jobs/job-entry.js';
import { concludeUnfinished, killSurvivor } from './recovery.js';
import { Attempt, type AttemptDeps, contentsDeps } from './runner/attempt.js';
import type { AttemptRecord, Transfers } from './state/agent-state.js';
import { NO_RESOURCES } from './tickets.js';

/** So many flows run at once. */
const MAX_TARGETED = 1;
const MAX_HUNTS = 2;

interface Running {
  attempt: Attempt;
  hunt: boolean;
  ended: Promise<void>;
}

/** Starts, cancels and answers what the queues ask for, within the limits of this agent. */
export class Schedule {
  readonly #running = new Map<string, Running>();
  #applying: Promise<void> = Promise.resolve();
  readonly #said = new Set<string>();
  /** Attempts of this run whose ending could not be written (a full disk, say), and why. */
  readonly #unended = new Map<string, string>();
  #closing = false;

  constructor(
    private readonly deps: AttemptDeps,
    private readonly entries: () => readonly JobEntry[],
    private readonly view: () => AgentView,
    /** A flow was started or ended. */
    private readonly onActivity: () => void,
  ) {}

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Does what the entries ask for now. Calls queue up; a flow that ends looks again by itself. */
  apply(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#concludeUnfinished(true);
      await this.#apply();
    });
  }

  /** Ends attempts of an earlier run, and those of this one whose ending could not be written. */
  concludeUnfinished(): Promise<void> {
    return this.#inTurn(() => this.#concludeUnfinished(false));
  }

  /** One after another: what is being taken up or answered is never seen half done. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    this.#applying = this.#applying.catch(() => undefined).then(task);
    return this.#applying;
  }

  /** `resume`: go on with those that only have large files to send; else nothing runs yet. */
  async #concludeUnfinished(resume: boolean): Promise<void> {
    const { deps } = this;
    for (const record of deps.state.unfinished()) {
      if (this.#running.has(`${record.flow_id}/${record.attempt}`)) continue;
      try {
        await this.#concludeOne(record, resume);
      } catch (error) {
        // Its ending could not be written (a full disk, say): the others come first, and the next look tries again.
        const { flow_id, attempt } = record;
        const reason = messageOf(error);
        this.#say(`${flow_id}/${attempt} unended ${reason}`, () =>
          deps.logger.error({ flow_id, attempt, reason }, 'an unfinished flow could not be ended yet'),
        );
      }
      deps.spooled();
    }
  }

  async #concludeOne(record: AttemptRecord, resume: boolean): Promise<void> {
    const { child, transfers, ending } = record;
    if (transfers === undefined || ending !== undefined) return this.#conclude(record);
    if (child !== undefined) await killSurvivor(child, this.deps.logger);
    if (resume && !this.#closing) await this.#resume(record, transfers);
  }

  async #conclude(record: AttemptRecord): Promise<void> {
    const key = `${record.flow_id}/${record.attempt}`;
    await concludeUnfinished(record, { ...this.deps, contents: contentsDeps(this.deps) }, this.#unended.get(key));
    this.#unended.delete(key);
  }

  /** Goes on sending large files; parts that are in the spool but not written down are made again. */
  async #resume(record: AttemptRecord, transfers: Transfers): Promise<void> {
    const { flow_id: flowId, attempt, digest, expires_at } = record;
    const { spool, logger } = this.deps;
    const known = new Map(transfers.files.map((file) => [file.nonce, file.parts.length]));
    for (const item of spool.itemsOf(flowId, attempt)) {
      if (item.final !== undefined) return this.#conclude(record);
      if (
        item.part !== undefined &&
        known.has(item.part.nonce) &&
        item.part.number >= (known.get(item.part.nonce) ?? 0)
      )
        await spool.remove(item);
    }
    logger.info({ flow_id: flowId, attempt, files: transfers.files.length }, 'goes on sending large files');
    const spec = { ...transfers, expires_at };
    this.#launch(
      new Attempt({ flowId, attempt, digest, spec, transfers: transfers.files }, this.deps),
      flowId,
      attempt,
    );
  }

  /** The store will never take a part of this attempt: it ends as Error. */
  fail(flowId: string, attempt: number, reason: string): void {
    this.#running.get(`${flowId}/${attempt}`)?.attempt.fail(reason);
  }

  /** Resolves when nothing runs. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map((r) => r.ended));
  }

  /** Kills what runs: Crashed is told. */
  interruptAll(): void {
    this.#closing = true;
    for (const { attempt } of this.#running.values()) attempt.interrupt();
  }

  async #apply(): Promise<void> {
    const { clientId, fault } = this.deps;
    for (const entry of orderEntries(this.entries(), clientId)) {
      const decision = decide(entry, this.view());
      const key = `${entry.flowId}/${entry.attempt}`;
      switch (decision.kind) {
        case 'leave':
          this.#say(`${key} ${decision.why}`, () =>
            this.deps.logger.debug({ flow_id: entry.flowId, attempt: entry.attempt, why: decision.why }, 'left alone'),
          );
          break;
        case 'cancel':
          await this.#cancel(key, entry);
          break;
        case 'final':
          await this.#answer(entry, decision.outcome, decision.reason);
          break;
        case 'run':
          if (!this.#hasRoom(entry.flowId)) break;
          fault('fetch');
          await this.#start(entry);
          break;
      }
    }
  }

  /** Kills it, and writes down that it is Cancelled, so that it is that too when its ticket cannot be written. */
  async #cancel(key: string, { flowId, attempt }: JobEntry): Promise<void> {
    const { state, logger } = this.deps;
    const running = this.#running.get(key);
    if (running === undefined || state.attempt(flowId, attempt)?.ending !== undefined) return;
    const written = state.setEnding(flowId, attempt, { state: 'Cancelled' });
    running.attempt.cancel();
    try {
      await written;
    } catch (error) {
      logger.error(
        { flow_id: flowId, attempt, reason: messageOf(error) },
        'a cancelled flow could not be written down',
      );
    }
  }

  #hasRoom(flowId: string): boolean {
    const hunt = isHuntId(flowId);
    const busy = [...this.#running.values()].filter((r) => r.hunt === hunt).length;
    return busy < (hunt ? MAX_HUNTS : MAX_TARGETED);
  }

  async #start(entry: JobEntry): Promise<void> {
    const { flowId, attempt, digest, spec } = entry;
    if (spec === undefined) throw new Error(`${flowId} has no spec that could run`);
    const run = new Attempt({ flowId, attempt, digest, spec }, this.deps);
    await run.accept();
    this.deps.logger.info({ flow_id: flowId, attempt, type: spec.__type__ }, 'flow taken up');
    this.#launch(run, flowId, attempt);
  }

  #launch(run: Attempt, flowId: string, attempt: number): void {
    const key = `${flowId}/${attempt}`;
    const ended = run
      .run()
      .catch((error: unknown) => {
        // Its record stays without an outcome: the next look at unfinished attempts reports it.
        this.#unended.set(key, messageOf(error));
        this.deps.logger.error({ flow_id: flowId, attempt, reason: messageOf(error) }, 'flow could not be ended');
      })
      .then(() => {
        this.#running.delete(key);
        this.onActivity();
        return this.apply();
      })
      .catch((error: unknown) => {
        this.deps.logger.error({ reason: messageOf(error) }, 'the next flow could not be taken up');
      });
    this.#running.set(key, { attempt: run, hunt: isHuntId(flowId), ended });
    this.onActivity();
  }

  /** An attempt that does not run, with its one final ticket. */
  async #answer(entry: JobEntry, outcome: 'Rejected' | 'Skipped' | 'Cancelled', reason: string): Promise<void> {
    const { state, tickets, spool, clock, logger } = this.deps;
    const { flowId, attempt, digest, head } = entry;
    const accepted_at = clock.now().toISOString();
    const ending = { state: outcome, error: reason };
    await state.accept({ flow_id: flowId, attempt, digest, accepted_at, expires_at: head.expires_at, ending });
    const item = await tickets.status(
      {
        flowId,
        attempt,
        digest,
        state: outcome,
        actionsDone: 0,
        actionsTotal: entry.spec?.actions.length ?? 0,
        resources: NO_RESOURCES,
        error: reason,
      },
      true,
    );
    await state.finish(flowId, attempt, outcome);
    spool.release(item);
    this.deps.spooled();
    this.onActivity();
    logger.info({ flow_id: flowId, attempt, state: outcome, reason }, 'flow answered');
  }

  #say(key: string, say: () => void): void {
    if (this.#said.has(key)) return;
    if (this.#said.size > 10_000) this.#said.clear();
    this.#said.add(key);
    say();
  }
}
