import { readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import type { FinalState, Marks } from '#wire';
import { codeOf, messageOf } from '../errors.js';
import {
  AgentState,
  type AttemptRecord,
  type Ending,
  emptyState,
  lostState,
  marksOf,
  type Transfers,
  withMarks,
} from './agent-state.js';
import { writeFileAtomic } from './atomic-file.js';
import type { ProcessMark } from './process-mark.js';

/** Sequence numbers are reserved in blocks: one write for so many tickets; a restart skips the rest of a block. */
const SEQ_BLOCK = 64;
/** An attempt is forgotten this long after its expiry: past that nothing could start it again. */
const KEEP_AFTER_EXPIRY_MS = 30 * 86_400_000;

/** How the state was found. `lost`: it was unreadable or missing although this agent has run before. */
export type StateFinding = { kind: 'fresh' } | { kind: 'kept' } | { kind: 'lost'; reason: string };

const readState = async (path: string, clientId: string): Promise<AgentState | { reason: string }> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { reason: codeOf(error) === 'ENOENT' ? 'the state file is missing' : messageOf(error) };
  }
  try {
    const state = AgentState.parse(JSON.parse(text));
    return state.client_id === clientId ? state : { reason: `the state file is the one of ${state.client_id}` };
  } catch (error) {
    return { reason: error instanceof z.ZodError ? `malformed: ${error.issues[0]?.message ?? ''}` : messageOf(error) };
  }
};

/** What the agent must remember across restarts. Every change is on disk when its promise resolves. */
export class StateStore {
  #state: AgentState;
  #seq: number;
  #seqOnDisk: number;
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  private constructor(
    private readonly path: string,
    state: AgentState,
    private readonly durable: boolean,
  ) {
    this.#state = state;
    this.#seq = state.seq_reserved;
    this.#seqOnDisk = state.seq_reserved;
  }

  /** The state of a client that has just enrolled. */
  static async create(path: string, clientId: string, durable: boolean): Promise<StateStore> {
    const store = new StateStore(path, emptyState(clientId), durable);
    await store.#save();
    return store;
  }

  /** The state of a known client. A damaged file is moved aside and what was issued until `now` will not be run. */
  static async open(
    path: string,
    clientId: string,
    options: { now: Date; durable: boolean },
  ): Promise<{ store: StateStore; finding: StateFinding }> {
    const found = await readState(path, clientId);
    if (!('reason' in found)) return { store: new StateStore(path, found, options.durable), finding: { kind: 'kept' } };
    try {
      await rename(path, `${path}.damaged-${options.now.getTime()}`);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    const store = new StateStore(path, lostState(clientId, options.now), options.durable);
    await store.#save();
    return { store, finding: { kind: 'lost', reason: found.reason } };
  }

  get marks(): Marks {
    return marksOf(this.#state);
  }

  /** Flows created until then are not run; undefined when no state was lost. */
  get lostAt(): string | undefined {
    return this.#state.lost_at;
  }

  saveMarks(marks: Marks): Promise<void> {
    this.#state = withMarks(this.#state, marks);
    return this.#save();
  }

  /** The loss is not before this server time: the agent's own clock may be slow. */
  async raiseLostAt(issuedAt: string): Promise<void> {
    const { lost_at } = this.#state;
    if (lost_at === undefined || Date.parse(issuedAt) <= Date.parse(lost_at)) return;
    this.#state = { ...this.#state, lost_at: issuedAt };
    await this.#save();
  }

  /** The next number of the agent's one counter; saved before it is used. */
  async nextSeq(): Promise<number> {
    const seq = this.#seq++;
    if (seq >= this.#state.seq_reserved) this.#state = { ...this.#state, seq_reserved: seq + SEQ_BLOCK };
    while (seq >= this.#seqOnDisk) await this.#save();
    return seq;
  }

  attempt(flowId: string, attempt: number): AttemptRecord | undefined {
    return this.#state.attempts.find((a) => a.flow_id === flowId && a.attempt === attempt);
  }

  attemptsOf(flowId: string): readonly AttemptRecord[] {
    return this.#state.attempts.filter((a) => a.flow_id === flowId);
  }

  /** Attempts that were taken up and have no outcome: those of this run, and after a kill those of the last one. */
  unfinished(): readonly AttemptRecord[] {
    return this.#state.attempts.filter((a) => a.outcome === undefined);
  }

  /** Takes up an attempt, or records one that will not run with its outcome. Throws when it is already known. */
  async accept(record: AttemptRecord): Promise<void> {
    if (this.attempt(record.flow_id, record.attempt) !== undefined)
      throw new Error(`${record.flow_id} attempt ${record.attempt} was taken up before`);
    this.#state = { ...this.#state, attempts: [...this.#state.attempts, record] };
    try {
      await this.#save();
    } catch (error) {
      this.#state = { ...this.#state, attempts: this.#state.attempts.filter((a) => a !== record) };
      throw error; // nothing was taken up: the next poll tries again
    }
  }

  setChild(flowId: string, attempt: number, child: ProcessMark): Promise<void> {
    return this.#change(flowId, attempt, (a) => ({ ...a, child }));
  }

  /** Large files of an attempt that are being sent: a restart goes on with them. */
  setTransfers(flowId: string, attempt: number, transfers: Transfers): Promise<void> {
    return this.#change(flowId, attempt, (a) => ({ ...a, transfers }));
  }

  /** An attempt that runs will end like this, whatever happens before its ticket is written. Known here at once. */
  setEnding(flowId: string, attempt: number, ending: Ending): Promise<void> {
    return this.#change(flowId, attempt, (a) => ({ ...a, ending }));
  }

  /** Bytes of results that were uploaded on this day (UTC). */
  uploadedOn(day: string): number {
    const { uploaded } = this.#state;
    return uploaded?.day === day ? uploaded.bytes : 0;
  }

  addUploaded(day: string, bytes: number): Promise<void> {
    this.#state = { ...this.#state, uploaded: { day, bytes: this.uploadedOn(day) + bytes } };
    return this.#save();
  }

  finish(flowId: string, attempt: number, outcome: FinalState): Promise<void> {
    return this.#change(flowId, attempt, ({ child: _ended, transfers: _sent, ending: _told, ...a }) => ({
      ...a,
      outcome,
    }));
  }

  /** Forgets attempts that expired long ago. */
  async prune(now: Date): Promise<void> {
    const keep = this.#state.attempts.filter((a) => Date.parse(a.expires_at) + KEEP_AFTER_EXPIRY_MS > now.getTime());
    if (keep.length === this.#state.attempts.length) return;
    this.#state = { ...this.#state, attempts: keep };
    await this.#save();
  }

  #change(flowId: string, attempt: number, change: (a: AttemptRecord) => AttemptRecord): Promise<void> {
    const attempts = this.#state.attempts.map((a) => (a.flow_id === flowId && a.attempt === attempt ? change(a) : a));
    this.#state = { ...this.#state, attempts };
    return this.#save();
  }

  /** Changes that arrive while a write is under way share the next one. */
  #save(): Promise<void> {
    this.#queued ??= this.#writing
      .catch(() => undefined) // that failure was told to those who asked for it
      .then(() => {
        this.#queued = undefined;
        const { seq_reserved } = this.#state;
        this.#writing = writeFileAtomic(this.path, JSON.stringify(this.#state), this.durable).then(() => {
          this.#seqOnDisk = seq_reserved;
        });
        return this.#writing;
      });
    return this.#queued;
  }
}
