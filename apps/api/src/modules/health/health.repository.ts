import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

export interface QueueHealth {
  id: string;
  behind: boolean;
  publishedAt: Date | null;
  lastError: string | null;
}

/** The bound on new clients was reached at some time; whether it still is. */
export interface RegistrationHealth {
  limited: boolean;
  waiting: number;
  perHour: number;
  at: Date;
}

/** The last whole look through the bucket, and whether one has failed since. */
export interface PatrolHealth {
  last: { at: Date; note: unknown } | undefined;
  failure: { at: Date; error: string; failures: number } | undefined;
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

  /** What the worker last said of the bound on new clients. */
  async registrations(tx: Tx): Promise<RegistrationHealth | undefined> {
    const rows = await tx.$queryRaw<RegistrationHealth[]>`
      SELECT (note ->> 'limited')::boolean AS limited, (note ->> 'waiting')::int AS waiting,
        (note ->> 'per_hour')::int AS "perHour", at FROM worker_notes WHERE name = 'registrations'`;
    return rows[0];
  }

  /** What the worker last said of its look through the bucket. */
  async patrol(tx: Tx): Promise<PatrolHealth> {
    const [last] = await tx.$queryRaw<{ at: Date; note: unknown }[]>`
      SELECT at, note FROM worker_notes WHERE name = 'patrol'`;
    const [failure] = await tx.$queryRaw<{ at: Date; error: string; failures: number }[]>`
      SELECT at, note ->> 'error' AS error, (note ->> 'failures')::int AS failures
      FROM worker_notes WHERE name = 'patrol_failure'`;
    return { last, failure };
  }

  /** Tickets that were taken in but are not in the ledger yet. */
  async unarchived(tx: Tx): Promise<number> {
    return tx.ticketSeen.count({ where: { archivedAt: null } });
  }
}
