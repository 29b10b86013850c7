import { isHuntId } from '#wire';
import { messageOf } from './errors.js';
import { type AgentView, decide, orderEntries } from './jobs/decide.js';
import type { JobEntry } from './jobs/job-entry.js';
import { concludeUnfinished } from './recovery.js';
import { Attempt, type AttemptDeps } from './runner/attempt.js';
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
      await this.#concludeUnfinished();
      await this.#apply();
    });
  }

  /** Ends attempts of an earlier run, and those of this one whose ending could not be written. */
  concludeUnfinished(): Promise<void> {
    return this.#inTurn(() => this.#concludeUnfinished());
  }

  /** One after another: what is being taken up or answered is never seen half done. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    this.#applying = this.#applying.catch(() => undefined).then(task);
    return this.#applying;
  }

  async #concludeUnfinished(): Promise<void> {
    for (const record of this.deps.state.unfinished()) {
      if (this.#running.has(`${record.flow_id}/${record.attempt}`)) continue;
      await concludeUnfinished(record, this.deps);
      this.deps.spooled();
    }
  }

  /** Resolves when nothing runs. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map((r) => r.ended));
  }

  /** Kills what runs: Crashed is told. */
  interruptAll(): void {
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
          this.#running.get(key)?.attempt.cancel();
          break;
        case 'final':
          await this.#answer(entry, decision.outcome, decision.reason);
          break;
        case 'run':
          if (!this.#hasRoom(entry.flowId)) break;
          fault('fetch');
          await this.#start(entry, key);
          break;
      }
    }
  }

  #hasRoom(flowId: string): boolean {
    const hunt = isHuntId(flowId);
    const busy = [...this.#running.values()].filter((r) => r.hunt === hunt).length;
    return busy < (hunt ? MAX_HUNTS : MAX_TARGETED);
  }

  async #start(entry: JobEntry, key: string): Promise<void> {
    const { flowId, attempt, digest, spec } = entry;
    if (spec === undefined) throw new Error(`${flowId} has no spec that could run`);
    const run = new Attempt({ flowId, attempt, digest, spec }, this.deps);
    await run.accept();
    this.deps.logger.info({ flow_id: flowId, attempt, type: spec.__type__ }, 'flow taken up');
    const ended = run
      .run()
      .catch((error: unknown) => {
        // Its record stays without an outcome: the next look at unfinished attempts reports it.
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
    await state.accept({ flow_id: flowId, attempt, digest, accepted_at, expires_at: head.expires_at });
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
