import { Injectable } from '@nestjs/common';
import type { RoleName } from '../../platform/access/permission.js';
import { denied, holdsEverywhere, holdsGrant, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock, IdGenerator } from '../../platform/clock/clock.js';
import { DomainError, notFound } from '../../platform/errors/domain-error.js';
import { Idempotency } from '../../platform/http/idempotency.service.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { UserAccounts } from '../users/index.js';
import { AuthRepository } from './auth.repository.js';
import { formatToken, hashSecret, newSecret } from './domain/bearer-token.js';
import type { TokenInput } from './dto/token.dto.js';
import { type ApiToken, TokensRepository } from './tokens.repository.js';

const LONGEST_LIFE_MS = 366 * 86_400_000;

/** API tokens: of oneself, and of service accounts for who manages users. A token never exceeds its owner nor its maker. */
@Injectable()
export class TokensService {
  constructor(
    private readonly repository: TokensRepository,
    private readonly auth: AuthRepository,
    private readonly accounts: UserAccounts,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  async list(
    principal: Principal,
    userId: string | undefined,
    after: string | undefined,
    limit: number,
  ): Promise<ApiToken[]> {
    requireSomewhere(principal, 'tokens.manage');
    const owner = userId ?? principal.userId;
    if (owner !== principal.userId) await this.requireManager(principal, owner);
    return this.repository.list(this.work.plain, owner, after, limit);
  }

  /** Makes a token. The secret is in the answer and nowhere else; undefined for a key that made it earlier. */
  async create(
    principal: Principal,
    input: TokenInput,
    key: string | undefined,
  ): Promise<{ token: ApiToken; secret: string | undefined }> {
    requireSomewhere(principal, 'tokens.manage');
    const owner = input.user_id ?? principal.userId;
    if (owner !== principal.userId) await this.requireManager(principal, owner);
    const now = this.clock.now();
    const expiresAt = this.expiryOf(input, now);
    await this.requireHeld(principal, owner, input, now, expiresAt);
    const id = this.ids.token();
    const secret = newSecret();
    return this.work.run(async (tx) => {
      const earlier = await this.idempotency.claim(tx, principal, 'POST tokens', key, input, id);
      if (earlier !== undefined) return { token: await this.found(tx, earlier), secret: undefined };
      await this.auth.createToken(tx, {
        id,
        userId: owner,
        name: input.name,
        secretHash: hashSecret(secret),
        expiresAt,
      });
      for (const { role, scope } of input.grants ?? [])
        await this.auth.createGrant(tx, {
          id: this.ids.grant(),
          subjectKind: 'token',
          subjectId: id,
          role,
          scope,
          createdBy: principal.userId,
        });
      await this.audit.record(tx, principal, {
        action: 'tokens.create',
        objectKind: 'token',
        objectId: id,
        details: {
          user_id: owner,
          name: input.name,
          grants: input.grants?.map((g) => `${g.role} ${g.scope}`) ?? null,
          expires_at: expiresAt.toISOString(),
        },
      });
      return { token: await this.found(tx, id), secret: formatToken({ id, secret }) };
    });
  }

  /** Revokes a token for good. Twice is once. */
  async revoke(principal: Principal, id: string): Promise<void> {
    const token = await this.repository.find(this.work.plain, id);
    if (token === undefined) throw notFound('token', id);
    if (token.userId !== principal.userId && !holdsEverywhere(principal, 'users.manage')) {
      await this.audit.denied(principal, 'tokens.manage', { kind: 'token', id });
      throw notFound('token', id);
    }
    await this.work.run(async (tx) => {
      await this.repository.revoke(tx, id, this.clock.now());
      await this.audit.record(tx, principal, {
        action: 'tokens.revoke',
        objectKind: 'token',
        objectId: id,
        details: { user_id: token.userId },
      });
    });
  }

  private async found(tx: Tx, id: string): Promise<ApiToken> {
    const token = await this.repository.find(tx, id);
    if (token === undefined) throw notFound('token', id);
    return token;
  }

  private expiryOf(input: TokenInput, now: Date): Date {
    const expiresAt = new Date(input.expires_at);
    const life = expiresAt.getTime() - now.getTime();
    if (life > 0 && life <= LONGEST_LIFE_MS) return expiresAt;
    throw new DomainError('invalid', 'token/bad-expiry', 'A token lives until a time within a year from now.', {
      errors: [{ pointer: '/expires_at', code: 'token/bad-expiry', message: 'not within a year from now' }],
    });
  }

  /** All that the token could do must be what its maker may do; one's own, made by a token, lives no longer than that. */
  private async requireHeld(
    principal: Principal,
    owner: string,
    input: TokenInput,
    now: Date,
    expiresAt: Date,
  ): Promise<void> {
    const power: { role: RoleName; scope: string; validUntil: Date | null }[] =
      input.grants?.map((grant) => ({ ...grant, validUntil: null })) ??
      (await this.accounts.grantsOf(this.work.plain, owner, now));
    // A token ends with its expiry, so what its maker holds until then is enough.
    const held = power.every((grant) =>
      holdsGrant(principal, { ...grant, validUntil: earliest(grant.validUntil, expiresAt) }),
    );
    const outlives =
      principal.tokenId !== undefined &&
      owner === principal.userId &&
      expiresAt > ((await this.repository.find(this.work.plain, principal.tokenId))?.expiresAt ?? now);
    if (held && !outlives) return;
    await this.audit.denied(principal, 'tokens.manage', { kind: 'user', id: owner });
    throw new DomainError(
      'forbidden',
      'token/exceeds-own',
      'A token may do no more than who makes it, and live no longer than the token that makes it.',
    );
  }

  /** Somebody else's tokens: of service accounts, for who manages users. */
  private async requireManager(principal: Principal, owner: string): Promise<void> {
    if (!holdsEverywhere(principal, 'users.manage')) {
      await this.audit.denied(principal, 'users.manage', { kind: 'user', id: owner });
      throw denied('users.manage');
    }
    const user = await this.accounts.find(this.work.plain, owner);
    if (user === undefined) throw notFound('user', owner);
    if (user.kind !== 'service')
      throw new DomainError(
        'forbidden',
        'token/not-a-service',
        `${owner} is a person: people make their own tokens; others' are for service accounts.`,
      );
  }
}

const earliest = (a: Date | null, b: Date): Date => (a !== null && a < b ? a : b);
