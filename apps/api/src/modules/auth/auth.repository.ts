import { Injectable } from '@nestjs/common';
import { type GrantInForce } from '../../platform/access/principal.js';
import { type RoleName, ROLES } from '../../platform/access/permission.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

export interface TokenRecord {
  id: string;
  secretHash: string;
  expiresAt: Date;
  revokedAt: Date | null;
  user: { id: string; name: string; disabledAt: Date | null };
}

const isRole = (role: string): role is RoleName => (ROLES as readonly string[]).includes(role);

@Injectable()
export class AuthRepository {
  async findToken(tx: Tx, id: string): Promise<TokenRecord | undefined> {
    const row = await tx.apiToken.findUnique({ where: { id }, include: { user: true } });
    return row ?? undefined;
  }

  /** Grants of a user and of a token that are valid at `now`. A role that this version does not know gives nothing. */
  async grantsInForce(
    tx: Tx,
    userId: string,
    tokenId: string,
    now: Date,
  ): Promise<{ user: GrantInForce[]; token: GrantInForce[]; tokenHasOwn: boolean }> {
    const rows = await tx.grant.findMany({
      where: {
        OR: [
          { subjectKind: 'user', subjectId: userId },
          { subjectKind: 'token', subjectId: tokenId },
        ],
      },
    });
    const valid = rows.filter((g) => g.validFrom <= now && (g.validUntil === null || g.validUntil > now));
    const of = (kind: string): GrantInForce[] =>
      valid
        .filter((g) => g.subjectKind === kind)
        .flatMap((g) => (isRole(g.role) ? [{ role: g.role, scope: g.scope }] : []));
    return { user: of('user'), token: of('token'), tokenHasOwn: rows.some((g) => g.subjectKind === 'token') };
  }

  /** Remembers the last use, at most once a minute. */
  async touch(tx: Tx, id: string, now: Date): Promise<void> {
    const minuteAgo = new Date(now.getTime() - 60_000);
    await tx.apiToken.updateMany({
      where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: minuteAgo } }] },
      data: { lastUsedAt: now },
    });
  }

  async createToken(
    tx: Tx,
    token: { id: string; userId: string; name: string; secretHash: string; expiresAt: Date },
  ): Promise<void> {
    await tx.apiToken.create({ data: token });
  }

  async createUser(tx: Tx, user: { id: string; name: string }): Promise<{ id: string; name: string }> {
    return tx.user.upsert({ where: { name: user.name }, create: user, update: {}, select: { id: true, name: true } });
  }

  async createGrant(
    tx: Tx,
    grant: {
      id: string;
      subjectKind: 'user' | 'token';
      subjectId: string;
      role: RoleName;
      scope: string;
      createdBy: string;
    },
  ): Promise<void> {
    await tx.grant.upsert({
      where: {
        subjectKind_subjectId_role_scope: {
          subjectKind: grant.subjectKind,
          subjectId: grant.subjectId,
          role: grant.role,
          scope: grant.scope,
        },
      },
      create: grant,
      update: {},
    });
  }
}
