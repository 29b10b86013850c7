import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Reach } from '../../platform/access/policy.js';
import { isWhole } from '../../platform/access/policy.js';
import { withinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { QuarantineEntry } from './domain/quarantine-entry.js';

@Injectable()
export class QuarantineRepository {
  /** Newest first. Entries that name no client are for who sees the whole fleet. */
  list(
    tx: Tx,
    reach: Reach,
    filter: { clientId?: string | undefined; flowId?: string | undefined },
    before: bigint | undefined,
    limit: number,
  ): Promise<QuarantineEntry[]> {
    const where: Prisma.Sql[] = [isWhole(reach) ? Prisma.sql`TRUE` : withinReach(Prisma.sql`q.client_id`, reach)];
    if (filter.clientId !== undefined) where.push(Prisma.sql`q.client_id = ${filter.clientId}`);
    if (filter.flowId !== undefined) where.push(Prisma.sql`q.flow_id = ${filter.flowId}`);
    if (before !== undefined) where.push(Prisma.sql`q.id < ${before}`);
    return tx.$queryRaw<QuarantineEntry[]>`
      SELECT q.id, q.at, q.key, q.reason, q.detail, q.client_id AS "clientId", q.flow_id AS "flowId", q.archive_key AS "archiveKey"
      FROM quarantine_entries q WHERE ${Prisma.join(where, ' AND ')} ORDER BY q.id DESC LIMIT ${limit}`;
  }
}
