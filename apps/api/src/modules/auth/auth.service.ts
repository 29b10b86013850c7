import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { PrincipalResolver } from '../../platform/access/access.guard.js';
import type { Principal } from '../../platform/access/principal.js';
import type { RoleName } from '../../platform/access/permission.js';
import { Clock, IdGenerator } from '../../platform/clock/clock.js';
import { DomainError } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { AuthRepository } from './auth.repository.js';
import { formatToken, hashSecret, newSecret, parseToken, secretMatches } from './domain/bearer-token.js';

/** Answers the same for a missing, malformed, unknown, expired and revoked token: nothing can be learnt from it. */
const unauthenticated = (): DomainError =>
  new DomainError('unauthenticated', 'auth/invalid-token', 'Send a valid API token: Authorization: Bearer T_….');

@Injectable()
export class AuthService implements PrincipalResolver {
  constructor(
    private readonly repository: AuthRepository,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly audit: AuditService,
  ) {}

  async resolve(
    authorization: string | undefined,
    request: { requestId: string; address: string },
  ): Promise<Principal> {
    const [, text] = /^Bearer ([^\s]{1,200})$/i.exec(authorization ?? '') ?? [];
    const token = text === undefined ? undefined : parseToken(text);
    if (token === undefined) throw unauthenticated();
    const now = this.clock.now();
    const record = await this.repository.findToken(this.work.plain, token.id);
    // The hash is compared even when there is no such token, so that the time taken is the same.
    const matches = secretMatches(token.secret, record?.secretHash ?? hashSecret(''));
    if (
      record === undefined ||
      !matches ||
      record.revokedAt !== null ||
      record.expiresAt <= now ||
      record.user.disabledAt !== null
    )
      throw unauthenticated();
    const grants = await this.repository.grantsInForce(this.work.plain, record.user.id, record.id, now);
    await this.repository.touch(this.work.plain, record.id, now);
    return {
      userId: record.user.id,
      userName: record.user.name,
      tokenId: record.id,
      grants: grants.user,
      ...(grants.tokenHasOwn ? { tokenGrants: grants.token } : {}),
      ...request,
    };
  }

  /**
   * Makes a user (kept when there) with a role over a scope, and a token for it. The secret is in the answer and
   * nowhere else. For the command line: the first administrator, and tests.
   */
  async provision(input: {
    userName: string;
    grants: { role: RoleName; scope: string }[];
    tokenName: string;
    expiresAt: Date;
  }): Promise<{ userId: string; tokenId: string; token: string }> {
    const secret = newSecret();
    const tokenId = this.ids.token();
    const userId = await this.work.run(async (tx) => {
      const user = await this.repository.createUser(tx, {
        id: `U_${randomBytes(8).toString('hex')}`,
        name: input.userName,
      });
      for (const grant of input.grants) {
        await this.repository.createGrant(tx, {
          id: `G_${randomBytes(8).toString('hex')}`,
          subjectKind: 'user',
          subjectId: user.id,
          createdBy: 'system:admin',
          ...grant,
        });
      }
      await this.repository.createToken(tx, {
        id: tokenId,
        userId: user.id,
        name: input.tokenName,
        secretHash: hashSecret(secret),
        expiresAt: input.expiresAt,
      });
      await this.audit.recordSystem(tx, 'system:admin', {
        action: 'tokens.create',
        objectKind: 'token',
        objectId: tokenId,
        details: {
          user: input.userName,
          grants: input.grants.map((g) => `${g.role} ${g.scope}`),
          expires_at: input.expiresAt.toISOString(),
        },
      });
      return user.id;
    });
    return { userId, tokenId, token: formatToken({ id: tokenId, secret }) };
  }
}
