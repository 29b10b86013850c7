import { Injectable } from '@nestjs/common';
import type { PrincipalResolver } from '../../platform/access/authenticator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock } from '../../platform/clock/clock.js';
import { DomainError } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuthRepository } from './auth.repository.js';
import { Credentials } from './credentials.js';
import { HeldGrants } from './held-grants.service.js';

/** Answers the same for a missing, malformed, unknown, expired and revoked credential: nothing can be learnt from it. */
const unauthenticated = (): DomainError =>
  new DomainError(
    'unauthenticated',
    'auth/invalid-token',
    'Send a valid API token or access token: Authorization: Bearer ….',
  );

/** How often the last use of a token is written down. */
const TOUCH_MS = 60_000;

@Injectable()
export class PrincipalsService implements PrincipalResolver {
  constructor(
    private readonly credentials: Credentials,
    private readonly repository: AuthRepository,
    private readonly held: HeldGrants,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async resolve(
    authorization: string | undefined,
    request: { requestId: string; address: string },
  ): Promise<Principal> {
    const verified = await this.credentials.bearer(authorization);
    if (verified === undefined || verified.kind === 'password') throw unauthenticated();
    const now = this.clock.now();
    const { userId, userName, grantsVersion } = verified.holder;
    const user = { subjectKind: 'user', subjectId: userId, version: grantsVersion } as const;
    if (verified.kind === 'session') {
      const [grants = []] = await this.held.inForce(this.work.plain, [user], now);
      return { userId, userName, grants, ...request, sessionId: verified.sessionId };
    }
    const { tokenId, holder } = verified;
    const token = { subjectKind: 'token', subjectId: tokenId, version: holder.tokenGrantsVersion } as const;
    const [grants = [], tokenGrants] = await this.held.inForce(this.work.plain, [user, token], now);
    if (holder.lastUsedAt === null || now.getTime() - holder.lastUsedAt.getTime() > TOUCH_MS)
      await this.repository.touch(this.work.plain, tokenId, now);
    return { userId, userName, grants, ...request, tokenId, ...(tokenGrants === undefined ? {} : { tokenGrants }) };
  }
}
