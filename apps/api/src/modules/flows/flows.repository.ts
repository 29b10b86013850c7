import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Reach } from '../../platform/access/policy.js';
import { withinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { mayHaveEntry, SETTLED } from '../../platform/prisma/live-flows-sql.js';
import type { Flow, FlowChangeInput, NewFlow, Run } from './domain/flow.js';

const FLOW = Prisma.sql`
  f.id, f.type, f.description, f.creator, f.created_at AS "createdAt", f.expires_at AS "expiresAt", f.ended_at AS "endedAt",
  f.client_id AS "clientId", f.entry_state AS "entryState", f.external_ref AS "externalRef",
  (SELECT a.spec_digest FROM flow_attempts a WHERE a.flow_id = f.id ORDER BY a.attempt DESC LIMIT 1) AS "specDigest",
  (SELECT q.last_error FROM queues q
    WHERE q.id = 'client:' || f.client_id AND q.wanted_seq > q.published_seq AND f.entry_state <> 'closed') AS "publishError"`;

@Injectable()
export class FlowsRepository {
  /** A flow or hunt with its first attempt and its first change, in one go. */
  async create(tx: Tx, flow: NewFlow): Promise<void> {
    const { specDigest, specPayload, sampleBelow, request, ...row } = flow;
    await tx.flow.create({
      data: {
        ...row,
        request: request as Prisma.InputJsonValue,
        changeSeq: 1,
        attempts: { create: { attempt: 1, specDigest, specPayload, sampleBelow } },
        changes: {
          create: {
            seq: 1,
            change: 'launch',
            by: flow.creator,
            at: flow.createdAt,
            entryState: 'open',
            huntState: flow.huntState,
          },
        },
      },
    });
  }

  /**
   * What a queue's job file has to hold, or will: each flow and hunt that may have an entry, with its spec unless it is
   * settled, which makes room.
   */
  async claimsOn(
    tx: Tx,
    queue: { label: string } | { clientId: string },
    since: Date,
  ): Promise<{ payload: string | null }[]> {
    const where =
      'label' in queue
        ? Prisma.sql`f.is_hunt AND f.labels && ${[queue.label]}::text[]`
        : Prisma.sql`f.client_id = ${queue.clientId}`;
    return tx.$queryRaw<{ payload: string | null }[]>`
      SELECT CASE WHEN ${SETTLED} THEN NULL ELSE a.spec_payload END AS payload FROM flows f
      JOIN LATERAL (SELECT attempt, spec_payload FROM flow_attempts WHERE flow_id = f.id ORDER BY attempt DESC LIMIT 1) a ON TRUE
      WHERE ${where} AND ${mayHaveEntry(since)}`;
  }

  /** Locks a flow or hunt for a change; undefined when it is not there. */
  async lock(
    tx: Tx,
    id: string,
  ): Promise<{ entryState: string; huntState: string | null; labels: string[]; clientId: string | null } | undefined> {
    const rows = await tx.$queryRaw<
      { entryState: string; huntState: string | null; labels: string[]; clientId: string | null }[]
    >`
      SELECT entry_state AS "entryState", hunt_state AS "huntState", labels, client_id AS "clientId" FROM flows WHERE id = ${id} FOR UPDATE`;
    return rows[0];
  }

  /** Writes a change of a locked flow or hunt. */
  async change(tx: Tx, input: FlowChangeInput): Promise<void> {
    const flow = await tx.flow.update({
      where: { id: input.flowId },
      data: {
        entryState: input.entryState,
        huntState: input.huntState,
        changeSeq: { increment: 1 },
        ...(input.ended ? { endedAt: input.at } : {}),
      },
      select: { changeSeq: true },
    });
    await tx.flowChange.create({
      data: {
        flowId: input.flowId,
        seq: flow.changeSeq,
        change: input.change,
        by: input.by,
        at: input.at,
        entryState: input.entryState,
        huntState: input.huntState,
      },
    });
  }

  /** A flow on a client within reach. */
  async find(tx: Tx, reach: Reach, id: string): Promise<Flow | undefined> {
    const rows = await tx.$queryRaw<Flow[]>`
      SELECT ${FLOW} FROM flows f WHERE f.id = ${id} AND NOT f.is_hunt AND ${withinReach(Prisma.sql`f.client_id`, reach)}`;
    return rows[0];
  }

  async exists(tx: Tx, id: string): Promise<boolean> {
    return (await tx.flow.count({ where: { id } })) > 0;
  }

  /** Newest first; `before` is the position of the last one shown. */
  list(
    tx: Tx,
    reach: Reach,
    clientId: string | undefined,
    before: { at: Date; id: string } | undefined,
    limit: number,
  ): Promise<Flow[]> {
    const where: Prisma.Sql[] = [Prisma.sql`NOT f.is_hunt`, withinReach(Prisma.sql`f.client_id`, reach)];
    if (clientId !== undefined) where.push(Prisma.sql`f.client_id = ${clientId}`);
    if (before !== undefined) where.push(Prisma.sql`(f.created_at, f.id) < (${before.at}, ${before.id})`);
    return tx.$queryRaw<
      Flow[]
    >`SELECT ${FLOW} FROM flows f WHERE ${Prisma.join(where, ' AND ')} ORDER BY f.created_at DESC, f.id DESC LIMIT ${limit}`;
  }

  /** The newest flows of each of these clients within reach, at most `limit` of each. */
  ofClients(tx: Tx, reach: Reach, clientIds: readonly string[], limit: number): Promise<Flow[]> {
    return tx.$queryRaw<Flow[]>`
      SELECT ${FLOW} FROM unnest(${[...clientIds]}::text[]) AS asked(id) CROSS JOIN LATERAL (
        SELECT * FROM flows o WHERE o.client_id = asked.id AND NOT o.is_hunt
        ORDER BY o.created_at DESC, o.id DESC LIMIT ${limit}) f
      WHERE ${withinReach(Prisma.sql`asked.id`, reach)} ORDER BY f.created_at DESC, f.id DESC`;
  }

  /** What clients said of these flows, one statement for all. */
  runsOf(tx: Tx, flowIds: readonly string[]): Promise<Run[]> {
    return tx.flowRun.findMany({ where: { flowId: { in: [...flowIds] } } });
  }

  async run(tx: Tx, flowId: string, clientId: string): Promise<Run | undefined> {
    return (await tx.flowRun.findUnique({ where: { flowId_clientId: { flowId, clientId } } })) ?? undefined;
  }
}
