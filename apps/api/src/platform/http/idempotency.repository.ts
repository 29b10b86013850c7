import { Injectable } from '@nestjs/common';
import type { Tx } from '../prisma/unit-of-work.js';

@Injectable()
export class IdempotencyRepository {
  /** True when this call is the first of its key; waits for a parallel one to commit or fail. */
  async insert(
    tx: Tx,
    row: { principal: string; route: string; key: string; bodyHash: string; objectId: string; createdAt: Date },
  ): Promise<boolean> {
    const inserted = await tx.$executeRaw`
      INSERT INTO idempotency_keys (principal, route, key, body_hash, object_id, created_at)
      VALUES (${row.principal}, ${row.route}, ${row.key}, ${row.bodyHash}, ${row.objectId}, ${row.createdAt})
      ON CONFLICT DO NOTHING`;
    return inserted === 1;
  }

  async find(
    tx: Tx,
    principal: string,
    route: string,
    key: string,
  ): Promise<{ bodyHash: string; objectId: string } | undefined> {
    const row = await tx.idempotencyKey.findUnique({ where: { principal_route_key: { principal, route, key } } });
    return row ?? undefined;
  }
}
