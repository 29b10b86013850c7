import { z } from 'zod';
import { FlowId, Hex32, Instant, Label } from './ids.js';
import { Grant, ResultGrant } from './location.js';
import { SignedFile } from './signed-file.js';
import { Action } from './spec.js';

/**
 * One flow or hunt in a queue. `open`: may start. `closed`: do not start, do deliver (for 14 days after the end).
 * `cancelled`: kill, delete the spool, send Cancelled.
 */
export const EntryState = z.enum(['open', 'closed', 'cancelled']);
export type EntryState = z.infer<typeof EntryState>;

export const Entry = z.looseObject({
  flow_id: FlowId,
  /** 1, 2, ...: a retry or a widening is a new attempt with a new spec. */
  attempt: z.int().min(1).max(1_000_000),
  state: EntryState,
  spec: SignedFile,
  /** Ids in the file's table of grants. */
  grants: z.array(z.string().max(64)).max(8),
});
export type Entry = z.infer<typeof Entry>;

/** What one queue holds; the payload of a signed file with typ `JobFile`. */
export const JobFile = z.looseObject({
  __type__: z.literal('JobFile'),
  /** max(version in the bucket + 1, unix milliseconds): never goes back. */
  version: z.int().positive(),
  deployment: Hex32,
  queue: Hex32,
  issued_at: Instant,
  /** Only in a client's own file: when the server registered it. */
  registered_at: Instant.optional(),
  /** Only in a client's own file: the label queues that people gave it. */
  queues: z
    .array(z.object({ label: Label, queue: Hex32 }))
    .max(8)
    .optional(),
  entries: z.array(Entry).max(10_000),
  grants: z.array(ResultGrant).max(10_000),
});
export type JobFile = z.infer<typeof JobFile>;

/** Which leaves may sign; payload of a JWS with typ `Trust` by the CA key itself. */
export const Trust = z.looseObject({
  __type__: z.literal('Trust'),
  deployment: Hex32,
  epoch: z.int().nonnegative(),
  /** SHA-256 of the DER of each leaf. */
  signing: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .min(1)
    .max(16),
  issued_at: Instant,
});
export type Trust = z.infer<typeof Trust>;

/** What every agent reads first and again every 10 minutes; payload of a signed file with typ `Manifest`. */
export const Manifest = z.looseObject({
  __type__: z.literal('Manifest'),
  version: z.int().positive(),
  deployment: Hex32,
  trust: SignedFile,
  issued_at: Instant,
  /** Past it an agent starts nothing new. */
  not_after: Instant,
  startup_actions: z.array(Action).max(20),
  /** Seconds. */
  poll_min: z.number().positive().max(86_400),
  poll_max: z.number().positive().max(86_400),
  /** Where keys live for readers: endpoint and bucket, no trailing slash. */
  upload_base: z.url({ protocol: /^https?$/ }),
  ticket_grant: Grant,
  all_queue: Hex32,
  limits: z.looseObject({
    /** Bits per second; tickets exempt. */
    upload_rate: z.int().positive().optional(),
    upload_bytes_per_day: z.int().positive().optional(),
    spool_bytes: z.int().positive().optional(),
  }),
});
export type Manifest = z.infer<typeof Manifest>;
