import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import { isWhole, type Reach } from '../../platform/access/policy.js';
import { withinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { ClientUsage, Orphan } from './domain/upload.js';

@Injectable()
export class UploadsRepository {
  /** Most bytes first. */
  usage(
    tx: Tx,
    reach: Reach,
    below: { bytes: bigint; clientId: string } | undefined,
    limit: number,
  ): Promise<ClientUsage[]> {
    const where: Prisma.Sql[] = [withinReach(Prisma.sql`u.client_id`, reach), Prisma.sql`u.objects > 0`];
    if (below !== undefined) where.push(Prisma.sql`(u.bytes, u.client_id) < (${below.bytes}, ${below.clientId})`);
    return tx.$queryRaw<ClientUsage[]>`
      SELECT u.client_id AS "clientId", u.bytes, u.objects FROM client_usage u
      WHERE ${Prisma.join(where, ' AND ')} ORDER BY u.bytes DESC, u.client_id DESC LIMIT ${limit}`;
  }

  /** In order of key. Those that name no client are for who sees the whole fleet. */
  orphans(
    tx: Tx,
    reach: Reach,
    filter: { clientId?: string | undefined },
    after: string | undefined,
    limit: number,
  ): Promise<Orphan[]> {
    const where: Prisma.Sql[] = [isWhole(reach) ? Prisma.sql`TRUE` : withinReach(Prisma.sql`o.client_id`, reach)];
    if (filter.clientId !== undefined) where.push(Prisma.sql`o.client_id = ${filter.clientId}`);
    if (after !== undefined) where.push(Prisma.sql`o.key > ${after}`);
    return tx.$queryRaw<Orphan[]>`
      SELECT o.key, o.bytes, o.client_id AS "clientId", o.flow_id AS "flowId", o.first_seen_at AS "firstSeenAt", o.seen_at AS "seenAt"
      FROM orphans o WHERE ${Prisma.join(where, ' AND ')} ORDER BY o.key LIMIT ${limit}`;
  }
}
