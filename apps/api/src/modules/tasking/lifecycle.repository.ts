import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import { FINAL_STATES } from '#wire';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

/** A flow or hunt whose entry closes. */
export interface EndingFlow {
  id: string;
  clientId: string | null;
  labels: string[];
}

/** How flows end: what changes in their rows. */
export interface Ending {
  id: string;
  /** ISO 8601. */
  at: string;
  change: string;
  huntState: string | null;
}

@Injectable()
export class LifecycleRepository {
  /** Locks flows and hunts that are past their expiry and still open. */
  expired(tx: Tx, now: Date, limit: number): Promise<(EndingFlow & { expiresAt: Date; isHunt: boolean })[]> {
    return tx.$queryRaw<(EndingFlow & { expiresAt: Date; isHunt: boolean })[]>`
      SELECT id, client_id AS "clientId", labels, expires_at AS "expiresAt", is_hunt AS "isHunt" FROM flows
      WHERE expires_at <= ${now} AND (CASE WHEN is_hunt THEN hunt_state IN ('Running', 'Paused') ELSE entry_state = 'open' END)
      ORDER BY id LIMIT ${limit} FOR NO KEY UPDATE`;
  }

  /**
   * Hunts, of those given or of all, of which every client of the target that was seen since `since` has a final state.
   * Locked.
   */
  async finished(tx: Tx, huntIds: readonly string[] | undefined, since: Date): Promise<EndingFlow[]> {
    const which = huntIds === undefined ? Prisma.sql`TRUE` : Prisma.sql`f.id = ANY(${[...huntIds]}::text[])`;
    return tx.$queryRaw<EndingFlow[]>`
      SELECT f.id, f.client_id AS "clientId", f.labels FROM flows f
      WHERE f.is_hunt AND f.hunt_state = 'Running' AND ${which}
        AND f.n_done + f.n_error + f.n_cancelled + f.n_crashed + f.n_rejected + f.n_skipped > 0
        AND NOT EXISTS (
          SELECT 1 FROM clients c
          WHERE c.acceptance = 'accepted' AND c.tombstone_at IS NULL AND c.last_seen_at >= ${since}
            AND ('All' = ANY(f.labels) OR EXISTS (
              SELECT 1 FROM client_labels l WHERE l.client_id = c.id AND l.label = ANY(f.labels)))
            AND coalesce((
              SELECT encode(substr(sha256(convert_to(f.id || c.id, 'UTF8')), 1, 8), 'hex') < a.sample_below AND c.registered_at <= f.created_at
              FROM flow_attempts a WHERE a.flow_id = f.id ORDER BY a.attempt DESC LIMIT 1), TRUE)
            AND NOT EXISTS (
              SELECT 1 FROM flow_runs r
              WHERE r.flow_id = f.id AND r.client_id = c.id AND r.state = ANY(${[...FINAL_STATES]}::text[])))
      ORDER BY f.id FOR NO KEY UPDATE OF f`;
  }

  /** Closes entries and writes the changes. The rows are locked. */
  async end(tx: Tx, endings: readonly Ending[], by: string): Promise<void> {
    await tx.$executeRaw`
      WITH x AS (SELECT * FROM json_to_recordset(${JSON.stringify(endings)}::json) AS x(id text, at timestamptz, change text, "huntState" text)),
        ended AS (
          UPDATE flows f SET entry_state = CASE WHEN f.entry_state = 'cancelled' THEN 'cancelled' ELSE 'closed' END,
            hunt_state = coalesce(x."huntState", f.hunt_state), ended_at = coalesce(f.ended_at, x.at), change_seq = f.change_seq + 1
          FROM x WHERE f.id = x.id
          RETURNING f.id, f.change_seq, f.entry_state, f.hunt_state, x.change, x.at)
      INSERT INTO flow_changes (flow_id, seq, change, by, at, entry_state, hunt_state)
      SELECT id, change_seq, change, ${by}, at, entry_state, hunt_state FROM ended`;
  }

  /** Runs that never said how they ended become `Expired` when their flow is past its time. Answers how many. */
  async expireRuns(tx: Tx, now: Date): Promise<number> {
    return tx.$executeRaw`
      WITH f AS (SELECT id FROM flows WHERE expires_at <= ${now} AND n_started > 0 ORDER BY id LIMIT 500 FOR NO KEY UPDATE),
        r AS (UPDATE flow_runs r SET state = 'Expired' FROM f WHERE r.flow_id = f.id AND r.state = 'Started' RETURNING r.flow_id),
        n AS (SELECT flow_id, count(*)::int AS n FROM r GROUP BY flow_id)
      UPDATE flows SET n_started = n_started - n.n FROM n WHERE flows.id = n.flow_id`;
  }
}
