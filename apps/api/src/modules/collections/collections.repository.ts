import { Injectable } from '@nestjs/common';
import { CollectionSpec } from '#wire';
import { Prisma } from '../../generated/prisma/client.js';
import type { Reach } from '../../platform/access/policy.js';
import { withinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { Collection } from './domain/collection.js';

type Row = Omit<Collection, 'schema'> & { schema: unknown };

const COLUMNS = Prisma.sql`
  k.id, k.flow_id AS "flowId", k.client_id AS "clientId", k.attempt, k.name, k.key, k.etag, k.stored_bytes AS "storedBytes",
  k.stored_sha256 AS "storedSha256", k.content_bytes AS "contentBytes", k.content_sha256 AS "contentSha256", k.schema,
  k.row_counts AS "rowCounts", k.rows, k.dropped_columns AS "droppedColumns", k.null_coerced AS "nullCoerced", k.reported_at AS "reportedAt"`;

const within = (reach: Reach): Prisma.Sql => withinReach(Prisma.sql`k.client_id`, reach);
const parse = (row: Row): Collection => ({ ...row, schema: CollectionSpec.parse(row.schema) });

@Injectable()
export class CollectionsRepository {
  async find(tx: Tx, reach: Reach, id: string): Promise<Collection | undefined> {
    const rows = await tx.$queryRaw<
      Row[]
    >`SELECT ${COLUMNS} FROM collections k WHERE k.id = ${id} AND ${within(reach)}`;
    return rows[0] === undefined ? undefined : parse(rows[0]);
  }

  async exists(tx: Tx, id: string): Promise<boolean> {
    return (await tx.collection.count({ where: { id } })) > 0;
  }

  /** In order of id. */
  async list(
    tx: Tx,
    reach: Reach,
    filter: { flowId?: string | undefined; clientId?: string | undefined },
    after: string | undefined,
    limit: number,
  ): Promise<Collection[]> {
    const where: Prisma.Sql[] = [within(reach)];
    if (filter.flowId !== undefined) where.push(Prisma.sql`k.flow_id = ${filter.flowId}`);
    if (filter.clientId !== undefined) where.push(Prisma.sql`k.client_id = ${filter.clientId}`);
    if (after !== undefined) where.push(Prisma.sql`k.id > ${after}`);
    const rows = await tx.$queryRaw<
      Row[]
    >`SELECT ${COLUMNS} FROM collections k WHERE ${Prisma.join(where, ' AND ')} ORDER BY k.id LIMIT ${limit}`;
    return rows.map(parse);
  }

  /** The first collections within reach of each flow or hunt, at most `limit` of each, in order of id. */
  async ofFlows(tx: Tx, reach: Reach, flowIds: readonly string[], limit: number): Promise<Collection[]> {
    const rows = await tx.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM unnest(${[...flowIds]}::text[]) AS asked(id) CROSS JOIN LATERAL (
        SELECT * FROM collections k WHERE k.flow_id = asked.id AND ${within(reach)} ORDER BY k.id LIMIT ${limit}) k
      ORDER BY k.id`;
    return rows.map(parse);
  }

  /** The same of each of these clients in one flow or hunt. */
  async ofClients(
    tx: Tx,
    reach: Reach,
    flowId: string,
    clientIds: readonly string[],
    limit: number,
  ): Promise<Collection[]> {
    const rows = await tx.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM unnest(${[...clientIds]}::text[]) AS asked(id) CROSS JOIN LATERAL (
        SELECT * FROM collections k
        WHERE k.flow_id = ${flowId} AND k.client_id = asked.id AND ${within(reach)} ORDER BY k.id LIMIT ${limit}) k
      ORDER BY k.id`;
    return rows.map(parse);
  }

  /** The collections of one name of a hunt that count: of each client's highest attempt, client by client. */
  async ofHunt(
    tx: Tx,
    reach: Reach,
    huntId: string,
    name: string,
    from: { clientId: string; collectionId: string } | undefined,
    limit: number,
  ): Promise<Collection[]> {
    const start =
      from === undefined
        ? Prisma.sql`TRUE`
        : Prisma.sql`(k.client_id, k.id) >= (${from.clientId}, ${from.collectionId})`;
    const rows = await tx.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM collections k
      WHERE k.flow_id = ${huntId} AND k.name = ${name} AND ${start} AND ${within(reach)}
        AND k.attempt = (SELECT r.attempt FROM flow_runs r WHERE r.flow_id = k.flow_id AND r.client_id = k.client_id)
      ORDER BY k.client_id, k.id LIMIT ${limit}`;
    return rows.map(parse);
  }

  /** Names of the collections of a flow or hunt and the schema of each. */
  async names(tx: Tx, reach: Reach, flowId: string): Promise<{ name: string; schema: CollectionSpec }[]> {
    const rows = await tx.$queryRaw<{ name: string; schema: unknown }[]>`
      SELECT DISTINCT ON (k.name) k.name, k.schema FROM collections k WHERE k.flow_id = ${flowId} AND ${within(reach)} ORDER BY k.name, k.attempt DESC`;
    return rows.map((row) => ({ name: row.name, schema: CollectionSpec.parse(row.schema) }));
  }
}
