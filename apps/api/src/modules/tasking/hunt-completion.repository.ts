import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import { ALL_LABEL, FINAL_STATES } from '#wire';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { EndingFlow } from './lifecycle.repository.js';

/** A running hunt that somebody has answered. */
export interface AnsweredHunt extends EndingFlow {
  /** Clients with a final state, of the hunt's own counters. */
  finals: number;
  /** Only a sample of the target takes part. */
  sampled: boolean;
}

const REGISTERED = (seenSince: Date): Prisma.Sql =>
  Prisma.sql`c.acceptance = 'accepted' AND c.tombstone_at IS NULL AND c.last_seen_at >= ${seenSince}`;

/** What is asked to know whether a hunt is complete; none of it reads the whole fleet but {@link firstWaitedFor}, in parts. */
@Injectable()
export class HuntCompletionRepository {
  /** Of those given, or of all. */
  answered(tx: Tx, huntIds: readonly string[] | undefined): Promise<AnsweredHunt[]> {
    const which = huntIds === undefined ? Prisma.sql`TRUE` : Prisma.sql`f.id = ANY(${[...huntIds]}::text[])`;
    return tx.$queryRaw<AnsweredHunt[]>`
      SELECT f.id, f.client_id AS "clientId", f.labels, c.finals, a.sample_below IS NOT NULL AS sampled
      FROM flows f
      CROSS JOIN LATERAL (SELECT f.n_done + f.n_error + f.n_cancelled + f.n_crashed + f.n_rejected + f.n_skipped AS finals) c
      JOIN LATERAL (SELECT sample_below FROM flow_attempts WHERE flow_id = f.id ORDER BY attempt DESC LIMIT 1) a ON TRUE
      WHERE f.is_hunt AND f.hunt_state = 'Running' AND ${which} AND c.finals > 0 ORDER BY f.id`;
  }

  /** How many registered clients each of these labels has that were seen since; one look for all hunts. */
  async registered(tx: Tx, labels: readonly string[], seenSince: Date): Promise<Map<string, number>> {
    const rows = await tx.$queryRaw<{ label: string; n: bigint }[]>`
      SELECT l.label, count(*) AS n FROM client_labels l JOIN clients c ON c.id = l.client_id
      WHERE l.label = ANY(${[...labels]}::text[]) AND ${REGISTERED(seenSince)} GROUP BY l.label
      UNION ALL SELECT ${ALL_LABEL}, count(*) FROM clients c WHERE ${labels.includes(ALL_LABEL)} AND ${REGISTERED(seenSince)}`;
    return new Map(rows.map(({ label, n }) => [label, Number(n)]));
  }

  /** The first client after `after`, in order of id, of whom the hunt still waits for a final state. */
  async firstWaitedFor(tx: Tx, huntId: string, seenSince: Date, after: string): Promise<string | undefined> {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT c.id FROM clients c CROSS JOIN (${this.hunt(huntId)}) f
      WHERE c.id > ${after} AND ${this.isWaitedFor(huntId, seenSince)} ORDER BY c.id LIMIT 1`;
    return rows[0]?.id;
  }

  /** Whether the hunt still waits for this client. */
  async waitsFor(tx: Tx, huntId: string, seenSince: Date, clientId: string): Promise<boolean> {
    const rows = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM clients c CROSS JOIN (${this.hunt(huntId)}) f
      WHERE c.id = ${clientId} AND ${this.isWaitedFor(huntId, seenSince)}`;
    return rows.length > 0;
  }

  /** Those of these hunts that still run, locked. */
  lockRunning(tx: Tx, huntIds: readonly string[]): Promise<EndingFlow[]> {
    return tx.$queryRaw<EndingFlow[]>`
      SELECT id, client_id AS "clientId", labels FROM flows
      WHERE id = ANY(${[...huntIds]}::text[]) AND hunt_state = 'Running' ORDER BY id FOR NO KEY UPDATE`;
  }

  private hunt(huntId: string): Prisma.Sql {
    return Prisma.sql`SELECT h.labels, h.created_at, a.sample_below FROM flows h
      JOIN LATERAL (SELECT sample_below FROM flow_attempts WHERE flow_id = h.id ORDER BY attempt DESC LIMIT 1) a ON TRUE
      WHERE h.id = ${huntId}`;
  }

  /** Of the target and the sample, seen since, and without a final state. */
  private isWaitedFor(huntId: string, seenSince: Date): Prisma.Sql {
    return Prisma.sql`${REGISTERED(seenSince)}
      AND (${ALL_LABEL} = ANY(f.labels) OR EXISTS (
        SELECT 1 FROM client_labels l WHERE l.client_id = c.id AND l.label = ANY(f.labels)))
      AND (f.sample_below IS NULL OR c.registered_at <= f.created_at
        AND encode(substr(sha256(convert_to(${huntId} || c.id, 'UTF8')), 1, 8), 'hex') < f.sample_below)
      AND NOT EXISTS (
        SELECT 1 FROM flow_runs r
        WHERE r.flow_id = ${huntId} AND r.client_id = c.id AND r.state = ANY(${[...FINAL_STATES]}::text[]))`;
  }
}
