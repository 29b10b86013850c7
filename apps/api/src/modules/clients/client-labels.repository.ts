import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Reach } from '../../platform/access/policy.js';
import { withinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { LabelCount } from './domain/label-change.js';

@Injectable()
export class ClientLabelsRepository {
  /** A page of the labels of clients within reach, in order, with how many of these have each. */
  list(tx: Tx, reach: Reach, after: string | undefined, limit: number): Promise<LabelCount[]> {
    return tx.$queryRaw<LabelCount[]>`
      SELECT l.label, count(*) AS clients FROM client_labels l JOIN clients c ON c.id = l.client_id
      WHERE c.tombstone_at IS NULL AND ${withinReach(Prisma.sql`l.client_id`, reach)} AND l.label > ${after ?? ''}
      GROUP BY l.label ORDER BY l.label LIMIT ${limit}`;
  }

  /** Locks those of the clients that are within reach, in one order, and answers their labels. */
  async lock(tx: Tx, reach: Reach, clientIds: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT c.id FROM clients c
      WHERE c.id = ANY(${[...clientIds]}::text[]) AND c.tombstone_at IS NULL AND ${withinReach(Prisma.sql`c.id`, reach)}
      ORDER BY c.id FOR NO KEY UPDATE`;
    const labels = await tx.clientLabel.findMany({
      where: { clientId: { in: rows.map((row) => row.id) } },
      orderBy: { label: 'asc' },
      select: { clientId: true, label: true },
    });
    const byClient = Map.groupBy(labels, (row) => row.clientId);
    return new Map(rows.map(({ id }) => [id, (byClient.get(id) ?? []).map((row) => row.label)]));
  }

  /** Which of these clients are there at all, for the audit log: the caller is not told. */
  async existing(tx: Tx, clientIds: readonly string[]): Promise<string[]> {
    const rows = await tx.client.findMany({ where: { id: { in: [...clientIds] } }, select: { id: true } });
    return rows.map((row) => row.id);
  }

  /** Gives and takes labels of locked clients, and writes one change for each of them, to be put into the bucket. */
  async write(
    tx: Tx,
    clientIds: readonly string[],
    change: { add: readonly string[]; remove: readonly string[] },
    by: string,
    at: Date,
  ): Promise<void> {
    if (clientIds.length === 0) return;
    await tx.clientLabel.deleteMany({
      where: { clientId: { in: [...clientIds] }, label: { in: [...change.remove] } },
    });
    await tx.clientLabel.createMany({
      data: clientIds.flatMap((clientId) => change.add.map((label) => ({ clientId, label, at, by }))),
      skipDuplicates: true,
    });
    await tx.$executeRaw`
      WITH c AS (UPDATE clients SET change_seq = change_seq + 1 WHERE id = ANY(${[...clientIds]}::text[]) RETURNING id, change_seq)
      INSERT INTO client_changes (client_id, seq, change, by, at) SELECT id, change_seq, 'labels', ${by}, ${at} FROM c`;
  }
}
