import { z } from 'zod';

/** Answers of the API, as far as this program reads them; all else is kept for `--json`. */
export const Client = z.looseObject({
  client_id: z.string(),
  hostname: z.string(),
  system: z.string(),
  os_release: z.string(),
  architecture: z.string(),
  agent_version: z.string(),
  labels: z.array(z.string()),
  claimed_labels: z.array(z.string()),
  acceptance: z.string(),
  registered_at: z.string(),
  last_seen_at: z.string(),
  quarantined: z.number(),
  clock_offset_ms: z.number().nullable(),
  clock_skewed: z.boolean(),
  crashes: z.number(),
  over_quota: z.number(),
  overdue: z.number(),
});
export type Client = z.infer<typeof Client>;

export const ClientDetail = Client.extend({
  crashed_at: z.string().nullable(),
  over_quota_at: z.string().nullable(),
  overdue_at: z.string().nullable(),
});

export const Flow = z.looseObject({
  flow_id: z.string(),
  client_id: z.string(),
  type: z.string(),
  description: z.string(),
  creator: z.string(),
  state: z.string(),
  shown_state: z.string(),
  unprocessed: z.boolean(),
  ticket_key: z.string().nullable(),
  error: z.string().nullable(),
  publish_error: z.string().nullable(),
  created_at: z.string(),
  expires_at: z.string(),
  ended_at: z.string().nullable(),
  run: z.looseObject({ rows: z.string(), bytes: z.string(), backtrace: z.string().nullable() }).nullable(),
});
export type Flow = z.infer<typeof Flow>;

const HuntStats = z.looseObject({
  started: z.number(),
  done: z.number(),
  error: z.number(),
  cancelled: z.number(),
  crashed: z.number(),
  rejected: z.number(),
  skipped: z.number(),
  expected: z.number(),
  progress: z.string(),
  rows: z.string(),
  bytes: z.string(),
});

export const HuntSummary = z.looseObject({
  hunt_id: z.string(),
  type: z.string(),
  description: z.string(),
  creator: z.string(),
  state: z.string(),
  publish_error: z.string().nullable(),
  labels: z.array(z.string()),
  created_at: z.string(),
  expires_at: z.string(),
  ended_at: z.string().nullable(),
});
export type HuntSummary = z.infer<typeof HuntSummary>;

export const Hunt = HuntSummary.extend({ stats: HuntStats, partial: z.boolean() });
export type Hunt = z.infer<typeof Hunt>;

export const HuntClient = z.looseObject({
  client_id: z.string(),
  hostname: z.string(),
  state: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  rows: z.string(),
  bytes: z.string(),
  error: z.string().nullable(),
  ticket_key: z.string(),
});
export type HuntClient = z.infer<typeof HuntClient>;

export const Recruitment = z.looseObject({
  points: z.array(z.looseObject({ at: z.string(), seconds: z.number(), finished: z.number() })),
  partial: z.boolean(),
});
export type Recruitment = z.infer<typeof Recruitment>;

export const Collection = z.looseObject({
  collection_id: z.string(),
  flow_id: z.string(),
  client_id: z.string(),
  name: z.string(),
  key: z.string(),
  stored_bytes: z.string(),
  rows: z.string(),
});
export type Collection = z.infer<typeof Collection>;

export const RowsPage = z.looseObject({
  columns: z.array(z.looseObject({ name: z.string(), type: z.string() })),
  rows: z.array(z.record(z.string(), z.unknown())),
  next_cursor: z.string().nullable(),
  partial: z.boolean(),
  failures: z.array(z.looseObject({ client_id: z.string(), message: z.string() })),
});
export type RowsPage = z.infer<typeof RowsPage>;

export const AuditEvent = z.looseObject({
  id: z.string(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  object_kind: z.string(),
  object_id: z.string().nullable(),
  outcome: z.string(),
  address: z.string().nullable(),
  seq: z.string().nullable(),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

export const BucketList = z.looseObject({
  objects: z.array(z.looseObject({ key: z.string(), size: z.number(), etag: z.string(), last_modified: z.string() })),
  prefixes: z.array(z.string()),
  truncated: z.boolean(),
});

export const ObjectLink = z.looseObject({ key: z.string(), size: z.number(), url: z.url() });

export const Me = z.looseObject({
  user_id: z.string(),
  name: z.string(),
  token_id: z.string().nullable(),
  grants: z.array(z.looseObject({ role: z.string(), scope: z.string() })),
  permissions: z.array(z.string()),
});

/** What `GET /health/status` says. */
export const SystemStatus = z.looseObject({
  clock_skew_ms: z.number(),
  queues: z.looseObject({
    total: z.number(),
    wrong: z.array(z.looseObject({ id: z.string(), last_error: z.string().nullable() })),
  }),
  unarchived_tickets: z.number(),
  registrations: z.looseObject({ limited: z.boolean(), waiting: z.number() }).nullable(),
  patrol: z.looseObject({
    outcome: z.string(),
    next: z.string().nullable(),
    last: z
      .looseObject({
        at: z.string(),
        objects: z.number(),
        bytes: z.number(),
        orphans: z.number(),
        orphan_bytes: z.number(),
        removed: z.number(),
        stopped_hunts: z.array(z.string()),
        flooded_hunts: z.array(z.string()),
        behind: z.looseObject({ archives: z.number(), flows: z.number() }).nullable(),
      })
      .nullable(),
    failure: z.looseObject({ at: z.string(), error: z.string(), failures: z.number() }).nullable(),
  }),
});
export type SystemStatus = z.infer<typeof SystemStatus>;

export const CollectedFile = z.looseObject({
  file_id: z.string(),
  flow_id: z.string(),
  client_id: z.string(),
  path: z.string(),
  stored_bytes: z.string(),
  content_bytes: z.string(),
  content_sha256: z.string(),
  parts: z.number().nullable(),
  reported_at: z.string(),
});
export type CollectedFile = z.infer<typeof CollectedFile>;

export const ClientUsage = z.looseObject({ client_id: z.string(), bytes: z.string(), objects: z.string() });
export type ClientUsage = z.infer<typeof ClientUsage>;

export const Orphan = z.looseObject({
  key: z.string(),
  bytes: z.string(),
  client_id: z.string().nullable(),
  flow_id: z.string().nullable(),
  first_seen_at: z.string(),
});
export type Orphan = z.infer<typeof Orphan>;
