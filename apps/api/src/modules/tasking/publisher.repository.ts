import { Injectable } from '@nestjs/common';
import { DEFAULT_QUOTA, type SignedFile } from '#wire';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { mayHaveEntry, SETTLED } from '../../platform/prisma/live-flows-sql.js';
import type { ClientFile } from './domain/job-file.js';
import type { LiveFlow } from './domain/live-entry.js';
import type { QueueScope } from './domain/records.js';

/** A file that is out of date. */
export interface DirtyQueue {
  id: string;
  wantedSeq: bigint;
  publishedVersion: bigint | null;
}

interface LiveRow extends Omit<LiveFlow, 'spec' | 'maxObjectBytes'> {
  specPayload: string;
  protectedPart: string;
  signature: string;
  quotaBytes: number | null;
}

/** As many settled flows as a file of 256 KiB could hold, were they all of the shortest kind, and a few more. */
const SETTLED_SHOWN = 120;

@Injectable()
export class PublisherRepository {
  /** The rows that must always be there. */
  async ensure(tx: Tx, ids: readonly string[]): Promise<void> {
    await tx.$executeRaw`INSERT INTO queues (id) SELECT unnest(${[...ids]}::text[]) ON CONFLICT (id) DO NOTHING`;
  }

  /** Files that are out of date, the shared ones first; `but` are left out. */
  dirty(tx: Tx, but: readonly string[], limit: number): Promise<DirtyQueue[]> {
    return tx.$queryRaw<DirtyQueue[]>`
      SELECT id, wanted_seq AS "wantedSeq", published_version AS "publishedVersion" FROM queues
      WHERE wanted_seq > published_seq AND id <> ALL(${[...but]}::text[])
      ORDER BY id LIKE 'client:%', id LIMIT ${limit}`;
  }

  /** The same for given ones, read again under their locks. */
  stillDirty(tx: Tx, ids: readonly string[]): Promise<DirtyQueue[]> {
    return tx.$queryRaw<DirtyQueue[]>`
      SELECT id, wanted_seq AS "wantedSeq", published_version AS "publishedVersion" FROM queues
      WHERE wanted_seq > published_seq AND id = ANY(${[...ids]}::text[]) ORDER BY id LIKE 'client:%', id`;
  }

  clientFiles(tx: Tx, clientIds: readonly string[]): Promise<ClientFile[]> {
    return tx.$queryRaw<ClientFile[]>`
      SELECT c.id, c.queue, c.registered_at AS "registeredAt", (c.acceptance = 'accepted' AND c.tombstone_at IS NULL) AS tasked,
        ARRAY(SELECT l.label FROM client_labels l WHERE l.client_id = c.id ORDER BY l.at, l.label) AS labels
      FROM clients c WHERE c.id = ANY(${[...clientIds]}::text[])`;
  }

  /**
   * Flows and hunts that may still have an entry in these files, with their highest attempt, if that is signed. Of a
   * client's settled ones the latest only: more of them find no room in a file.
   */
  async liveFlows(tx: Tx, scope: QueueScope, since: Date): Promise<LiveFlow[]> {
    const rows = await tx.$queryRaw<LiveRow[]>`
      WITH live AS (
        SELECT f.id, f.client_id, f.labels, f.entry_state, f.created_at, f.expires_at, f.ended_at, a.attempt, ${SETTLED} AS settled
        FROM flows f
        JOIN LATERAL (SELECT attempt, signature FROM flow_attempts WHERE flow_id = f.id ORDER BY attempt DESC LIMIT 1) a
          ON a.signature IS NOT NULL
        WHERE (f.client_id = ANY(${[...scope.clientIds]}::text[]) OR (f.is_hunt AND f.labels && ${[...scope.labels]}::text[]))
          AND ${mayHaveEntry(since)}),
        placed AS (
          SELECT *, row_number() OVER (PARTITION BY client_id, settled ORDER BY ended_at DESC NULLS FIRST, id) AS place FROM live)
      SELECT p.id, p.client_id AS "clientId", p.labels, p.entry_state AS "entryState", p.created_at AS "createdAt",
        p.expires_at AS "expiresAt", p.ended_at AS "endedAt", p.settled, p.attempt, a.spec_payload AS "specPayload",
        a.protected_part AS "protectedPart", a.signature, (a.spec_payload::json -> 'quota' ->> 'bytes')::float8 AS "quotaBytes"
      FROM placed p JOIN flow_attempts a ON a.flow_id = p.id AND a.attempt = p.attempt
      WHERE p.client_id IS NULL OR NOT p.settled OR p.place <= ${SETTLED_SHOWN}`;
    return rows.map(({ specPayload: payload, protectedPart, signature, quotaBytes, ...flow }) => ({
      ...flow,
      spec: { protected: protectedPart, payload, signature } satisfies SignedFile,
      maxObjectBytes: quotaBytes ?? DEFAULT_QUOTA.bytes,
    }));
  }

  /** Remembers what was published; the file is up to date only as far as it was read. */
  async published(
    tx: Tx,
    id: string,
    seq: bigint,
    file: { version: number; etag: string; sha256: string; at: Date },
  ): Promise<void> {
    await tx.$executeRaw`
      UPDATE queues SET published_seq = ${seq}, published_at = ${file.at}, published_version = ${BigInt(file.version)},
        published_etag = ${file.etag}, published_sha256 = ${file.sha256}, last_error = NULL
      WHERE id = ${id}`;
  }

  /** Which of these labels somebody has. */
  async labelsInUse(tx: Tx, labels: readonly string[]): Promise<Set<string>> {
    const rows = await tx.$queryRaw<{ label: string }[]>`
      SELECT asked.label FROM unnest(${[...labels]}::text[]) AS asked(label)
      WHERE EXISTS (SELECT 1 FROM client_labels l WHERE l.label = asked.label)`;
    return new Set(rows.map((row) => row.label));
  }

  /** Which of these queues some client has now. */
  async queuesInUse(tx: Tx, queues: readonly string[]): Promise<Set<string>> {
    const rows = await tx.client.findMany({ where: { queue: { in: [...queues] } }, select: { queue: true } });
    return new Set(rows.map((row) => row.queue));
  }

  /** The file was taken away; the row stays and says so, until the next change. */
  async withdrawn(tx: Tx, id: string, seq: bigint): Promise<void> {
    await tx.$executeRaw`
      UPDATE queues SET published_seq = ${seq}, published_at = NULL, published_etag = NULL, published_sha256 = NULL, last_error = NULL
      WHERE id = ${id}`;
  }

  /** The row of a file that was taken away for good, unless it was marked again. */
  async forget(tx: Tx, id: string, seq: bigint): Promise<void> {
    await tx.$executeRaw`DELETE FROM queues WHERE id = ${id} AND wanted_seq = ${seq}`;
  }

  /** A queue without a file: its client is not there. */
  async nothingToPublish(tx: Tx, id: string, seq: bigint): Promise<void> {
    await tx.$executeRaw`UPDATE queues SET published_seq = ${seq}, last_error = NULL WHERE id = ${id}`;
  }

  async failed(tx: Tx, id: string, error: string): Promise<void> {
    await tx.$executeRaw`UPDATE queues SET last_error = ${error} WHERE id = ${id}`;
  }
}
