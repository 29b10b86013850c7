import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Reach } from '../../platform/access/policy.js';
import { isWhole } from '../../platform/access/policy.js';
import { labelsWithinReach, withinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { ENDED_HUNT_STATES } from '../flows/index.js';
import type { Hunt, HuntClient, HuntStats, RecruitmentPoint } from './domain/hunt.js';

const HUNT = Prisma.sql`
  f.id, f.type, f.description, f.creator, f.created_at AS "createdAt", f.expires_at AS "expiresAt", f.ended_at AS "endedAt",
  f.labels, f.hunt_state AS "huntState", f.hunt_state = ANY(${[...ENDED_HUNT_STATES]}::text[]) AS terminal, f.entry_state AS "entryState", f.external_ref AS "externalRef",
  a.spec_digest AS "specDigest", a.sample_below AS "sampleBelow",
  (SELECT q.last_error FROM queues q
    WHERE q.id IN (SELECT 'label:' || label FROM unnest(f.labels) AS label) AND q.wanted_seq > q.published_seq
      AND q.last_error IS NOT NULL AND f.entry_state <> 'closed' ORDER BY q.id LIMIT 1) AS "publishError"`;

const LAST_ATTEMPT = Prisma.sql`
  JOIN LATERAL (SELECT spec_digest, sample_below FROM flow_attempts WHERE flow_id = f.id ORDER BY attempt DESC LIMIT 1) a ON TRUE`;

/** A hunt is visible when some client of the caller's reach may be in its target, or took part. */
const visible = (reach: Reach): Prisma.Sql =>
  isWhole(reach)
    ? Prisma.sql`TRUE`
    : Prisma.sql`(${labelsWithinReach(Prisma.sql`f.labels`, reach)} OR EXISTS (
        SELECT 1 FROM clients c
        WHERE ${withinReach(Prisma.sql`c.id`, reach)} AND c.tombstone_at IS NULL
          AND ('All' = ANY(f.labels) OR EXISTS (SELECT 1 FROM client_labels t WHERE t.client_id = c.id AND t.label = ANY(f.labels))
               OR EXISTS (SELECT 1 FROM flow_runs r WHERE r.flow_id = f.id AND r.client_id = c.id))))`;

const inTarget = (labels: readonly string[]): Prisma.Sql =>
  labels.includes('All')
    ? Prisma.sql`TRUE`
    : Prisma.sql`EXISTS (SELECT 1 FROM client_labels t WHERE t.client_id = c.id AND t.label = ANY(${[...labels]}::text[]))`;

@Injectable()
export class HuntsRepository {
  async find(tx: Tx, reach: Reach, id: string): Promise<Hunt | undefined> {
    const rows = await tx.$queryRaw<
      Hunt[]
    >`SELECT ${HUNT} FROM flows f ${LAST_ATTEMPT} WHERE f.id = ${id} AND f.is_hunt AND ${visible(reach)}`;
    return rows[0];
  }

  list(tx: Tx, reach: Reach, before: { at: Date; id: string } | undefined, limit: number): Promise<Hunt[]> {
    const where: Prisma.Sql[] = [Prisma.sql`f.is_hunt`, visible(reach)];
    if (before !== undefined) where.push(Prisma.sql`(f.created_at, f.id) < (${before.at}, ${before.id})`);
    return tx.$queryRaw<Hunt[]>`
      SELECT ${HUNT} FROM flows f ${LAST_ATTEMPT} WHERE ${Prisma.join(where, ' AND ')} ORDER BY f.created_at DESC, f.id DESC LIMIT ${limit}`;
  }

  async exists(tx: Tx, id: string): Promise<boolean> {
    return (await tx.flow.count({ where: { id, isHunt: true } })) > 0;
  }

  /** Which of these labels no client has. `All` is every client’s. */
  async unknownLabels(tx: Tx, labels: readonly string[]): Promise<string[]> {
    const rows = await tx.$queryRaw<{ label: string }[]>`
      SELECT asked.label FROM unnest(${[...labels]}::text[]) AS asked(label)
      WHERE asked.label <> 'All' AND NOT EXISTS (SELECT 1 FROM client_labels l WHERE l.label = asked.label)`;
    return rows.map((row) => row.label);
  }

  /** Registered clients of the labels that were seen since a time, within reach. */
  async expected(tx: Tx, reach: Reach, labels: readonly string[], seenSince: Date): Promise<bigint> {
    const rows = await tx.$queryRaw<{ n: bigint }[]>`
      SELECT count(*) AS n FROM clients c
      WHERE c.acceptance = 'accepted' AND c.tombstone_at IS NULL AND c.last_seen_at >= ${seenSince}
        AND ${inTarget(labels)} AND ${withinReach(Prisma.sql`c.id`, reach)}`;
    return rows[0]?.n ?? 0n;
  }

  /** The same as expected and stats, for many hunts in one statement. */
  async statsOf(
    tx: Tx,
    reach: Reach,
    huntIds: readonly string[],
    seenSince: Date,
  ): Promise<(HuntStats & { id: string })[]> {
    const counted = isWhole(reach)
      ? Prisma.sql`
          SELECT f.n_started::bigint AS started, f.n_done::bigint AS done, f.n_error::bigint AS error, f.n_cancelled::bigint AS cancelled,
            f.n_crashed::bigint AS crashed, f.n_rejected::bigint AS rejected, f.n_skipped::bigint AS skipped, f.n_rows AS rows,
            f.stored_bytes AS bytes`
      : Prisma.sql`
          SELECT count(*) FILTER (WHERE state = 'Started') AS started, count(*) FILTER (WHERE state = 'Done') AS done,
            count(*) FILTER (WHERE state = 'Error') AS error, count(*) FILTER (WHERE state = 'Cancelled') AS cancelled,
            count(*) FILTER (WHERE state = 'Crashed') AS crashed, count(*) FILTER (WHERE state = 'Rejected') AS rejected,
            count(*) FILTER (WHERE state = 'Skipped') AS skipped, coalesce(sum(rows), 0)::bigint AS rows, coalesce(sum(bytes), 0)::bigint AS bytes
          FROM flow_runs r WHERE r.flow_id = f.id AND ${withinReach(Prisma.sql`r.client_id`, reach)}`;
    return tx.$queryRaw<(HuntStats & { id: string })[]>`
      SELECT f.id, s.*, (
        SELECT count(*) FROM clients c
        WHERE c.acceptance = 'accepted' AND c.tombstone_at IS NULL AND c.last_seen_at >= ${seenSince}
          AND ('All' = ANY(f.labels) OR EXISTS (SELECT 1 FROM client_labels t WHERE t.client_id = c.id AND t.label = ANY(f.labels)))
          AND ${withinReach(Prisma.sql`c.id`, reach)}) AS expected
      FROM flows f CROSS JOIN LATERAL (${counted}) s
      WHERE f.id = ANY(${[...huntIds]}::text[]) AND f.is_hunt AND ${visible(reach)}`;
  }

  /** Counts of a hunt: the kept counters for who sees the whole fleet, counted rows for who sees a part. */
  async stats(tx: Tx, reach: Reach, hunt: Pick<Hunt, 'id' | 'labels'>, seenSince: Date): Promise<HuntStats> {
    const expected = await this.expected(tx, reach, hunt.labels, seenSince);
    const rows = isWhole(reach)
      ? await tx.$queryRaw<Omit<HuntStats, 'expected'>[]>`
          SELECT n_started::bigint AS started, n_done::bigint AS done, n_error::bigint AS error, n_cancelled::bigint AS cancelled,
            n_crashed::bigint AS crashed, n_rejected::bigint AS rejected, n_skipped::bigint AS skipped, n_rows AS rows, stored_bytes AS bytes
          FROM flows WHERE id = ${hunt.id}`
      : await tx.$queryRaw<Omit<HuntStats, 'expected'>[]>`
          SELECT count(*) FILTER (WHERE state = 'Started') AS started, count(*) FILTER (WHERE state = 'Done') AS done,
            count(*) FILTER (WHERE state = 'Error') AS error, count(*) FILTER (WHERE state = 'Cancelled') AS cancelled,
            count(*) FILTER (WHERE state = 'Crashed') AS crashed, count(*) FILTER (WHERE state = 'Rejected') AS rejected,
            count(*) FILTER (WHERE state = 'Skipped') AS skipped, coalesce(sum(rows), 0)::bigint AS rows, coalesce(sum(bytes), 0)::bigint AS bytes
          FROM flow_runs r WHERE r.flow_id = ${hunt.id} AND ${withinReach(Prisma.sql`r.client_id`, reach)}`;
    const counted = rows[0];
    if (counted === undefined) throw new Error(`hunt ${hunt.id} vanished while it was counted`);
    return { ...counted, expected };
  }

  clients(
    tx: Tx,
    reach: Reach,
    huntId: string,
    state: string | undefined,
    after: string | undefined,
    limit: number,
  ): Promise<HuntClient[]> {
    const where: Prisma.Sql[] = [Prisma.sql`r.flow_id = ${huntId}`, withinReach(Prisma.sql`r.client_id`, reach)];
    if (state !== undefined) where.push(Prisma.sql`r.state = ${state}`);
    if (after !== undefined) where.push(Prisma.sql`r.client_id > ${after}`);
    return tx.$queryRaw<HuntClient[]>`
      SELECT r.client_id AS "clientId", c.hostname, r.state, r.attempt, r.started_at AS "startedAt", r.finished_at AS "finishedAt",
        r.rows, r.bytes, r.error, r.ticket_key AS "ticketKey"
      FROM flow_runs r JOIN clients c ON c.id = r.client_id
      WHERE ${Prisma.join(where, ' AND ')} ORDER BY r.client_id LIMIT ${limit}`;
  }

  /** The first clients within reach of each of these hunts, at most `limit` of each, in order of id. */
  clientsOf(
    tx: Tx,
    reach: Reach,
    huntIds: readonly string[],
    state: string | undefined,
    limit: number,
  ): Promise<(HuntClient & { huntId: string })[]> {
    const inState = state === undefined ? Prisma.sql`TRUE` : Prisma.sql`o.state = ${state}`;
    return tx.$queryRaw<(HuntClient & { huntId: string })[]>`
      SELECT asked.id AS "huntId", r.client_id AS "clientId", c.hostname, r.state, r.attempt, r.started_at AS "startedAt",
        r.finished_at AS "finishedAt", r.rows, r.bytes, r.error, r.ticket_key AS "ticketKey"
      FROM unnest(${[...huntIds]}::text[]) AS asked(id) CROSS JOIN LATERAL (
        SELECT * FROM flow_runs o
        WHERE o.flow_id = asked.id AND ${inState} AND ${withinReach(Prisma.sql`o.client_id`, reach)}
        ORDER BY o.client_id LIMIT ${limit}) r
      JOIN clients c ON c.id = r.client_id ORDER BY r.client_id`;
  }

  /** The recruitment curve of each hunt in at most `points` steps, each with the clients that had finished by then. */
  recruitment(
    tx: Tx,
    reach: Reach,
    huntIds: readonly string[],
    points: number,
  ): Promise<(RecruitmentPoint & { huntId: string })[]> {
    return tx.$queryRaw<(RecruitmentPoint & { huntId: string })[]>`
      WITH done AS (
        SELECT f.id, r.finished_at AS at, extract(epoch FROM r.finished_at - f.created_at)::float8 AS seconds,
          row_number() OVER (PARTITION BY f.id ORDER BY r.finished_at, r.client_id) AS n, count(*) OVER (PARTITION BY f.id) AS total
        FROM flow_runs r JOIN flows f ON f.id = r.flow_id
        WHERE r.flow_id = ANY(${[...huntIds]}::text[]) AND r.finished_at IS NOT NULL AND r.state <> 'Skipped'
          AND ${withinReach(Prisma.sql`r.client_id`, reach)})
      SELECT id AS "huntId", at, seconds, n AS finished FROM done
      WHERE n = total OR n % greatest(1, ceil(total::float8 / ${points})::bigint) = 0
      ORDER BY id, n`;
  }

  /**
   * The bound under which the sample positions of `limit` registered clients lie: the limit-th smallest value plus one,
   * in one statement. Undefined when there are no more clients than that.
   */
  async sampleBound(tx: Tx, huntId: string, labels: readonly string[], limit: number): Promise<string | undefined> {
    const rows = await tx.$queryRaw<{ position: string }[]>`
      SELECT encode(substr(sha256(convert_to(${huntId} || c.id, 'UTF8')), 1, 8), 'hex') AS position FROM clients c
      WHERE c.acceptance = 'accepted' AND c.tombstone_at IS NULL AND ${inTarget(labels)}
      ORDER BY position OFFSET ${limit - 1} LIMIT 1`;
    const position = rows[0]?.position;
    if (position === undefined) return undefined;
    const next = BigInt(`0x${position}`) + 1n;
    return next > 0xffff_ffff_ffff_ffffn ? position : next.toString(16).padStart(16, '0');
  }
}
