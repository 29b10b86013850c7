import { z } from 'zod';
import { Action, ClientId, FlowId, Hex32, Label, LargeFileEnd, Quota, Sha256 } from '#wire';
import { FinishedPart, LargeFile } from './large-file.js';

/**
 * All that a flow's process is told: what to run and what this agent is. No key, no grant, no address of the store.
 */
export const FlowJob = z.object({
  flow_id: FlowId,
  attempt: z.int().min(1),
  spec_digest: Sha256,
  condition: z.string().optional(),
  actions: z.array(Action).min(1),
  quota: Quota,
  /** The folder into which results are written; the process may use no other. */
  work_dir: z.string().min(1),
  /** Sources that the configuration allows. */
  sources: z.array(z.string()),
  /** Large files of this attempt that an earlier run began to send: nothing else is done then. */
  transfers: z.array(LargeFile).optional(),
  /** A test counts here which flows began: one line each. */
  started_file: z.string().optional(),
  /** Parts of them that are on the disk still. */
  parts_waiting: z.int().nonnegative().default(0),
  agent: z.object({
    client_id: ClientId,
    agent_version: z.string(),
    /** Claimed in the configuration, and given by people. */
    labels: z.array(Label),
    started_at: z.string(),
  }),
});
export type FlowJob = z.infer<typeof FlowJob>;
/** A flow before it is known what still waits on the disk: that is told when it starts. */
export type NewFlowJob = Omit<FlowJob, 'parts_waiting'>;

/** A collection that is complete: gzipped, hashed, in the work folder. */
export const FinishedCollection = z.object({
  name: z.string(),
  /** A plain name in the work folder. */
  file: z.string().regex(/^[0-9]+\.sqlite\.gz$/),
  rows: z.record(z.string(), z.int().nonnegative()),
  dropped_columns: z.array(z.string()),
  null_coerced: z.int().nonnegative(),
  stored_bytes: z.int().nonnegative(),
  stored_sha256: Sha256,
  content_bytes: z.int().nonnegative(),
  content_sha256: Sha256,
  /** The directory of a listing, base64 of its bytes: a listing lies where its path says. */
  listing_base64: z.base64().optional(),
});
export type FinishedCollection = z.infer<typeof FinishedCollection>;

/** A file that is complete: gzipped, hashed, in the work folder. */
const FinishedFile = z.object({
  /** A plain name in the work folder. */
  file: z.string().regex(/^[0-9]+\.file\.gz$/),
  path_base64: z.base64(),
  stored_bytes: z.int().nonnegative(),
  stored_sha256: Sha256,
  content_bytes: z.int().nonnegative(),
  content_sha256: Sha256,
});
export type FinishedFile = z.infer<typeof FinishedFile>;

/** How a run ended. `limit`: over its quota. */
const Ending = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done') }),
  z.object({ kind: z.literal('skipped') }),
  z.object({ kind: z.literal('error'), message: z.string(), backtrace: z.string().optional() }),
  z.object({ kind: z.literal('limit'), which: z.enum(['rows', 'bytes']), limit: z.number(), used: z.number() }),
]);
export type Ending = z.infer<typeof Ending>;

/** What a running flow tells. The condition comes first: nothing after it when it does not hold. */
export const FlowEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('condition-held') }),
  z.object({ kind: z.literal('action'), index: z.int().nonnegative(), name: z.string() }),
  z.object({ kind: z.literal('action-skipped'), index: z.int().nonnegative() }),
  z.object({ kind: z.literal('progress'), rows: z.int().nonnegative(), bytes: z.int().nonnegative() }),
  z.object({ kind: z.literal('collection'), collection: FinishedCollection }),
  z.object({ kind: z.literal('file'), file: FinishedFile }),
  /** The actions are done; these files remain to be sent in parts. */
  z.object({ kind: z.literal('transfers'), files: z.array(LargeFile) }),
  z.object({ kind: z.literal('part'), nonce: Hex32, part: FinishedPart }),
  /** Two parts are on the disk: the process waits until one has left. */
  z.object({ kind: z.literal('waiting') }),
  /** It is not any more what was sent of it: begun again under another nonce. */
  z.object({ kind: z.literal('transfer-restarted'), nonce: Hex32, fresh: Hex32 }),
  z.object({ kind: z.literal('transfer-failed'), nonce: Hex32, reason: z.string() }),
  z.object({ kind: z.literal('transfer-done'), nonce: Hex32, end: LargeFileEnd }),
  z.object({ kind: z.literal('log'), level: z.enum(['info', 'warn', 'error']), message: z.string() }),
  z.object({ kind: z.literal('end'), ending: Ending }),
]);
export type FlowEvent = z.infer<typeof FlowEvent>;
