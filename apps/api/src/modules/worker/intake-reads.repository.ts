import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { KnownAttempt, KnownClient, KnownFlow } from './domain/judge.js';

/** A ticket that was taken in before. */
export interface SeenTicket {
  key: string;
  etag: string;
  archived: boolean;
}

export interface AttemptKey {
  flowId: string;
  attempt: number;
}

export const attemptKey = (flowId: string, attempt: number): string => `${flowId}/${attempt}`;

/** What intake looks up before it decides; one statement a question, whatever the number of tickets. */
@Injectable()
export class IntakeReads {
  async seen(tx: Tx, keys: readonly string[]): Promise<Map<string, SeenTicket>> {
    const rows = await tx.$queryRaw<SeenTicket[]>`
      SELECT key, etag, archived_at IS NOT NULL AS archived FROM tickets_seen WHERE key = ANY(${[...keys]}::text[])`;
    return new Map(rows.map((r) => [r.key, r]));
  }

  /** Objects that are put aside and not yet archived, as `key etag`. */
  async waitingInQuarantine(tx: Tx, keys: readonly string[]): Promise<Set<string>> {
    const rows = await tx.$queryRaw<{ key: string; etag: string }[]>`
      SELECT key, etag FROM quarantine_entries WHERE archive_key IS NULL AND key = ANY(${[...keys]}::text[])`;
    return new Set(rows.map((r) => `${r.key} ${r.etag}`));
  }

  async clients(tx: Tx, ids: readonly string[]): Promise<Map<string, KnownClient>> {
    const rows = await tx.$queryRaw<(Omit<KnownClient, 'labels'> & { labels: string[] })[]>`
      SELECT c.id, c.identity, c.acceptance, c.tombstone_at IS NOT NULL AS tombstoned, c.registered_at AS "registeredAt",
        ARRAY(SELECT l.label FROM client_labels l WHERE l.client_id = c.id) AS labels
      FROM clients c WHERE c.id = ANY(${[...ids]}::text[])`;
    return new Map(rows.map((r) => [r.id, { ...r, labels: new Set(r.labels) }]));
  }

  async flows(tx: Tx, ids: readonly string[]): Promise<Map<string, KnownFlow>> {
    const rows = await tx.$queryRaw<KnownFlow[]>`
      SELECT id, is_hunt AS "isHunt", client_id AS "clientId", labels, created_at AS "createdAt"
      FROM flows WHERE id = ANY(${[...ids]}::text[])`;
    return new Map(rows.map((r) => [r.id, r]));
  }

  /** Attempts that were signed: nobody can have run another. With their specs. */
  async attempts(tx: Tx, wanted: readonly AttemptKey[]): Promise<Map<string, KnownAttempt & { specPayload: string }>> {
    const rows = await tx.$queryRaw<(AttemptKey & KnownAttempt & { specPayload: string })[]>`
      SELECT a.flow_id AS "flowId", a.attempt, a.spec_digest AS "specDigest", a.sample_below AS "sampleBelow",
        a.spec_payload AS "specPayload"
      FROM flow_attempts a
      JOIN json_to_recordset(${JSON.stringify(wanted)}::json) AS x("flowId" text, attempt int)
        ON a.flow_id = x."flowId" AND a.attempt = x.attempt
      WHERE a.signature IS NOT NULL`;
    return new Map(rows.map((r) => [attemptKey(r.flowId, r.attempt), r]));
  }

  /** Which clients have these queues. */
  async queueOwners(tx: Tx, queues: readonly string[]): Promise<Map<string, string>> {
    const rows = await tx.$queryRaw<{ id: string; queue: string }[]>`
      SELECT id, queue FROM clients WHERE queue = ANY(${[...queues]}::text[])`;
    return new Map(rows.map((r) => [r.queue, r.id]));
  }

  /** Every label that has, or may soon have, a file: from label to label by indexes, however many clients have each. */
  async labels(tx: Tx): Promise<string[]> {
    const rows = await tx.$queryRaw<{ label: string }[]>`
      WITH RECURSIVE given AS (
        (SELECT label FROM client_labels ORDER BY label LIMIT 1)
        UNION ALL
        SELECT (SELECT l.label FROM client_labels l WHERE l.label > given.label ORDER BY l.label LIMIT 1)
        FROM given WHERE given.label IS NOT NULL)
      SELECT substr(id, 7) AS label FROM queues WHERE id LIKE 'label:%'
      UNION SELECT label FROM given WHERE label IS NOT NULL`;
    return rows.map((r) => r.label);
  }
}
