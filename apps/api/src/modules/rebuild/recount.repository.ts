import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { Difference } from './domain/difference.js';

const COUNTERS = [
  'n_started',
  'n_done',
  'n_error',
  'n_cancelled',
  'n_crashed',
  'n_rejected',
  'n_skipped',
  'n_rows',
  'stored_bytes',
];

const COUNTED = Prisma.sql`
  SELECT f.id, count(*) FILTER (WHERE r.state = 'Started')::int AS n_started, count(*) FILTER (WHERE r.state = 'Done')::int AS n_done,
    count(*) FILTER (WHERE r.state = 'Error')::int AS n_error, count(*) FILTER (WHERE r.state = 'Cancelled')::int AS n_cancelled,
    count(*) FILTER (WHERE r.state = 'Crashed')::int AS n_crashed, count(*) FILTER (WHERE r.state = 'Rejected')::int AS n_rejected,
    count(*) FILTER (WHERE r.state = 'Skipped')::int AS n_skipped, coalesce(sum(r.rows), 0)::bigint AS n_rows,
    coalesce(sum(r.bytes), 0)::bigint AS stored_bytes
  FROM flows f LEFT JOIN flow_runs r ON r.flow_id = f.id GROUP BY f.id`;

@Injectable()
export class RecountRepository {
  /** Every counter that differs. The flows are locked: intake cannot move one meanwhile. */
  async differences(tx: Tx): Promise<Difference[]> {
    await tx.$queryRaw`SELECT count(*) FROM (SELECT 1 FROM flows ORDER BY id FOR NO KEY UPDATE) f`;
    return tx.$queryRaw<Difference[]>`
      SELECT f.id AS "flowId", k.key AS counter, k.value AS kept, n.value AS counted
      FROM flows f JOIN (${COUNTED}) c ON c.id = f.id
      CROSS JOIN LATERAL jsonb_each_text(to_jsonb(f)) k
      JOIN LATERAL jsonb_each_text(to_jsonb(c)) n ON n.key = k.key
      WHERE k.key = ANY(${COUNTERS}::text[]) AND k.value <> n.value ORDER BY f.id, k.key`;
  }

  async mend(tx: Tx): Promise<void> {
    await tx.$executeRaw`
      UPDATE flows f SET n_started = c.n_started, n_done = c.n_done, n_error = c.n_error, n_cancelled = c.n_cancelled,
        n_crashed = c.n_crashed, n_rejected = c.n_rejected, n_skipped = c.n_skipped, n_rows = c.n_rows, stored_bytes = c.stored_bytes
      FROM (${COUNTED}) c WHERE c.id = f.id`;
  }
}
