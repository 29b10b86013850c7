import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

export interface ClientRow {
  id: string;
  identity: string;
  queue: string;
  registeredAt: string;
  acceptance: string;
  tombstoneAt: string | null;
  changeSeq: number;
}

export interface FlowRow {
  id: string;
  isHunt: boolean;
  type: string;
  description: string;
  creator: string;
  createdAt: string;
  expiresAt: string;
  endedAt: string | null;
  clientId: string | null;
  labels: string[];
  entryState: string;
  huntState: string | null;
  request: unknown;
  reportSkips: boolean;
  changeSeq: number;
  externalRef: string | null;
}

export interface AttemptRow {
  flowId: string;
  attempt: number;
  specDigest: string;
  specPayload: string;
  protectedPart: string;
  signature: string;
  sampleBelow: string | null;
}

export interface ChangeRow {
  id: string;
  seq: number;
  change: string;
  by: string;
  at: string;
  entryState: string;
  huntState: string | null;
}

export interface QuarantineRow {
  key: string;
  etag: string;
  reason: string;
  detail: string;
  clientId: string | null;
  flowId: string | null;
  archiveKey: string;
  at: string;
  lastModified: string;
  nonce: string;
}

const json = (value: unknown): string => JSON.stringify(value);

/** Writes what the bucket holds into an empty database. */
@Injectable()
export class RebuildRepository {
  /** Names a table that holds something, or undefined. */
  async notEmpty(tx: Tx): Promise<string | undefined> {
    if ((await tx.client.count()) > 0) return 'clients';
    if ((await tx.flow.count()) > 0) return 'flows';
    if ((await tx.ticketSeen.count()) > 0) return 'tickets_seen';
    return undefined;
  }

  /** Clients as their records have them; what their Startup tickets say comes with the tickets. */
  async insertClients(tx: Tx, rows: readonly ClientRow[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO clients (id, identity, queue, registered_at, first_seen_at, last_seen_at, startup_at, acceptance, tombstone_at, change_seq)
      SELECT id, identity, queue, "registeredAt", "registeredAt", 'epoch', 'epoch', acceptance, "tombstoneAt", "changeSeq"
      FROM json_to_recordset(${json(rows)}::json) AS x(id text, identity text, queue text, "registeredAt" timestamptz,
        acceptance text, "tombstoneAt" timestamptz, "changeSeq" int)`;
  }

  async insertLabels(
    tx: Tx,
    rows: readonly { clientId: string; label: string; at: Date; by: string }[],
  ): Promise<void> {
    await tx.clientLabel.createMany({ data: [...rows] });
  }

  async insertClientChanges(tx: Tx, rows: readonly Omit<ChangeRow, 'entryState' | 'huntState'>[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO client_changes (client_id, seq, change, by, at, recorded_at)
      SELECT id, seq, change, by, at, at FROM json_to_recordset(${json(rows)}::json) AS x(id text, seq int, change text, by text, at timestamptz)`;
  }

  async insertFlows(tx: Tx, rows: readonly FlowRow[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO flows (id, is_hunt, type, description, creator, created_at, expires_at, ended_at, client_id, labels,
        entry_state, hunt_state, request, report_skips, change_seq, external_ref)
      SELECT id, "isHunt", type, description, creator, "createdAt", "expiresAt", "endedAt", "clientId", labels,
        "entryState", "huntState", request, "reportSkips", "changeSeq", "externalRef"
      FROM json_to_recordset(${json(rows)}::json) AS x(id text, "isHunt" boolean, type text, description text, creator text,
        "createdAt" timestamptz, "expiresAt" timestamptz, "endedAt" timestamptz, "clientId" text, labels text[],
        "entryState" text, "huntState" text, request jsonb, "reportSkips" boolean, "changeSeq" int, "externalRef" text)`;
  }

  async insertAttempts(tx: Tx, rows: readonly AttemptRow[]): Promise<void> {
    await tx.flowAttempt.createMany({ data: [...rows] });
  }

  async insertFlowChanges(tx: Tx, rows: readonly ChangeRow[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO flow_changes (flow_id, seq, change, by, at, entry_state, hunt_state, recorded_at)
      SELECT id, seq, change, by, at, "entryState", "huntState", at FROM json_to_recordset(${json(rows)}::json)
        AS x(id text, seq int, change text, by text, at timestamptz, "entryState" text, "huntState" text)`;
  }

  /** What was put aside stays so; counted on the clients' records. */
  async insertQuarantine(tx: Tx, rows: readonly QuarantineRow[]): Promise<void> {
    await tx.$executeRaw`
      WITH x AS (SELECT * FROM json_to_recordset(${json(rows)}::json) AS x(key text, etag text, reason text, detail text,
          "clientId" text, "flowId" text, "archiveKey" text, at timestamptz, "lastModified" timestamptz, nonce text)),
        seen AS (
          INSERT INTO tickets_seen (key, client_id, nonce, seq, etag, last_modified, flow_id, verdict, reason, archived_at)
          SELECT key, '', nonce, 0, etag, "lastModified", "flowId", 'quarantined', reason, at FROM x
          ON CONFLICT DO NOTHING),
        made AS (
          INSERT INTO quarantine_entries (at, key, etag, reason, detail, client_id, flow_id, archive_key)
          SELECT at, key, etag, reason, detail, "clientId", "flowId", "archiveKey" FROM x
          ON CONFLICT (key, etag, reason) DO NOTHING RETURNING client_id),
        n AS (SELECT client_id, count(*)::int AS n FROM made WHERE client_id IS NOT NULL GROUP BY client_id)
      UPDATE clients c SET quarantined = quarantined + n.n FROM n WHERE c.id = n.client_id`;
  }

  /** Every queue that has, or should have, a file. */
  async allQueues(tx: Tx): Promise<string[]> {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT 'client:' || id AS id FROM clients
      UNION SELECT 'label:' || label FROM client_labels
      UNION SELECT 'label:' || unnest(labels) FROM flows WHERE is_hunt`;
    return rows.map((r) => r.id);
  }
}
