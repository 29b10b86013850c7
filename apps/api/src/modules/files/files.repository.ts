import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Reach } from '../../platform/access/policy.js';
import { withinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { CollectedFile } from './domain/collected-file.js';

const COLUMNS = Prisma.sql`
  f.id, f.flow_id AS "flowId", f.client_id AS "clientId", f.attempt, f.path, f.path_bytes AS "pathBytes", f.key, f.etag,
  f.stored_bytes AS "storedBytes", f.stored_sha256 AS "storedSha256", f.content_bytes AS "contentBytes",
  f.content_sha256 AS "contentSha256", f.parts, f.reported_at AS "reportedAt"`;

const within = (reach: Reach): Prisma.Sql => withinReach(Prisma.sql`f.client_id`, reach);

@Injectable()
export class FilesRepository {
  async find(tx: Tx, reach: Reach, id: string): Promise<CollectedFile | undefined> {
    const [file] = await tx.$queryRaw<CollectedFile[]>`
      SELECT ${COLUMNS} FROM collected_files f WHERE f.id = ${id} AND ${within(reach)}`;
    return file;
  }

  async exists(tx: Tx, id: string): Promise<boolean> {
    return (await tx.collectedFile.count({ where: { id } })) > 0;
  }

  /** In order of id. */
  list(
    tx: Tx,
    reach: Reach,
    filter: { flowId?: string | undefined; clientId?: string | undefined },
    after: string | undefined,
    limit: number,
  ): Promise<CollectedFile[]> {
    const where: Prisma.Sql[] = [within(reach)];
    if (filter.flowId !== undefined) where.push(Prisma.sql`f.flow_id = ${filter.flowId}`);
    if (filter.clientId !== undefined) where.push(Prisma.sql`f.client_id = ${filter.clientId}`);
    if (after !== undefined) where.push(Prisma.sql`f.id > ${after}`);
    return tx.$queryRaw<CollectedFile[]>`
      SELECT ${COLUMNS} FROM collected_files f WHERE ${Prisma.join(where, ' AND ')} ORDER BY f.id LIMIT ${limit}`;
  }
}
