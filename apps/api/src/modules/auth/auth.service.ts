import { Injectable } from '@nestjs/common';
import type { RoleName } from '../../platform/access/permission.js';
import { IdGenerator } from '../../platform/clock/clock.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { AuthRepository } from './auth.repository.js';
import { formatToken, hashSecret, newSecret } from './domain/bearer-token.js';

/** For the command line: the first administrator, and tests. */
@Injectable()
export class AuthService {
  constructor(
    private readonly repository: AuthRepository,
    private readonly work: UnitOfWork,
    private readonly ids: IdGenerator,
    private readonly audit: AuditService,
  ) {}

  /**
   * Makes a user (kept when there) with roles over scopes, and a token for it. The secret is in the answer and nowhere
   * else.
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
      const user = await this.repository.createUser(tx, { id: this.ids.user(), name: input.userName });
      for (const grant of input.grants) {
        await this.repository.createGrant(tx, {
          id: this.ids.grant(),
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
