import { Injectable } from '@nestjs/common';
import type { Permission } from '../../platform/access/permission.js';
import { denied, holdsEverywhere, holdsGrant } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock, IdGenerator } from '../../platform/clock/clock.js';
import { DomainError, notFound } from '../../platform/errors/domain-error.js';
import { Idempotency } from '../../platform/http/idempotency.service.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import type { User } from './domain/user.js';
import type { UserInput, UserPatch } from './dto/user.input.js';
import { GrantsRepository } from './grants.repository.js';
import { lastAdministrator } from './grants.service.js';
import { PasswordHasher } from './password-hasher.js';
import { UsersRepository } from './users.repository.js';

/** People and service accounts. They are of no part of the fleet: seeing and managing them needs the scope `*`. */
@Injectable()
export class UsersService {
  constructor(
    private readonly repository: UsersRepository,
    private readonly grants: GrantsRepository,
    private readonly passwords: PasswordHasher,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  async list(principal: Principal, after: string | undefined, limit: number): Promise<User[]> {
    await this.requireAll(principal, 'users.read');
    return this.repository.list(this.work.plain, after, limit);
  }

  async get(principal: Principal, id: string, permission: Permission = 'users.read'): Promise<User> {
    await this.requireAll(principal, permission, id);
    const user = await this.repository.find(this.work.plain, id);
    if (user === undefined) throw notFound('user', id);
    return user;
  }

  /** Makes a user without any grant. The same Idempotency-Key gives the same user. */
  async create(principal: Principal, input: UserInput, key: string | undefined): Promise<User> {
    await this.requireAll(principal, 'users.manage');
    const passwordHash = input.password === undefined ? null : await this.passwords.hash(input.password);
    const newId = this.ids.user();
    const id = await this.work.run(async (tx) => {
      // No hash of the body that a password could be guessed from.
      const body = { ...input, password: input.password !== undefined };
      const earlier = await this.idempotency.claim(tx, principal, 'POST users', key, body, newId);
      if (earlier !== undefined) return earlier;
      await this.requireFree(tx, undefined, input);
      const { name, kind, email = null } = input;
      await this.repository.create(tx, { id: newId, name, kind, email, passwordHash, createdAt: this.clock.now() });
      await this.audit.record(tx, principal, {
        action: 'users.create',
        objectKind: 'user',
        objectId: newId,
        details: { name, kind, email },
      });
      return newId;
    });
    return this.get(principal, id, 'users.manage');
  }

  /**
   * Changes a user. Who sets a password or an e-mail address could sign in as that user, so needs all that it may do.
   */
  async update(principal: Principal, id: string, patch: UserPatch): Promise<User> {
    await this.get(principal, id, 'users.manage');
    const { name, email, password, disabled } = patch;
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password);
    const refused = await this.work.run(async (tx) => {
      await this.repository.lockPeople(tx);
      const user = await this.repository.find(tx, id);
      if (user === undefined) throw notFound('user', id);
      const takesOver = email !== undefined || password !== undefined || disabled === false;
      if (takesOver && !(await this.holdsAllOf(tx, principal, id))) return true;
      if (user.kind === 'service' && (email !== undefined || password !== undefined))
        throw new DomainError('conflict', 'user/is-service', `${id} is a service account: it has API tokens only.`);
      await this.requireFree(tx, id, { name, email });
      const now = this.clock.now();
      if (disabled === true && user.disabledAt === null) await this.requireAnotherAdministrator(tx, id, now);
      await this.repository.update(tx, id, {
        ...(name === undefined ? {} : { name }),
        ...(email === undefined ? {} : { email }),
        ...(passwordHash === undefined ? {} : { passwordHash }),
        ...(disabled === undefined ? {} : { disabledAt: disabled ? (user.disabledAt ?? now) : null }),
      });
      if (passwordHash !== undefined) await this.repository.endSessions(tx, id, now, 'password');
      if (disabled === true) await this.repository.endSessions(tx, id, now, 'disabled');
      await this.audit.record(tx, principal, {
        action: 'users.update',
        objectKind: 'user',
        objectId: id,
        details: {
          ...(name === undefined ? {} : { name }),
          ...(email === undefined ? {} : { email }),
          ...(disabled === undefined ? {} : { disabled }),
          password: password !== undefined,
        },
      });
      return false;
    });
    if (refused) {
      await this.audit.denied(principal, 'users.manage', { kind: 'user', id });
      throw new DomainError(
        'forbidden',
        'user/exceeds-own',
        `${id} may do more than you: its e-mail, password or return is for somebody who may do all of that.`,
      );
    }
    return this.get(principal, id, 'users.manage');
  }

  private async holdsAllOf(tx: Tx, principal: Principal, userId: string): Promise<boolean> {
    return (await this.grants.ofUser(tx, userId, this.clock.now())).every((grant) => holdsGrant(principal, grant));
  }

  private async requireFree(
    tx: Tx,
    but: string | undefined,
    wanted: { name?: string | undefined; email?: string | undefined },
  ): Promise<void> {
    await this.repository.lockPeople(tx);
    const taken = await this.repository.taken(tx, but, wanted);
    if (taken !== undefined)
      throw new DomainError('conflict', `user/${taken}-taken`, `Another user has this ${taken}; choose another one.`);
  }

  private async requireAnotherAdministrator(tx: Tx, userId: string, now: Date): Promise<void> {
    const all = await this.grants.administrators(tx, now, {});
    const others = await this.grants.administrators(tx, now, { userId });
    if (others === 0 && all > 0) throw lastAdministrator();
  }

  private async requireAll(principal: Principal, permission: Permission, id?: string): Promise<void> {
    if (holdsEverywhere(principal, permission)) return;
    await this.audit.denied(principal, permission, { kind: 'user', ...(id === undefined ? {} : { id }) });
    throw denied(permission);
  }
}
