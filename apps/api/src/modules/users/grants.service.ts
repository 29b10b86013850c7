import { Injectable } from '@nestjs/common';
import { coversScope, holdsGrant, reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock, IdGenerator } from '../../platform/clock/clock.js';
import { DomainError, notFound } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import type { Grant } from './domain/user.js';
import type { GrantInput } from './dto/grant.input.js';
import { GrantsRepository } from './grants.repository.js';
import { UsersRepository } from './users.repository.js';

export const lastAdministrator = (): DomainError =>
  new DomainError(
    'conflict',
    'grant/last-administrator',
    'This is the last administrator of everything; make another one first.',
  );

/** Who may do what where. Nobody gives what they do not hold. */
@Injectable()
export class GrantsService {
  constructor(
    private readonly repository: GrantsRepository,
    private readonly users: UsersRepository,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /** Grants over what the caller sees, in order of id. */
  list(principal: Principal, userId: string | undefined, after: string | undefined, limit: number): Promise<Grant[]> {
    requireSomewhere(principal, 'users.read');
    return this.repository.list(this.work.plain, reachOf(principal, 'users.read'), userId, after, limit);
  }

  /** Gives a role over a scope. The same again gives the same grant. */
  async create(principal: Principal, input: GrantInput): Promise<Grant> {
    requireSomewhere(principal, 'grants.manage');
    const now = this.clock.now();
    const validUntil = input.valid_until === undefined ? null : new Date(input.valid_until);
    const grant: Grant = {
      id: this.ids.grant(),
      userId: input.user_id,
      role: input.role,
      scope: input.scope,
      validFrom: input.valid_from === undefined ? now : new Date(input.valid_from),
      validUntil,
      createdAt: now,
      createdBy: principal.userId,
    };
    const manages = coversScope(reachOf(principal, 'grants.manage'), grant.scope);
    if (!manages || !holdsGrant(principal, grant)) {
      await this.audit.denied(principal, 'grants.manage', { kind: 'user', id: grant.userId });
      throw new DomainError(
        'forbidden',
        'grant/exceeds-own',
        `You do not hold ${grant.role} over ${grant.scope} for as long yourself: nobody gives what they do not hold.`,
      );
    }
    if (validUntil !== null && validUntil <= (grant.validFrom > now ? grant.validFrom : now))
      throw new DomainError('invalid', 'grant/never-valid', 'This grant would end before it begins to be valid.', {
        errors: [{ pointer: '/valid_until', code: 'grant/never-valid', message: 'is not after its begin' }],
      });
    return this.work.run(async (tx) => {
      await this.users.lockPeople(tx);
      if ((await this.users.find(tx, grant.userId)) === undefined) throw notFound('user', grant.userId);
      const same = await this.repository.same(tx, grant.userId, grant.role, grant.scope);
      if (same !== undefined) return this.again(input, same);
      await this.repository.create(tx, grant);
      await this.audit.record(tx, principal, {
        action: 'grants.create',
        objectKind: 'grant',
        objectId: grant.id,
        details: {
          user_id: grant.userId,
          role: grant.role,
          scope: grant.scope,
          valid_from: grant.validFrom.toISOString(),
          valid_until: validUntil?.toISOString() ?? null,
        },
      });
      return grant;
    });
  }

  /** Takes a grant away. */
  async delete(principal: Principal, id: string): Promise<void> {
    const reach = reachOf(principal, 'grants.manage');
    const gone = await this.work.run(async (tx) => {
      await this.users.lockPeople(tx);
      const grant = await this.repository.find(tx, reach, id);
      if (grant === undefined) return false;
      const now = this.clock.now();
      if ((await this.repository.administrators(tx, now, { grantId: id })) === 0)
        if ((await this.repository.administrators(tx, now, {})) > 0) throw lastAdministrator();
      await this.repository.delete(tx, id);
      await this.audit.record(tx, principal, {
        action: 'grants.delete',
        objectKind: 'grant',
        objectId: id,
        details: { user_id: grant.userId, role: grant.role, scope: grant.scope },
      });
      return true;
    });
    if (gone) return;
    if (await this.repository.exists(this.work.plain, id))
      await this.audit.denied(principal, 'grants.manage', { kind: 'grant', id });
    throw notFound('grant', id);
  }

  private again(input: GrantInput, same: Grant): Grant {
    const from = input.valid_from === undefined || new Date(input.valid_from).getTime() === same.validFrom.getTime();
    const until =
      (input.valid_until === undefined ? null : new Date(input.valid_until).getTime()) ===
      (same.validUntil?.getTime() ?? null);
    if (from && until) return same;
    throw new DomainError(
      'conflict',
      'grant/exists',
      `${same.id} gives this already, with another validity; take it away first.`,
    );
  }
}
