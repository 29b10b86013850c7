import { Injectable } from '@nestjs/common';
import { isRole, type RoleName } from '../../platform/access/permission.js';
import type { GrantInForce } from '../../platform/access/principal.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

interface RawGrant {
  of: string;
  role: string;
  scope: string;
  until: string | null;
}

/** Who a credential stands for, as the database knows it now. */
export interface Holder {
  userId: string;
  userName: string;
  disabledAt: Date | null;
  grants: GrantInForce[];
}

export interface TokenHolder extends Holder {
  secretHash: string;
  expiresAt: Date;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  /** The token's own grants in force; undefined when it has none at all and may do what its owner may. */
  tokenGrants: GrantInForce[] | undefined;
}

/** Grants in force of one subject. A role that this version does not know gives nothing. */
const grantsOf = (rows: readonly RawGrant[], subject: string): GrantInForce[] =>
  rows.flatMap(({ of, role, scope, until }) =>
    of === subject && isRole(role) ? [{ role, scope, validUntil: until === null ? null : new Date(until) }] : [],
  );

@Injectable()
export class AuthRepository {
  /** A token, its owner, and the grants of both that are valid at `now`: one statement. */
  async tokenHolder(tx: Tx, id: string, now: Date): Promise<TokenHolder | undefined> {
    const rows = await tx.$queryRaw<
      (Omit<TokenHolder, 'grants' | 'tokenGrants'> & { grants: RawGrant[]; narrowed: boolean })[]
    >`
      SELECT t.secret_hash AS "secretHash", t.expires_at AS "expiresAt", t.revoked_at AS "revokedAt", t.last_used_at AS "lastUsedAt",
        u.id AS "userId", u.name AS "userName", u.disabled_at AS "disabledAt",
        EXISTS (SELECT 1 FROM grants n WHERE n.subject_kind = 'token' AND n.subject_id = t.id) AS narrowed,
        (SELECT coalesce(json_agg(json_build_object('of', g.subject_kind, 'role', g.role, 'scope', g.scope, 'until', g.valid_until)), '[]')
          FROM grants g WHERE (g.subject_kind, g.subject_id) IN (('user', u.id), ('token', t.id))
            AND g.valid_from <= ${now} AND (g.valid_until IS NULL OR g.valid_until > ${now})) AS grants
      FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.id = ${id}`;
    const [row] = rows;
    if (row === undefined) return undefined;
    const { grants, narrowed, ...holder } = row;
    return {
      ...holder,
      grants: grantsOf(grants, 'user'),
      tokenGrants: narrowed ? grantsOf(grants, 'token') : undefined,
    };
  }

  /** Who signed in to a session that has not ended at `now`, with the user's grants that are valid then. */
  async sessionHolder(tx: Tx, sessionId: string, userId: string, now: Date): Promise<Holder | undefined> {
    const rows = await tx.$queryRaw<(Omit<Holder, 'grants'> & { grants: RawGrant[] })[]>`
      SELECT u.id AS "userId", u.name AS "userName", u.disabled_at AS "disabledAt",
        (SELECT coalesce(json_agg(json_build_object('of', g.subject_kind, 'role', g.role, 'scope', g.scope, 'until', g.valid_until)), '[]')
          FROM grants g WHERE g.subject_kind = 'user' AND g.subject_id = u.id
            AND g.valid_from <= ${now} AND (g.valid_until IS NULL OR g.valid_until > ${now})) AS grants
      FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = ${sessionId} AND u.id = ${userId} AND s.ended_at IS NULL AND s.expires_at > ${now}`;
    const [row] = rows;
    return row === undefined ? undefined : { ...row, grants: grantsOf(row.grants, 'user') };
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
