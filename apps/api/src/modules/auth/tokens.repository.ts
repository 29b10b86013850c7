import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

/** An API token without its secret. */
export interface ApiToken {
  id: string;
  userId: string;
  name: string;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  /** Its own grants; none: all of its owner’s. */
  grants: { role: string; scope: string }[];
}

const COLUMNS = {
  id: true,
  userId: true,
  name: true,
  createdAt: true,
  expiresAt: true,
  revokedAt: true,
  lastUsedAt: true,
} as const;

@Injectable()
export class TokensRepository {
  async find(tx: Tx, id: string): Promise<ApiToken | undefined> {
    const row = await tx.apiToken.findUnique({ where: { id }, select: COLUMNS });
    return row === null ? undefined : (await this.withGrants(tx, [row]))[0];
  }

  /** A user's tokens in order of id. */
  async list(tx: Tx, userId: string, after: string | undefined, limit: number): Promise<ApiToken[]> {
    const rows = await tx.apiToken.findMany({
      where: { userId, ...(after === undefined ? {} : { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: limit,
      select: COLUMNS,
    });
    return this.withGrants(tx, rows);
  }

  /** Revokes a token; false when it was already. */
  async revoke(tx: Tx, id: string, at: Date): Promise<boolean> {
    const { count } = await tx.apiToken.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
    return count === 1;
  }

  private async withGrants(tx: Tx, rows: readonly Omit<ApiToken, 'grants'>[]): Promise<ApiToken[]> {
    const grants = await tx.grant.findMany({
      where: { subjectKind: 'token', subjectId: { in: rows.map((row) => row.id) } },
      orderBy: { id: 'asc' },
      select: { subjectId: true, role: true, scope: true },
    });
    const bySubject = Map.groupBy(grants, (grant) => grant.subjectId);
    return rows.map((row) => ({
      ...row,
      grants: (bySubject.get(row.id) ?? []).map(({ role, scope }) => ({ role, scope })),
    }));
  }
}
