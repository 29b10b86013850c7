import { z } from 'zod';
import { ClientId, FlowOnlyId, Hex32, HuntId, Instant, Label, Sha256 } from './ids.js';

const Text = (max: number) => z.string().max(max);
const Key = z.string().min(1).max(900);

/** Final states end an attempt; exactly one of them is sent for each accepted attempt. */
export const FINAL_STATES = ['Done', 'Error', 'Cancelled', 'Crashed', 'Rejected', 'Skipped'] as const;
export const TICKET_STATES = ['Started', ...FINAL_STATES] as const;
export const TicketState = z.enum(TICKET_STATES);
export type TicketState = z.infer<typeof TicketState>;
export type FinalState = (typeof FINAL_STATES)[number];
export const isFinal = (state: string): state is FinalState => (FINAL_STATES as readonly string[]).includes(state);

/** How the error of a flow begins that a quota has stopped; which one, its limit and what was used follow. */
export const RESOURCE_EXCEEDED = 'Resource exceeded';

/** One object that the agent wrote: the only thing that makes it evidence. */
export const StoredObject = z.object({
  key: Key,
  stored_bytes: z.int().nonnegative(),
  stored_sha256: Sha256,
  content_bytes: z.int().nonnegative(),
  content_sha256: Sha256,
});
export type StoredObject = z.infer<typeof StoredObject>;

/** A result collection, named by its spec. `rows` counts each table; what did not fit the spec is counted too. */
export const CollectionResult = StoredObject.extend({
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/),
  rows: z.record(z.string().max(63), z.int().nonnegative()),
  dropped_columns: z.array(Text(200)).max(200).default([]),
  null_coerced: z.int().nonnegative().default(0),
});
export type CollectionResult = z.infer<typeof CollectionResult>;

/** An uploaded file: `path` as printable text, `path_bytes` exactly (base64). */
export const FileResult = StoredObject.extend({
  path: Text(4096),
  path_bytes: z.base64().max(8192),
  parts: z.int().positive().optional(),
});
export type FileResult = z.infer<typeof FileResult>;

export const Resources = z.object({
  cpu_seconds: z.number().nonnegative(),
  wall_seconds: z.number().nonnegative(),
  memory_bytes: z.int().nonnegative(),
  rows: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
});
export type Resources = z.infer<typeof Resources>;

const common = {
  version: z.literal(1),
  client_id: ClientId,
  /** One counter per agent, saved before use. */
  seq: z.int().nonnegative(),
  /** The nonce in its own key: a ticket put under another key is not that ticket. */
  nonce: Hex32,
  /** The agent's own time; shown, never counted with. */
  local_time: Instant,
  /** Milliseconds that the agent adds to its own clock. */
  clock_offset_ms: z.number(),
  agent_version: Text(64),
};

/** What Interrogate found. All descriptive: it grants nothing. */
export const SystemInfo = z.looseObject({
  system: Text(64),
  node: Text(255),
  fqdn: Text(255),
  release: Text(255),
  kernel_version: Text(500),
  machine: Text(64),
  architecture: Text(64),
  os_name: Text(255).optional(),
  os_version: Text(255).optional(),
  libc_version: Text(64).optional(),
  install_time: Instant.optional(),
  interfaces: z
    .array(z.looseObject({ name: Text(64), mac: Text(64).optional(), addresses: z.array(Text(64)).max(64) }))
    .max(64)
    .default([]),
  users: z
    .array(z.looseObject({ username: Text(255), uid: z.number(), home: Text(4096) }))
    .max(200)
    .default([]),
});
export type SystemInfo = z.infer<typeof SystemInfo>;

export const StartupTicket = z.looseObject({
  __type__: z.literal('Startup'),
  ...common,
  queue: Hex32,
  agent_start_time: Instant,
  boot_time: Instant.optional(),
  /** SHA-256 of the machine id: tells a copy from the original without naming the machine. */
  machine_digest: Sha256.optional(),
  cloned_from: ClientId.optional(),
  modes: z.array(Text(64)).max(64),
  capabilities: z.array(Text(100)).max(500),
  /** Claims from the agent's config: shown and searchable, they choose no queue. */
  labels: z.array(Label).max(32),
  system_info: SystemInfo.optional(),
  errors: z.array(Text(2000)).max(20).default([]),
});
export type StartupTicket = z.infer<typeof StartupTicket>;

const status = {
  ...common,
  attempt: z.int().min(1).max(1_000_000),
  spec_digest: Sha256,
  state: TicketState,
  current_action: Text(100).optional(),
  progress: z.looseObject({
    actions_done: z.int().nonnegative(),
    actions_total: z.int().nonnegative(),
    rows: z.int().nonnegative(),
    bytes: z.int().nonnegative(),
  }),
  resources: Resources,
  error: Text(4000).optional(),
  backtrace: Text(16_000).optional(),
  logs: z
    .array(z.object({ time: Instant, level: Text(16), message: Text(2000) }))
    .max(100)
    .default([]),
  started_at: Instant.optional(),
  collections: z.array(CollectionResult).max(100).default([]),
  files: z.array(FileResult).max(500).default([]),
  /** A `files` collection instead of more than 500 files. */
  files_collection: CollectionResult.optional(),
};

export const FlowStatusTicket = z.looseObject({ __type__: z.literal('FlowStatus'), flow_id: FlowOnlyId, ...status });
export type FlowStatusTicket = z.infer<typeof FlowStatusTicket>;
export const HuntStatusTicket = z.looseObject({ __type__: z.literal('HuntStatus'), flow_id: HuntId, ...status });
export type HuntStatusTicket = z.infer<typeof HuntStatusTicket>;
export type StatusTicket = FlowStatusTicket | HuntStatusTicket;

export const Ticket = z.discriminatedUnion('__type__', [StartupTicket, FlowStatusTicket, HuntStatusTicket]);
export type Ticket = z.infer<typeof Ticket>;

/** One line of a ledger or quarantine object: the verbatim signed ticket and what became of it. */
export const LedgerLine = z.object({
  key: z.string().max(1024),
  etag: z.string().max(200),
  last_modified: Instant,
  verdict: z.enum(['accepted', 'duplicate', 'after_final', 'quarantined']),
  reason: Text(2000).optional(),
  /** The object's text, byte for byte; base64 where it is not UTF-8; absent where it was too large to keep. */
  ticket: z.string().optional(),
  ticket_base64: z.string().optional(),
});
export type LedgerLine = z.infer<typeof LedgerLine>;

/** Why a ticket was put aside. Shown on the client's record. */
export const QUARANTINE_REASONS = [
  'bad_key',
  'not_json',
  'malformed',
  'too_large',
  'bad_signature',
  'key_conflict',
  'path_mismatch',
  'unknown_client',
  'unknown_flow',
  'digest_mismatch',
  'not_in_target',
  'not_in_sample',
  'object_missing',
  'object_mismatch',
  'foreign_key',
  'replay',
  'not_accepted',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];
