import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

@Injectable()
export class QueuesRepository {
  /** Marks job files as out of date, in the transaction of the change; the publisher is told when it commits. */
  async markDirty(tx: Tx, queueIds: readonly string[]): Promise<void> {
    if (queueIds.length === 0) return;
    // One order for everybody, so that two changes of the same queues cannot wait for each other.
    const ids = [...new Set(queueIds)].sort();
    await tx.$executeRaw`
      INSERT INTO queues (id, wanted_seq) SELECT unnest(${ids}::text[]), 1
      ON CONFLICT (id) DO UPDATE SET wanted_seq = queues.wanted_seq + 1`;
    await tx.$executeRaw`SELECT pg_notify('rekall_queues', '')`;
  }
}
