import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { Grant, User } from './domain/user.js';
import { GrantsRepository } from './grants.repository.js';
import { UsersRepository } from './users.repository.js';

/** What signing in and tokens need of users: the rows, not the rules of who may. */
@Injectable()
export class UserAccounts {
  constructor(
    private readonly users: UsersRepository,
    private readonly grants: GrantsRepository,
  ) {}

  find(tx: Tx, id: string): Promise<User | undefined> {
    return this.users.find(tx, id);
  }

  /** All that a user was given and that has not ended. */
  grantsOf(tx: Tx, userId: string, now: Date): Promise<Grant[]> {
    return this.grants.ofUser(tx, userId, now);
  }

  /** A new password: what was signed in with the old one ends. */
  async setPassword(tx: Tx, userId: string, passwordHash: string, now: Date): Promise<void> {
    await this.users.update(tx, userId, { passwordHash });
    await this.users.endSessions(tx, userId, now, 'password');
  }
}
