import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FinalState, isHuntId, type Resources, type Spec } from '#wire';
import type { AgentClock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Fault } from '../fault.js';
import type { Logger } from '../logger.js';
import type { Spool } from '../spool/spool.js';
import type { StateStore } from '../state/state-store.js';
import { NO_RESOURCES, type StatusInput, type Tickets } from '../tickets.js';
import type { FlowEvent, FlowJob } from './flow-job.js';
import { FlowResults } from './flow-results.js';
import type { LargeFile } from './large-file.js';
import type { FlowRun, Runner, RunResult } from './runner.js';
import { type ContentsDeps, ticketContents } from './ticket-contents.js';

export interface AttemptDeps {
  clientId: string;
  state: StateStore;
  spool: Spool;
  tickets: Tickets;
  runner: Runner;
  clock: AgentClock;
  fault: Fault;
  logger: Logger;
  workDir: string;
  /** What each flow is told of this agent. */
  jobFacts: () => Pick<FlowJob, 'agent' | 'sources' | 'started_file'>;
  /** Something new is in the spool. */
  spooled: () => void;
}

/** What {@link ticketContents} needs of them. */
export const contentsDeps = ({ clientId, spool, workDir, clock }: AttemptDeps): ContentsDeps => ({
  clientId,
  spool,
  workDir,
  now: () => clock.now(),
});

/** A flow that this agent is to run, as its signed spec says. */
export interface AttemptInput {
  flowId: string;
  attempt: number;
  digest: string;
  spec: Pick<Spec, 'actions' | 'condition' | 'quota' | 'spread_seconds' | 'report_skips' | 'expires_at'>;
  /** An earlier run did all but send these. */
  transfers?: readonly LargeFile[];
}

const MAX_LOG_LINES = 100;
/** Started is told again, with rows and bytes so far, at most this often. */
const PROGRESS_EVERY_MS = 10_000;
const STOPPED = 'the agent was stopped while this flow ran';

interface Final {
  state: FinalState;
  error?: string;
  backtrace?: string;
}

const finalOf = (result: RunResult, cancelled: boolean): Final => {
  switch (result.kind) {
    case 'done':
      return { state: 'Done' };
    case 'skipped':
      return { state: 'Skipped' };
    case 'error':
    case 'exceeded':
      return {
        state: 'Error',
        error: result.message,
        ...('backtrace' in result && result.backtrace !== undefined ? { backtrace: result.backtrace } : {}),
      };
    case 'crashed':
      return {
        state: 'Crashed',
        error: result.message,
        ...(result.backtrace === undefined ? {} : { backtrace: result.backtrace }),
      };
    case 'killed':
      return cancelled ? { state: 'Cancelled' } : { state: 'Crashed', error: STOPPED };
  }
};

/** One attempt of one flow on this agent, from being taken up to its final ticket. */
export class Attempt {
  #run: FlowRun | undefined;
  #stop: 'cancelled' | 'interrupted' | undefined;
  #toldAt = -Infinity;
  #conditionHeld = false;
  #action: string | undefined;
  #actionsDone = 0;
  #resources: Resources = NO_RESOURCES;
  #logs: { time: string; level: string; message: string }[] = [];
  #startedAt: string | undefined;
  /** What events ask for, done one after another. */
  #work: Promise<void> = Promise.resolve();
  #workError: unknown;

  constructor(
    private readonly input: AttemptInput,
    private readonly deps: AttemptDeps,
  ) {
    this.#conditionHeld = input.transfers !== undefined;
  }

  /** Writes down, durably, that this attempt is taken up: it will never be started again. */
  async accept(): Promise<void> {
    const { flowId, attempt, digest, spec } = this.input;
    const accepted_at = this.deps.clock.now().toISOString();
    await this.deps.state.accept({ flow_id: flowId, attempt, digest, accepted_at, expires_at: spec.expires_at });
    this.deps.fault('state-saved');
  }

  /** Runs it, spools its results and its final ticket. */
  async run(): Promise<void> {
    const { flowId, attempt } = this.input;
    const dir = join(this.deps.workDir, `${flowId}-${attempt}`);
    await rm(dir, { recursive: true, force: true });
    await mkdir(dir, { mode: 0o700 });
    const results = this.#openResults(dir);
    try {
      const run = await this.#prepare(dir);
      const result: RunResult = 'kind' in run ? run : await this.#runIn(run, results);
      this.#resources = result.resources;
      await this.#work;
      // Only large files were left to send: the next start goes on with them.
      if (result.kind === 'killed' && this.#stop === 'interrupted' && results.isTransferring) return;
      // What is left here belongs to nobody, and on a full disk the ticket needs its room.
      await rm(dir, { recursive: true, force: true });
      const final = finalOf(result, this.#stop === 'cancelled');
      await this.#conclude(
        this.#workError === undefined || this.#stop === 'cancelled'
          ? final
          : { state: 'Error', error: messageOf(this.#workError) },
        result.kind,
      );
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  /** Parts that leave from now on are told; those that are still there are counted in the same moment. */
  async #runIn(run: FlowRun, results: FlowResults): Promise<RunResult> {
    const { flowId, attempt } = this.input;
    const { spool } = this.deps;
    const waiting = spool.itemsOf(flowId, attempt).filter(({ part }) => part !== undefined).length;
    const stopListening = spool.onRemoved(({ part, flow }) => {
      if (part !== undefined && flow?.flow_id === flowId && flow.attempt === attempt) run.partLeft();
    });
    try {
      return await run.run((event) => this.#hear(event, results), waiting);
    } finally {
      stopListening();
    }
  }

  /** It cannot succeed any more (the store refused a part): ends it with this error. */
  fail(reason: string): void {
    this.#workError ??= new Error(reason);
    this.#run?.kill();
  }

  #openResults(dir: string): FlowResults {
    const { flowId, attempt, spec, transfers } = this.input;
    const { actions, quota, spread_seconds, report_skips } = spec;
    const of = { flowId, attempt, actions, quota, spread_seconds, report_skips };
    return new FlowResults(of, dir, this.deps, transfers);
  }

  /** People cancelled it: its process is killed, its results deleted, Cancelled is told. */
  cancel(): void {
    this.#end('cancelled');
  }

  /** This agent must end: its process is killed, Crashed is told. */
  interrupt(): void {
    this.#end('interrupted');
  }

  #end(how: 'cancelled' | 'interrupted'): void {
    this.#stop ??= how;
    this.#run?.kill();
  }

  /** Makes its process and writes down which one it is; the result when there can be none (no memory, say). */
  async #prepare(dir: string): Promise<FlowRun | RunResult> {
    const { input, deps } = this;
    let run: FlowRun;
    try {
      run = await deps.runner.prepare({
        flow_id: input.flowId,
        attempt: input.attempt,
        spec_digest: input.digest,
        ...(input.spec.condition === undefined ? {} : { condition: input.spec.condition }),
        actions: input.spec.actions,
        quota: input.spec.quota,
        work_dir: dir,
        ...(input.transfers === undefined ? {} : { transfers: [...input.transfers] }),
        ...deps.jobFacts(),
      });
    } catch (error) {
      return {
        kind: 'crashed',
        message: `its process could not be started: ${messageOf(error)}`,
        resources: NO_RESOURCES,
      };
    }
    this.#run = run;
    if (run.process !== undefined) await deps.state.setChild(input.flowId, input.attempt, run.process);
    deps.fault('child-started');
    this.#startedAt = deps.clock.local().toISOString();
    if (this.#stop !== undefined) run.kill();
    return run;
  }

  #hear(event: FlowEvent, results: FlowResults): void {
    switch (event.kind) {
      case 'condition-held':
        this.#conditionHeld = true;
        this.#tellStarted();
        return;
      case 'action':
        this.#actionsDone = event.index;
        this.#action = event.name;
        return;
      case 'action-skipped':
        this.#log('info', `action ${event.index + 1} was skipped: its condition does not hold`);
        return;
      case 'collection':
        this.#then(() => results.collection(event.collection));
        return;
      case 'file':
        this.#then(() => results.file(event.file));
        return;
      case 'log':
        this.#log(event.level, event.message);
        return;
      case 'progress':
        if (performance.now() - this.#toldAt >= PROGRESS_EVERY_MS) this.#tellStarted();
        return;
      case 'waiting':
      case 'end':
        return;
      default:
        this.#hearOfTransfer(event, results);
    }
  }

  #hearOfTransfer(
    event: Extract<FlowEvent, { kind: 'transfers' | `transfer-${string}` | 'part' }>,
    results: FlowResults,
  ): void {
    switch (event.kind) {
      case 'transfers':
        this.#actionsDone = this.input.spec.actions.length;
        this.#action = 'sending large files';
        this.#then(() => results.transfers(event.files));
        return;
      case 'part':
        this.#then(async () => {
          await results.part(event.nonce, event.part);
          this.deps.spooled();
        });
        if (performance.now() - this.#toldAt >= PROGRESS_EVERY_MS) this.#tellStarted();
        return;
      case 'transfer-restarted':
        this.#log('warn', 'a file changed after parts of it were sent: begun again');
        this.#then(() => results.restarted(event.nonce, event.fresh));
        return;
      case 'transfer-failed':
        this.#log('error', `a file could not be sent: ${event.reason}`);
        this.#then(() => results.failed(event.nonce));
        return;
      case 'transfer-done':
        this.#then(() => results.done(event.nonce, event.end));
        return;
    }
  }

  #log(level: string, message: string): void {
    if (this.#logs.length >= MAX_LOG_LINES) return;
    this.#logs.push({ time: this.deps.clock.local().toISOString(), level, message });
  }

  /** The first failure here (a full disk, say) ends the flow with that error. */
  #then(task: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#workError !== undefined) return;
      try {
        await task();
      } catch (error) {
        this.#workError = error;
        this.#run?.kill();
      }
    });
  }

  #tellStarted(): void {
    this.#toldAt = performance.now();
    this.#then(async () => {
      if (this.#run !== undefined) this.#resources = this.#run.resources();
      await this.deps.tickets.status(this.#status('Started'), false);
      this.deps.spooled();
    });
  }

  #status(state: StatusInput['state'], more: Partial<StatusInput> = {}): StatusInput {
    const { flowId, attempt, digest, spec } = this.input;
    return {
      flowId,
      attempt,
      digest,
      state,
      currentAction: this.#action,
      actionsDone: this.#actionsDone,
      actionsTotal: spec.actions.length,
      resources: this.#resources,
      startedAt: this.#startedAt,
      logs: this.#logs,
      ...more,
    };
  }

  /**
   * What did not get past its condition is told for targeted flows and where the spec asks for skips; what went over a
   * limit or crashed is always told, and so is what did run.
   */
  #isTold(final: Final, how: RunResult['kind']): boolean {
    const { flowId, spec } = this.input;
    const quiet = final.state === 'Skipped' || (how === 'error' && !this.#conditionHeld);
    return !quiet || !isHuntId(flowId) || spec.report_skips;
  }

  async #conclude(final: Final, how: RunResult['kind']): Promise<void> {
    const { flowId, attempt, digest, spec } = this.input;
    const { spool, state, tickets, fault, logger } = this.deps;
    if (final.state === 'Cancelled') await spool.removeResults(flowId, attempt);
    if (final.error !== undefined) {
      const said = { flow_id: flowId, attempt, reason: final.error, backtrace: final.backtrace };
      logger.warn(said, 'flow failed');
    }
    if (!this.#isTold(final, how)) {
      await state.finish(flowId, attempt, final.state);
      return;
    }
    const contents = await ticketContents({ flowId, attempt, digest }, contentsDeps(this.deps));
    const item = await tickets.status(
      this.#status(final.state, {
        currentAction: final.state === 'Done' ? undefined : this.#action,
        actionsDone: final.state === 'Done' ? spec.actions.length : this.#actionsDone,
        error: final.error,
        backtrace: final.backtrace,
        ...contents,
      }),
      true,
    );
    fault('spool-written');
    await state.finish(flowId, attempt, final.state);
    fault('state-cleared');
    spool.release(item);
    this.deps.spooled();
    logger.info({ flow_id: flowId, attempt, state: final.state, rows: this.#resources.rows }, 'flow ended');
  }
}
