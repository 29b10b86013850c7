import { z } from 'zod';
import { ClientId, FlowId, Hex32, Instant, Label, Sha256 } from './ids.js';
import { EntryState } from './job-file.js';
import { SignedFile } from './signed-file.js';

/**
 * Signed by the worker and kept in the bucket, so that Postgres can be rebuilt. Each record is the whole present state:
 * the highest `seq` wins.
 */

export const HUNT_STATES = ['Draft', 'Waiting', 'Running', 'Paused', 'Stopped', 'Completed', 'Refused'] as const;
export const HuntState = z.enum(HUNT_STATES);
export type HuntState = z.infer<typeof HuntState>;

/** `flows/<id>/<seq>.json`, typ `FlowRecord`. */
export const FlowRecord = z.looseObject({
  __type__: z.literal('FlowRecord'),
  version: z.literal(1),
  deployment: Hex32,
  flow_id: FlowId,
  seq: z.int().nonnegative(),
  change: z.string().max(40),
  at: Instant,
  /** Who did it: a user or token id, for people to read. */
  by: z.string().max(200),
  creator: z.string().max(200),
  description: z.string().max(2000),
  created_at: Instant,
  /** The state of the entry in its queue, and of a hunt. */
  entry_state: EntryState,
  hunt_state: HuntState.optional(),
  ended_at: Instant.optional(),
  attempts: z
    .array(z.object({ attempt: z.int().min(1), spec_digest: Sha256, spec: SignedFile }))
    .min(1)
    .max(1000),
});
export type FlowRecord = z.infer<typeof FlowRecord>;

/** `clients/<client_id>/<seq>.json`, typ `ClientRecord`: what people said of a client. */
export const ClientRecord = z.looseObject({
  __type__: z.literal('ClientRecord'),
  version: z.literal(1),
  deployment: Hex32,
  client_id: ClientId,
  seq: z.int().nonnegative(),
  at: Instant,
  by: z.string().max(200),
  identity: Sha256,
  queue: Hex32,
  registered_at: Instant,
  acceptance: z.enum(['accepted', 'waiting', 'refused']),
  labels: z.array(Label).max(64),
  tombstone: z.boolean().default(false),
});
export type ClientRecord = z.infer<typeof ClientRecord>;
