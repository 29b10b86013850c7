import { Injectable } from '@nestjs/common';
import { FINAL_STATES, type QuarantineReason } from '#wire';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

/** An object that was found to be an orphan. */
export interface FoundOrphan {
  key: string;
  bytes: number;
  clientId: string | null;
  flowId: string | null;
}

/** Of tickets that their client signed and that may say true things of what it stored. */
const MAY_NAME: readonly QuarantineReason[] = [
  'unknown_client',
  'digest_mismatch',
  'not_in_target',
  'not_in_sample',
  'object_missing',
  'object_mismatch',
  'not_accepted',
];

@Injectable()
export class OrphansRepository {
  /** Ends of flows and hunts, of those that are known. */
  async flows(tx: Tx, ids: readonly string[]): Promise<Map<string, Date | null>> {
    const rows = await tx.flow.findMany({ where: { id: { in: [...ids] } }, select: { id: true, endedAt: true } });
    return new Map(rows.map(({ id, endedAt }) => [id, endedAt]));
  }

  /** Those of the keys that a ticket named as collections. */
  async pinned(tx: Tx, keys: readonly string[]): Promise<Set<string>> {
    const rows = await tx.collection.findMany({ where: { key: { in: [...keys] } }, select: { key: true } });
    return new Set(rows.map(({ key }) => key));
  }

  /** Those of the runs (`flow client`) that have ended, in this attempt or perhaps in one before. */
  async answered(tx: Tx, runs: readonly { flowId: string; clientId: string }[]): Promise<Set<string>> {
    const rows = await tx.$queryRaw<{ flowId: string; clientId: string }[]>`
      SELECT r.flow_id AS "flowId", r.client_id AS "clientId"
      FROM json_to_recordset(${JSON.stringify(runs)}::json) AS x("flowId" text, "clientId" text)
      JOIN flow_runs r ON r.flow_id = x."flowId" AND r.client_id = x."clientId"
      WHERE r.state = ANY(${[...FINAL_STATES]}::text[]) OR r.attempt > 1`;
    return new Set(rows.map(({ flowId, clientId }) => `${flowId} ${clientId}`));
  }

  /** Those of the runs of which a ticket was put aside that may name what the client stored. */
  async putAside(tx: Tx, runs: readonly { flowId: string; clientId: string }[]): Promise<Set<string>> {
    const rows = await tx.$queryRaw<{ flowId: string; clientId: string }[]>`
      SELECT x."flowId", x."clientId"
      FROM json_to_recordset(${JSON.stringify(runs)}::json) AS x("flowId" text, "clientId" text)
      WHERE EXISTS (SELECT 1 FROM quarantine_entries q
        WHERE q.flow_id = x."flowId" AND q.client_id = x."clientId" AND q.reason = ANY(${[...MAY_NAME]}::text[]))`;
    return new Set(rows.map(({ flowId, clientId }) => `${flowId} ${clientId}`));
  }

  async listOrphans(tx: Tx, orphans: readonly FoundOrphan[], at: Date): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO orphans (key, bytes, client_id, flow_id, first_seen_at, seen_at)
      SELECT key, bytes, "clientId", "flowId", ${at}, ${at}
      FROM json_to_recordset(${JSON.stringify(orphans)}::json) AS x(key text, bytes bigint, "clientId" text, "flowId" text)
      ORDER BY 1
      ON CONFLICT (key) DO UPDATE SET seen_at = excluded.seen_at, bytes = excluded.bytes`;
  }

  /** Forgets those that a whole LIST did not find again, as orphans. */
  async forgetOrphans(tx: Tx, notSeenSince: Date): Promise<void> {
    await tx.$executeRaw`DELETE FROM orphans WHERE seen_at < ${notSeenSince}`;
  }

  /** Listed for so long that they go, and found again just now; in order of key after `after`. */
  async doomed(tx: Tx, firstSeenUntil: Date, seenSince: Date, after: string, limit: number): Promise<FoundOrphan[]> {
    const rows = await tx.orphan.findMany({
      where: { key: { gt: after }, firstSeenAt: { lte: firstSeenUntil }, seenAt: { gte: seenSince } },
      orderBy: { key: 'asc' },
      take: limit,
    });
    return rows.map(({ key, bytes, clientId, flowId }) => ({ key, bytes: Number(bytes), clientId, flowId }));
  }

  async removed(tx: Tx, keys: readonly string[]): Promise<void> {
    await tx.orphan.deleteMany({ where: { key: { in: [...keys] } } });
  }

  /** All that are listed. */
  async count(tx: Tx): Promise<{ orphans: number; bytes: number }> {
    const { _count, _sum } = await tx.orphan.aggregate({ _count: true, _sum: { bytes: true } });
    return { orphans: _count, bytes: Number(_sum.bytes ?? 0) };
  }
}
