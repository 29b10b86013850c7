import { Injectable } from '@nestjs/common';
import type { RoleName } from '../../platform/access/permission.js';
import { PREPARED } from '../../platform/prisma/prepared.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

/** Who holds grants. */
export interface Subject {
  subjectKind: 'user' | 'token';
  subjectId: string;
}

/** A grant with its time. */
export interface StoredGrant extends Subject {
  role: string;
  scope: string;
  validFrom: Date;
  validUntil: Date | null;
}

/** Who a credential stands for, as the database knows it now. */
export interface Holder {
  userId: string;
  userName: string;
  disabledAt: Date | null;
  /** Another one after every change of the user’s grants. */
  grantsVersion: string;
}

export interface TokenHolder extends Holder {
  secretHash: string;
  expiresAt: Date;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  /** The same of the token’s own grants. */
  tokenGrantsVersion: string;
}

@Injectable()
export class AuthRepository {
  /** A token and its owner. */
  async tokenHolder(tx: Tx, id: string): Promise<TokenHolder | undefined> {
    const rows = await tx.$queryRaw<TokenHolder[]>`${PREPARED}
      SELECT t.secret_hash AS "secretHash", t.expires_at AS "expiresAt", t.revoked_at AS "revokedAt", t.last_used_at AS "lastUsedAt",
        t.grants_version AS "tokenGrantsVersion",
        u.id AS "userId", u.name AS "userName", u.disabled_at AS "disabledAt", u.grants_version AS "grantsVersion"
      FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.id = ${id}`;
    return rows[0];
  }

  /** Who signed in to a session that has not ended at `now`. */
  async sessionHolder(tx: Tx, sessionId: string, userId: string, now: Date): Promise<Holder | undefined> {
    const rows = await tx.$queryRaw<Holder[]>`${PREPARED}
      SELECT u.id AS "userId", u.name AS "userName", u.disabled_at AS "disabledAt", u.grants_version AS "grantsVersion"
      FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = ${sessionId} AND u.id = ${userId} AND s.ended_at IS NULL AND s.expires_at > ${now}`;
    return rows[0];
  }

  /** All grants of subjects, whatever their time and role. */
  async grantsOf(tx: Tx, subjects: readonly Subject[]): Promise<StoredGrant[]> {
    const rows = await tx.grant.findMany({
      where: { OR: subjects.map(({ subjectKind, subjectId }) => ({ subjectKind, subjectId })) },
      select: { subjectKind: true, subjectId: true, role: true, scope: true, validFrom: true, validUntil: true },
    });
    return rows.map((row) => ({ ...row, subjectKind: row.subjectKind === 'token' ? 'token' : 'user' }));
  }

  /** Remembers the last use of a token. */
  async touch(tx: Tx, id: string, now: Date): Promise<void> {
    await tx.apiToken.updateMany({ where: { id }, data: { lastUsedAt: now } });
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
      validUntil?: Date | null;
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
