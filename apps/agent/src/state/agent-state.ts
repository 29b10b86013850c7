import { z } from 'zod';
import { Action, ClientId, emptyMarks, FINAL_STATES, FlowId, Instant, type Marks, Quota, Sha256 } from '#wire';
import { LargeFile } from '../runner/large-file.js';
import { ProcessMark } from './process-mark.js';

const Mark = z.object({ version: z.int(), digest: Sha256 });
const MarksFile = z.object({
  epoch: z.int(),
  manifest: Mark.optional(),
  queues: z.record(z.string(), Mark),
  newestIssuedAt: Instant.optional(),
});

/** What is needed to go on sending large files after a restart; from its being there a kill is no crash. */
const Transfers = z.object({
  files: z.array(LargeFile),
  actions: z.array(Action),
  quota: Quota,
  spread_seconds: z.number(),
  report_skips: z.boolean(),
});
export type Transfers = z.infer<typeof Transfers>;

/** An ending that was decided on. `error`: why, as its ticket says. */
export const Ending = z.object({ state: z.enum(FINAL_STATES), error: z.string().optional() });
export type Ending = z.infer<typeof Ending>;

/** One attempt that this agent took up: written and fsynced before it starts, so it is never started again. */
export const AttemptRecord = z.object({
  flow_id: FlowId,
  attempt: z.int().min(1),
  digest: Sha256,
  accepted_at: Instant,
  expires_at: Instant,
  /** The child that runs it, so that one which outlives a killed agent is found. */
  child: ProcessMark.optional(),
  /** Large files that are being sent in parts. */
  transfers: Transfers.optional(),
  /** How it ends, decided before its ticket is written: it was cancelled, or does not run here. */
  ending: Ending.optional(),
  /** Absent while it runs; also absent after a kill, which the next start reports as Crashed. */
  outcome: z.enum(FINAL_STATES).optional(),
});
export type AttemptRecord = z.infer<typeof AttemptRecord>;

/** The state file. The key is not in it. */
export const AgentState = z.object({
  __type__: z.literal('AgentState'),
  version: z.literal(1),
  client_id: ClientId,
  marks: MarksFile,
  /** All sequence numbers below this may have been used. */
  seq_reserved: z.int().nonnegative(),
  /** A state before this one was lost: flows created until then are not run. */
  lost_at: Instant.optional(),
  attempts: z.array(AttemptRecord),
  /** Bytes of results that were uploaded on one day (UTC). */
  uploaded: z.object({ day: z.iso.date(), bytes: z.int().nonnegative() }).optional(),
});
export type AgentState = z.infer<typeof AgentState>;

export const emptyState = (clientId: string): AgentState => ({
  __type__: 'AgentState',
  version: 1,
  client_id: clientId,
  marks: toMarksFile(emptyMarks()),
  seq_reserved: 1,
  attempts: [],
});

/**
 * The state of an agent whose state file cannot be read: sequence numbers go on above any that may have been used
 * (they count single tickets, these are milliseconds), and what was issued until now is not run.
 */
export const lostState = (clientId: string, now: Date): AgentState => ({
  ...emptyState(clientId),
  seq_reserved: now.getTime(),
  lost_at: now.toISOString(),
});

const toMarksFile = (marks: Marks): AgentState['marks'] => ({
  epoch: marks.epoch,
  queues: marks.queues,
  ...(marks.manifest === undefined ? {} : { manifest: marks.manifest }),
  ...(marks.newestIssuedAt === undefined ? {} : { newestIssuedAt: marks.newestIssuedAt }),
});

export const marksOf = (state: AgentState): Marks => ({
  epoch: state.marks.epoch,
  queues: state.marks.queues,
  ...(state.marks.manifest === undefined ? {} : { manifest: state.marks.manifest }),
  ...(state.marks.newestIssuedAt === undefined ? {} : { newestIssuedAt: state.marks.newestIssuedAt }),
});

export const withMarks = (state: AgentState, marks: Marks): AgentState => ({ ...state, marks: toMarksFile(marks) });
