import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { AuditEvent, AuditFilter } from './domain/audit-event.js';

const conditions = (filter: AuditFilter): Prisma.Sql[] => {
  const where: Prisma.Sql[] = [];
  if (filter.actor !== undefined) where.push(Prisma.sql`e.actor = ${filter.actor}`);
  if (filter.action !== undefined) where.push(Prisma.sql`e.action = ${filter.action}`);
  if (filter.objectKind !== undefined) where.push(Prisma.sql`e.object_kind = ${filter.objectKind}`);
  if (filter.objectId !== undefined) where.push(Prisma.sql`e.object_id = ${filter.objectId}`);
  if (filter.outcome !== undefined) where.push(Prisma.sql`e.outcome = ${filter.outcome}`);
  if (filter.from !== undefined) where.push(Prisma.sql`e.at >= ${filter.from}::timestamptz`);
  if (filter.to !== undefined) where.push(Prisma.sql`e.at < ${filter.to}::timestamptz`);
  return where;
};

@Injectable()
export class AuditSearchRepository {
  /** Newest first. */
  search(tx: Tx, filter: AuditFilter, before: bigint | undefined, limit: number): Promise<AuditEvent[]> {
    const where = conditions(filter);
    if (before !== undefined) where.push(Prisma.sql`e.id < ${before}`);
    const all = where.length === 0 ? Prisma.sql`TRUE` : Prisma.join(where, ' AND ');
    return tx.$queryRaw<AuditEvent[]>`
      SELECT e.id, e.at, e.actor, e.token_id AS "tokenId", e.action, e.object_kind AS "objectKind", e.object_id AS "objectId",
        e.outcome, e.request_id AS "requestId", e.address, e.details, c.seq, c.chain_hash AS "chainHash"
      FROM (SELECT * FROM audit_events e WHERE ${all} ORDER BY e.id DESC LIMIT ${limit}) e
      LEFT JOIN audit_chain c ON c.event_id = e.id ORDER BY e.id DESC`;
  }
}
