import { Injectable } from '@nestjs/common';
import type { Prisma } from '../../generated/prisma/client.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { AuditRecord } from './domain/audit-record.js';

const toRow = (event: AuditRecord) => ({
  at: event.at,
  actor: event.actor,
  tokenId: event.tokenId ?? null,
  action: event.action,
  objectKind: event.objectKind,
  objectId: event.objectId ?? null,
  outcome: event.outcome,
  requestId: event.requestId ?? null,
  address: event.address ?? null,
  details: event.details as Prisma.InputJsonObject,
});

@Injectable()
export class AuditRepository {
  /** Inserts one event; nothing ever changes it. */
  async insert(tx: Tx, event: AuditRecord): Promise<void> {
    await tx.auditEvent.create({ data: toRow(event) });
  }

  async insertMany(tx: Tx, events: readonly AuditRecord[]): Promise<void> {
    if (events.length > 0) await tx.auditEvent.createMany({ data: events.map(toRow) });
  }
}
