import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

/** A ticket that was taken in and still lies in `tickets/`. */
export interface UnarchivedTicket {
  key: string;
  etag: string;
  lastModified: Date;
  verdict: 'accepted' | 'after_final';
}

/** One that was put aside and still lies there. */
export interface UnarchivedQuarantine {
  id: bigint;
  key: string;
  etag: string;
  reason: string;
  detail: string;
  lastModified: Date | null;
}

@Injectable()
export class ArchiveRepository {
  /** In the order in which they were taken in. */
  tickets(tx: Tx, limit: number): Promise<UnarchivedTicket[]> {
    return tx.$queryRaw<UnarchivedTicket[]>`
      SELECT key, etag, last_modified AS "lastModified", verdict FROM tickets_seen
      WHERE archived_at IS NULL AND verdict <> 'quarantined' ORDER BY seen_at, last_modified, key LIMIT ${limit}`;
  }

  quarantined(tx: Tx, limit: number): Promise<UnarchivedQuarantine[]> {
    return tx.$queryRaw<UnarchivedQuarantine[]>`
      SELECT q.id, q.key, q.etag, q.reason, q.detail, s.last_modified AS "lastModified"
      FROM quarantine_entries q LEFT JOIN tickets_seen s ON s.key = q.key AND s.etag = q.etag
      WHERE q.archive_key IS NULL ORDER BY q.id LIMIT ${limit}`;
  }

  /** How many wait, up to `limit`. */
  async waiting(tx: Tx, limit: number): Promise<number> {
    const rows = await tx.$queryRaw<{ n: bigint }[]>`
      SELECT count(*) AS n FROM (SELECT 1 FROM tickets_seen WHERE archived_at IS NULL LIMIT ${limit}) t`;
    return Number(rows[0]?.n ?? 0n);
  }

  async markTickets(tx: Tx, keys: readonly string[], now: Date): Promise<void> {
    await tx.$executeRaw`UPDATE tickets_seen SET archived_at = ${now} WHERE key = ANY(${[...keys]}::text[])`;
  }

  async markQuarantined(
    tx: Tx,
    entries: readonly UnarchivedQuarantine[],
    archiveKey: string,
    now: Date,
  ): Promise<void> {
    await tx.$executeRaw`
      UPDATE quarantine_entries SET archive_key = ${archiveKey} WHERE id = ANY(${entries.map((e) => e.id.toString())}::bigint[])`;
    await tx.$executeRaw`
      UPDATE tickets_seen SET archived_at = ${now}
      WHERE verdict = 'quarantined' AND key = ANY(${entries.map((e) => e.key)}::text[])`;
  }
}
