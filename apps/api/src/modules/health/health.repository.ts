import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

export interface QueueHealth {
  id: string;
  behind: boolean;
  publishedAt: Date | null;
  lastError: string | null;
}

@Injectable()
export class HealthRepository {
  async ping(tx: Tx): Promise<void> {
    await tx.$queryRaw`SELECT 1`;
  }

  /** Queues whose file is behind or whose last publish failed, and the oldest publication of all. */
  async queues(tx: Tx): Promise<{ wrong: QueueHealth[]; oldest: Date | null; total: number }> {
    const wrong = await tx.$queryRaw<QueueHealth[]>`
      SELECT id, wanted_seq > published_seq AS behind, published_at AS "publishedAt", last_error AS "lastError"
      FROM queues WHERE wanted_seq > published_seq OR last_error IS NOT NULL ORDER BY id LIMIT 100`;
    const all = await tx.queue.aggregate({ _count: true, _min: { publishedAt: true } });
    return { wrong, oldest: all._min.publishedAt, total: all._count };
  }

  /** Tickets that were taken in but are not in the ledger yet. */
  async unarchived(tx: Tx): Promise<number> {
    return tx.ticketSeen.count({ where: { archivedAt: null } });
  }
}
