import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { MANIFEST_ID } from './domain/queue-id.js';

/** A published file as Postgres remembers it. */
export interface KnownFile {
  id: string;
  etag: string;
}

@Injectable()
export class ReconcilerRepository {
  /** The Manifest's and labels' files that are up to date: few, whatever the fleet. */
  sharedFiles(tx: Tx): Promise<KnownFile[]> {
    return tx.$queryRaw<KnownFile[]>`
      SELECT id, published_etag AS etag FROM queues
      WHERE (id = ${MANIFEST_ID} OR id LIKE 'label:%') AND wanted_seq = published_seq AND published_etag IS NOT NULL`;
  }

  /** Clients' files that are up to date, by their queues: those after `after` and up to `until`, or to the end. */
  clientFiles(
    tx: Tx,
    after: string,
    until: string | undefined,
    limit: number,
  ): Promise<(KnownFile & { queue: string })[]> {
    const end = until === undefined ? Prisma.sql`TRUE` : Prisma.sql`c.queue <= ${until}`;
    return tx.$queryRaw<(KnownFile & { queue: string })[]>`
      SELECT q.id, c.queue, q.published_etag AS etag
      FROM clients c JOIN queues q ON q.id = 'client:' || c.id
      WHERE c.queue > ${after} AND ${end} AND q.wanted_seq = q.published_seq AND q.published_etag IS NOT NULL
      ORDER BY c.queue LIMIT ${limit}`;
  }

  /** Every file that is up to date but the Manifest, in order of id after `after`. */
  async published(tx: Tx, after: string, limit: number): Promise<string[]> {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM queues WHERE id > ${after} AND id <> ${MANIFEST_ID} AND published_at IS NOT NULL
      AND wanted_seq = published_seq ORDER BY id LIMIT ${limit}`;
    return rows.map((r) => r.id);
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
