import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { ClientNews } from './domain/conduct.js';
import type { Counters } from './domain/counters.js';
import type { FlowRun } from './domain/flow-run.js';
import type { PinnedCollection } from './domain/collections.js';
import type { PinnedFile } from './domain/files.js';
import type { ClientFacts } from './domain/registration.js';

/** A ticket as it is remembered. */
export interface SeenRow {
  key: string;
  clientId: string;
  nonce: string;
  seq: number;
  etag: string;
  lastModified: string;
  flowId: string | null;
  verdict: 'accepted' | 'after_final' | 'quarantined';
  reason: string | null;
  archivedAt: string | null;
}

export interface QuarantineRow {
  key: string;
  etag: string;
  reason: string;
  detail: string;
  clientId: string | null;
  flowId: string | null;
  archiveKey: string | null;
}

/** A client as a Startup ticket gives it. */
export interface StartupRow extends ClientFacts {
  id: string;
  identity: string;
  registeredAt: string;
  acceptance: string;
  /** LastModified of the ticket. */
  at: string;
  firstAt: string;
  /** How far its clock is ahead of the store's. */
  clockOffsetMs: number;
}

export interface LockedClient {
  id: string;
  queue: string;
  startupAt: Date;
}

export interface LockedFlow {
  id: string;
  clientId: string | null;
  labels: string[];
  entryState: string;
  endedAt: Date | null;
  expiresAt: Date;
}

const STARTUP_COLUMNS = `id text, identity text, queue text, "registeredAt" timestamptz, acceptance text, at timestamptz,
  "firstAt" timestamptz, hostname text, fqdn text, system text, "osRelease" text, architecture text, "agentVersion" text,
  "agentStartAt" timestamptz, "bootAt" timestamptz, facts jsonb, claims text[], capabilities text[], "clonedFrom" text,
  "clockOffsetMs" bigint`;

/** Numbers that JSON has no form for go as texts; Postgres reads them as bigint. */
const withTexts = <T extends { rows: bigint; bytes: bigint }>(
  row: T,
): Omit<T, 'rows' | 'bytes'> & { rows: string; bytes: string } => ({
  ...row,
  rows: row.rows.toString(),
  bytes: row.bytes.toString(),
});

/** What intake writes: bulk statements only, all in the transaction of one batch. */
@Injectable()
export class IntakeWrites {
  /** Remembers tickets; answers the keys of those that nobody took before: only these may count. */
  async insertSeen(tx: Tx, rows: readonly SeenRow[]): Promise<Set<string>> {
    const inserted = await tx.$queryRaw<{ key: string }[]>`
      INSERT INTO tickets_seen (key, client_id, nonce, seq, etag, last_modified, flow_id, verdict, reason, archived_at)
      SELECT key, "clientId", nonce, seq, etag, "lastModified", "flowId", verdict, reason, "archivedAt"
      FROM json_to_recordset(${JSON.stringify(rows)}::json) AS x(key text, "clientId" text, nonce text, seq bigint, etag text,
        "lastModified" timestamptz, "flowId" text, verdict text, reason text, "archivedAt" timestamptz)
      ORDER BY key
      ON CONFLICT DO NOTHING RETURNING key`;
    return new Set(inserted.map((r) => r.key));
  }

  async markAfterFinal(tx: Tx, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await tx.$executeRaw`UPDATE tickets_seen SET verdict = 'after_final' WHERE key = ANY(${[...keys]}::text[])`;
  }

  /** Tickets that were remembered as good and are put aside after all. */
  async markRefused(tx: Tx, refused: readonly { key: string; reason: string }[]): Promise<void> {
    if (refused.length === 0) return;
    await tx.$executeRaw`
      UPDATE tickets_seen t SET verdict = 'quarantined', reason = x.reason
      FROM json_to_recordset(${JSON.stringify(refused)}::json) AS x(key text, reason text) WHERE t.key = x.key`;
  }

  lockFlows(tx: Tx, ids: readonly string[]): Promise<LockedFlow[]> {
    return tx.$queryRaw<LockedFlow[]>`
      SELECT id, client_id AS "clientId", labels, entry_state AS "entryState", ended_at AS "endedAt", expires_at AS "expiresAt"
      FROM flows
      WHERE id = ANY(${[...ids]}::text[]) ORDER BY id FOR NO KEY UPDATE`;
  }

  runs(tx: Tx, pairs: readonly { flowId: string; clientId: string }[]): Promise<FlowRun[]> {
    return tx.$queryRaw<FlowRun[]>`
      SELECT r.flow_id AS "flowId", r.client_id AS "clientId", r.attempt, r.state, r.started_at AS "startedAt",
        r.finished_at AS "finishedAt", r.updated_at AS "updatedAt", r.ticket_key AS "ticketKey", r.error, r.backtrace,
        r.progress, r.resources, r.logs, r.rows, r.bytes
      FROM flow_runs r
      JOIN json_to_recordset(${JSON.stringify(pairs)}::json) AS x("flowId" text, "clientId" text)
        ON r.flow_id = x."flowId" AND r.client_id = x."clientId"`;
  }

  async upsertRuns(tx: Tx, runs: readonly FlowRun[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO flow_runs (flow_id, client_id, attempt, state, started_at, finished_at, updated_at, ticket_key, error,
        backtrace, progress, resources, logs, rows, bytes)
      SELECT "flowId", "clientId", attempt, state, "startedAt", "finishedAt", "updatedAt", "ticketKey", error,
        backtrace, progress, resources, logs, rows, bytes
      FROM json_to_recordset(${JSON.stringify(runs.map(withTexts))}::json) AS x("flowId" text, "clientId" text, attempt int, state text,
        "startedAt" timestamptz, "finishedAt" timestamptz, "updatedAt" timestamptz, "ticketKey" text, error text,
        backtrace text, progress jsonb, resources jsonb, logs jsonb, rows bigint, bytes bigint)
      ORDER BY "flowId", "clientId"
      ON CONFLICT (flow_id, client_id) DO UPDATE SET attempt = EXCLUDED.attempt, state = EXCLUDED.state,
        started_at = EXCLUDED.started_at, finished_at = EXCLUDED.finished_at, updated_at = EXCLUDED.updated_at,
        ticket_key = EXCLUDED.ticket_key, error = EXCLUDED.error, backtrace = EXCLUDED.backtrace,
        progress = EXCLUDED.progress, resources = EXCLUDED.resources, logs = EXCLUDED.logs, rows = EXCLUDED.rows,
        bytes = EXCLUDED.bytes`;
  }

  /** Adds to the counters of locked flows exactly what the runs' changes made. */
  async addCounters(tx: Tx, deltas: readonly ({ flowId: string } & Counters)[]): Promise<void> {
    await tx.$executeRaw`
      UPDATE flows f SET n_started = n_started + x.started, n_done = n_done + x.done, n_error = n_error + x.error,
        n_cancelled = n_cancelled + x.cancelled, n_crashed = n_crashed + x.crashed, n_rejected = n_rejected + x.rejected,
        n_skipped = n_skipped + x.skipped, n_rows = n_rows + x.rows, stored_bytes = stored_bytes + x.bytes
      FROM json_to_recordset(${JSON.stringify(deltas.map(withTexts))}::json) AS x("flowId" text, started int, done int, error int, cancelled int,
        crashed int, rejected int, skipped int, rows bigint, bytes bigint)
      WHERE f.id = x."flowId"`;
  }

  async insertCollections(tx: Tx, rows: readonly (PinnedCollection & { id: string })[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.$executeRaw`
      INSERT INTO collections (id, flow_id, client_id, attempt, name, key, etag, stored_bytes, stored_sha256,
        content_bytes, content_sha256, schema, row_counts, rows, dropped_columns, null_coerced, reported_at)
      SELECT id, "flowId", "clientId", attempt, name, key, etag, "storedBytes", "storedSha256", "contentBytes",
        "contentSha256", schema, "rowCounts", rows, "droppedColumns", "nullCoerced", "reportedAt"
      FROM json_to_recordset(${JSON.stringify(rows)}::json) AS x(id text, "flowId" text, "clientId" text, attempt int, name text,
        key text, etag text, "storedBytes" bigint, "storedSha256" text, "contentBytes" bigint, "contentSha256" text,
        schema jsonb, "rowCounts" jsonb, rows bigint, "droppedColumns" text[], "nullCoerced" bigint, "reportedAt" timestamptz)
      ON CONFLICT (key) DO NOTHING`;
  }

  async insertFiles(tx: Tx, rows: readonly (PinnedFile & { id: string })[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.$executeRaw`
      INSERT INTO collected_files (id, flow_id, client_id, attempt, path, path_bytes, key, etag, stored_bytes, stored_sha256,
        content_bytes, content_sha256, parts, reported_at)
      SELECT id, "flowId", "clientId", attempt, path, decode("pathBytes", 'base64'), key, etag, "storedBytes", "storedSha256",
        "contentBytes", "contentSha256", parts, "reportedAt"
      FROM json_to_recordset(${JSON.stringify(rows)}::json) AS x(id text, "flowId" text, "clientId" text, attempt int, path text,
        "pathBytes" text, key text, etag text, "storedBytes" bigint, "storedSha256" text, "contentBytes" bigint,
        "contentSha256" text, parts int, "reportedAt" timestamptz)
      ORDER BY key
      ON CONFLICT (key) DO NOTHING`;
  }

  lockClients(tx: Tx, ids: readonly string[]): Promise<LockedClient[]> {
    return tx.$queryRaw<LockedClient[]>`
      SELECT id, queue, startup_at AS "startupAt" FROM clients WHERE id = ANY(${[...ids]}::text[])
      ORDER BY id FOR NO KEY UPDATE`;
  }

  /** New clients, each with its first change. */
  async insertClients(tx: Tx, rows: readonly StartupRow[]): Promise<void> {
    await tx.$executeRawUnsafe(
      `WITH x AS (SELECT * FROM json_to_recordset($1::json) AS x(${STARTUP_COLUMNS})),
        made AS (
          INSERT INTO clients (id, identity, queue, registered_at, first_seen_at, last_seen_at, acceptance, hostname, fqdn,
            system, os_release, architecture, agent_version, agent_start_at, boot_at, facts, claims, capabilities,
            cloned_from, startup_at, clock_offset_ms, clock_at, change_seq)
          SELECT id, identity, queue, "registeredAt", "firstAt", at, acceptance, hostname, fqdn, system, "osRelease",
            architecture, "agentVersion", "agentStartAt", "bootAt", facts, claims, capabilities, "clonedFrom", at,
            "clockOffsetMs", at, 1
          FROM x ORDER BY id RETURNING id, registered_at)
      INSERT INTO client_changes (client_id, seq, change, by, at)
      SELECT id, 1, 'register', 'system:worker', registered_at FROM made`,
      JSON.stringify(rows),
    );
  }

  /** Newer facts of locked clients. */
  async updateClients(tx: Tx, rows: readonly StartupRow[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.$executeRawUnsafe(
      `UPDATE clients c SET queue = x.queue, hostname = x.hostname, fqdn = x.fqdn, system = x.system,
        os_release = x."osRelease", architecture = x.architecture, agent_version = x."agentVersion",
        agent_start_at = x."agentStartAt", boot_at = x."bootAt", facts = x.facts, claims = x.claims,
        capabilities = x.capabilities, cloned_from = x."clonedFrom", startup_at = x.at
      FROM json_to_recordset($1::json) AS x(${STARTUP_COLUMNS}) WHERE c.id = x.id`,
      JSON.stringify(rows),
    );
  }

  /** One more change of each of these locked clients, to be written to the bucket. */
  async addClientChanges(tx: Tx, clientIds: readonly string[], change: string, at: Date): Promise<void> {
    if (clientIds.length === 0) return;
    await tx.$executeRaw`
      WITH c AS (UPDATE clients SET change_seq = change_seq + 1 WHERE id = ANY(${[...clientIds]}::text[]) RETURNING id, change_seq)
      INSERT INTO client_changes (client_id, seq, change, by, at)
      SELECT id, change_seq, ${change}, 'system:worker', ${at} FROM c`;
  }

  /** When clients were heard of and how they behaved; the rows are locked in one order. */
  async heardOf(tx: Tx, rows: readonly ClientNews[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.$queryRaw`SELECT 1 FROM clients WHERE id = ANY(${rows.map((r) => r.id)}::text[]) ORDER BY id FOR NO KEY UPDATE`;
    await tx.$executeRaw`
      UPDATE clients c SET first_seen_at = least(c.first_seen_at, x.first), last_seen_at = greatest(c.last_seen_at, x.last),
        clock_offset_ms = CASE WHEN x."clockAt" >= coalesce(c.clock_at, 'epoch') THEN x."clockOffsetMs" ELSE c.clock_offset_ms END,
        clock_at = greatest(c.clock_at, x."clockAt"), crashes = c.crashes + x.crashes,
        crashed_at = greatest(c.crashed_at, x."crashedAt"), over_quota = c.over_quota + x."overQuota",
        over_quota_at = greatest(c.over_quota_at, x."overQuotaAt"), overdue = c.overdue + x.overdue,
        overdue_at = greatest(c.overdue_at, x."overdueAt")
      FROM json_to_recordset(${JSON.stringify(rows)}::json) AS x(id text, first timestamptz, last timestamptz,
        "clockOffsetMs" bigint, "clockAt" timestamptz, crashes int, "crashedAt" timestamptz, "overQuota" int,
        "overQuotaAt" timestamptz, overdue int, "overdueAt" timestamptz)
      WHERE c.id = x.id`;
  }

  /** Puts tickets aside and counts them on their client's record; the same one again is archived again. */
  async quarantine(tx: Tx, rows: readonly QuarantineRow[], now: Date): Promise<void> {
    if (rows.length === 0) return;
    await tx.$executeRaw`
      WITH x AS (SELECT * FROM json_to_recordset(${JSON.stringify(rows)}::json) AS x(key text, etag text, reason text, detail text,
          "clientId" text, "flowId" text, "archiveKey" text)),
        made AS (
          INSERT INTO quarantine_entries (at, key, etag, reason, detail, client_id, flow_id, archive_key)
          SELECT ${now}, key, etag, reason, detail, "clientId", "flowId", "archiveKey" FROM x ORDER BY key
          ON CONFLICT (key, etag, reason) DO UPDATE SET at = EXCLUDED.at, archive_key = EXCLUDED.archive_key
          RETURNING client_id),
        n AS (SELECT client_id, count(*)::int AS n FROM made WHERE client_id IS NOT NULL GROUP BY client_id)
      UPDATE clients c SET quarantined = quarantined + n.n FROM n WHERE c.id = n.client_id`;
  }
}
