import { Injectable } from '@nestjs/common';
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
      WHERE expires_at <= ${now} AND (NOT is_hunt AND entry_state = 'open' OR is_hunt AND hunt_state IN ('Running', 'Paused'))
      ORDER BY id LIMIT ${limit} FOR NO KEY UPDATE`;
  }

  /** Locks a hunt that is still open for newcomers or may be again. */
  async openHunt(tx: Tx, huntId: string): Promise<EndingFlow | undefined> {
    const [hunt] = await tx.$queryRaw<EndingFlow[]>`
      SELECT id, client_id AS "clientId", labels FROM flows
      WHERE id = ${huntId} AND is_hunt AND hunt_state IN ('Running', 'Paused') FOR NO KEY UPDATE`;
    return hunt;
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

  /**
   * Runs that never said how they ended become `Expired` when their flow is past its time, and count as overdue on the
   * records of their clients, which are locked in one order. Answers how many flows that were.
   */
  async expireRuns(tx: Tx, now: Date): Promise<number> {
    return tx.$executeRaw`
      WITH f AS (SELECT id, expires_at FROM flows WHERE expires_at <= ${now} AND n_started > 0 ORDER BY id LIMIT 500 FOR NO KEY UPDATE),
        r AS (UPDATE flow_runs r SET state = 'Expired' FROM f WHERE r.flow_id = f.id AND r.state = 'Started' RETURNING r.flow_id, r.client_id, f.expires_at),
        n AS (SELECT flow_id, count(*)::int AS n FROM r GROUP BY flow_id),
        late AS (SELECT client_id, count(*)::int AS n, max(expires_at) AS since FROM r GROUP BY client_id),
        held AS MATERIALIZED (SELECT c.id FROM clients c JOIN late ON late.client_id = c.id ORDER BY c.id FOR NO KEY UPDATE OF c),
        counted AS (
          UPDATE clients c SET overdue = c.overdue + late.n, overdue_at = greatest(c.overdue_at, late.since)
          FROM held JOIN late ON late.client_id = held.id WHERE c.id = held.id)
      UPDATE flows SET n_started = n_started - n.n FROM n WHERE flows.id = n.flow_id`;
  }
}
