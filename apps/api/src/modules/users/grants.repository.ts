import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import { isRole } from '../../platform/access/permission.js';
import type { Reach } from '../../platform/access/policy.js';
import { scopeWithinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { Grant } from './domain/user.js';

type Row = Omit<Grant, 'role'> & { role: string };

const COLUMNS = Prisma.sql`
  g.id, g.subject_id AS "userId", g.role, g.scope, g.valid_from AS "validFrom", g.valid_until AS "validUntil",
  g.created_at AS "createdAt", g.created_by AS "createdBy"`;

/** A role that this version does not know gives nothing and is not shown. */
const known = (rows: readonly Row[]): Grant[] =>
  rows.flatMap((row) => (isRole(row.role) ? [{ ...row, role: row.role }] : []));

const within = (reach: Reach): Prisma.Sql => scopeWithinReach(Prisma.sql`g.scope`, reach);

@Injectable()
export class GrantsRepository {
  /** Grants of users within reach, in order of id. */
  async list(
    tx: Tx,
    reach: Reach,
    userId: string | undefined,
    after: string | undefined,
    limit: number,
  ): Promise<Grant[]> {
    const where: Prisma.Sql[] = [Prisma.sql`g.subject_kind = 'user'`, within(reach)];
    if (userId !== undefined) where.push(Prisma.sql`g.subject_id = ${userId}`);
    if (after !== undefined) where.push(Prisma.sql`g.id > ${after}`);
    return known(
      await tx.$queryRaw<Row[]>`
        SELECT ${COLUMNS} FROM grants g WHERE ${Prisma.join(where, ' AND ')} ORDER BY g.id LIMIT ${limit}`,
    );
  }

  async find(tx: Tx, reach: Reach, id: string): Promise<Grant | undefined> {
    const rows = await tx.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM grants g WHERE g.id = ${id} AND g.subject_kind = 'user' AND ${within(reach)}`;
    return known(rows)[0];
  }

  async exists(tx: Tx, id: string): Promise<boolean> {
    return (await tx.grant.count({ where: { id, subjectKind: 'user' } })) > 0;
  }

  async same(tx: Tx, userId: string, role: string, scope: string): Promise<Grant | undefined> {
    const rows = await tx.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM grants g
      WHERE g.subject_kind = 'user' AND g.subject_id = ${userId} AND g.role = ${role} AND g.scope = ${scope}`;
    return known(rows)[0];
  }

  /** Everything that a user was given and that has not ended. */
  async ofUser(tx: Tx, userId: string, now: Date): Promise<Grant[]> {
    return known(
      await tx.$queryRaw<Row[]>`
        SELECT ${COLUMNS} FROM grants g
        WHERE g.subject_kind = 'user' AND g.subject_id = ${userId} AND (g.valid_until IS NULL OR g.valid_until > ${now})`,
    );
  }

  async create(tx: Tx, grant: Grant): Promise<void> {
    const { userId, ...row } = grant;
    await tx.grant.create({ data: { ...row, subjectKind: 'user', subjectId: userId } });
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.grant.delete({ where: { id } });
  }

  /** Users in force who are administrators of everything, for good, leaving out a grant or a user. */
  async administrators(tx: Tx, now: Date, but: { grantId?: string; userId?: string }): Promise<number> {
    const rows = await tx.$queryRaw<{ n: bigint }[]>`
      SELECT count(DISTINCT u.id) AS n FROM grants g JOIN users u ON u.id = g.subject_id
      WHERE g.subject_kind = 'user' AND g.role = 'Administrator' AND g.scope = '*' AND g.valid_from <= ${now}
        AND g.valid_until IS NULL AND u.disabled_at IS NULL
        AND g.id <> ${but.grantId ?? ''} AND u.id <> ${but.userId ?? ''}`;
    return Number(rows[0]?.n ?? 0n);
  }
}
