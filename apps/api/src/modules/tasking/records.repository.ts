import { Injectable } from '@nestjs/common';
import type { EntryState } from '#wire';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { AttemptRow, ClientChangeRow, FlowChangeRow, PendingFlow, QueueScope } from './domain/records.js';

@Injectable()
export class RecordsRepository {
  /** Flows of the scope with an attempt that is not signed or a change that is not in the bucket. */
  pendingFlows(tx: Tx, scope: QueueScope): Promise<PendingFlow[]> {
    return tx.$queryRaw<PendingFlow[]>`
      SELECT f.id, f.type, f.description, f.creator, f.created_at AS "createdAt", f.ended_at AS "endedAt",
        f.client_id AS "clientId", f.labels, f.hunt_state AS "huntState", f.request, f.external_ref AS "externalRef"
      FROM flows f
      WHERE (f.client_id = ANY(${[...scope.clientIds]}::text[]) OR (f.is_hunt AND f.labels && ${[...scope.labels]}::text[]))
        AND (f.hunt_state IS NULL OR f.hunt_state NOT IN ('Draft', 'Waiting'))
        AND (EXISTS (SELECT 1 FROM flow_changes c WHERE c.flow_id = f.id AND c.recorded_at IS NULL)
          OR EXISTS (SELECT 1 FROM flow_attempts a WHERE a.flow_id = f.id AND a.signature IS NULL))
      ORDER BY f.id`;
  }

  attempts(tx: Tx, flowIds: readonly string[]): Promise<AttemptRow[]> {
    return tx.flowAttempt.findMany({
      where: { flowId: { in: [...flowIds] } },
      orderBy: [{ flowId: 'asc' }, { attempt: 'asc' }],
    });
  }

  async saveSignature(
    tx: Tx,
    attempt: { flowId: string; attempt: number; protectedPart: string; signature: string },
  ): Promise<void> {
    await tx.flowAttempt.updateMany({
      where: { flowId: attempt.flowId, attempt: attempt.attempt, signature: null },
      data: { protectedPart: attempt.protectedPart, signature: attempt.signature },
    });
  }

  async flowChanges(tx: Tx, flowIds: readonly string[]): Promise<FlowChangeRow[]> {
    const rows = await tx.flowChange.findMany({
      where: { flowId: { in: [...flowIds] }, recordedAt: null },
      orderBy: [{ flowId: 'asc' }, { seq: 'asc' }],
    });
    return rows.map((row) => ({ ...row, entryState: row.entryState as EntryState }));
  }

  async markFlowChanges(tx: Tx, changes: readonly { flowId: string; seq: number }[], now: Date): Promise<void> {
    await tx.$executeRaw`
      UPDATE flow_changes c SET recorded_at = ${now}
      FROM json_to_recordset(${JSON.stringify(changes)}::json) AS x("flowId" text, seq int)
      WHERE c.flow_id = x."flowId" AND c.seq = x.seq`;
  }

  /** Changes of clients that are not in the bucket, each with the client as it is now. */
  clientChanges(tx: Tx, clientIds: readonly string[]): Promise<ClientChangeRow[]> {
    return tx.$queryRaw<ClientChangeRow[]>`
      SELECT h.client_id AS "clientId", h.seq, h.change, h.by, h.at, c.identity, c.queue, c.registered_at AS "registeredAt",
        c.acceptance, c.tombstone_at AS "tombstoneAt",
        coalesce((SELECT json_agg(json_build_object('label', l.label, 'at', l.at, 'by', l.by) ORDER BY l.label)
          FROM client_labels l WHERE l.client_id = c.id), '[]') AS labels
      FROM client_changes h JOIN clients c ON c.id = h.client_id
      WHERE h.client_id = ANY(${[...clientIds]}::text[]) AND h.recorded_at IS NULL
      ORDER BY h.client_id, h.seq`;
  }

  async markClientChanges(tx: Tx, changes: readonly { clientId: string; seq: number }[], now: Date): Promise<void> {
    await tx.$executeRaw`
      UPDATE client_changes c SET recorded_at = ${now}
      FROM json_to_recordset(${JSON.stringify(changes)}::json) AS x("clientId" text, seq int)
      WHERE c.client_id = x."clientId" AND c.seq = x.seq`;
  }
}
