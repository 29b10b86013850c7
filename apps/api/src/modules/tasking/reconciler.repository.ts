import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

/** A published file as Postgres remembers it. */
export interface KnownFile {
  id: string;
  /** Of a client's file. */
  clientQueue: string | null;
  etag: string;
}

@Injectable()
export class ReconcilerRepository {
  /** Files that are up to date, in order of id after `after`. */
  published(tx: Tx, after: string, limit: number): Promise<KnownFile[]> {
    return tx.$queryRaw<KnownFile[]>`
      SELECT q.id, c.queue AS "clientQueue", q.published_etag AS etag
      FROM queues q LEFT JOIN clients c ON q.id LIKE 'client:%' AND c.id = substr(q.id, 8)
      WHERE q.id > ${after} AND q.wanted_seq = q.published_seq AND q.published_etag IS NOT NULL
      ORDER BY q.id LIMIT ${limit}`;
  }

  /** Files that were published before a time: their grants are to be signed again. */
  async older(tx: Tx, than: Date, limit: number): Promise<string[]> {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM queues WHERE published_at < ${than} AND wanted_seq = published_seq ORDER BY published_at LIMIT ${limit}`;
    return rows.map((r) => r.id);
  }

  /** Forgets tickets that were archived before a time. */
  async forgetTickets(tx: Tx, before: Date): Promise<number> {
    return tx.$executeRaw`DELETE FROM tickets_seen WHERE archived_at < ${before}`;
  }
}
