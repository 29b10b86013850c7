import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { User, UserKind } from './domain/user.js';

interface UserRow {
  id: string;
  name: string;
  kind: string;
  email: string | null;
  passwordHash: string | null;
  createdAt: Date;
  disabledAt: Date | null;
}

const toUser = ({ passwordHash, kind, ...row }: UserRow): User => ({
  ...row,
  kind: kind === 'service' ? 'service' : 'person',
  hasPassword: passwordHash !== null,
});

@Injectable()
export class UsersRepository {
  /** One change of people and grants at a time: so names stay unique and the last administrator stays. */
  async lockPeople(tx: Tx): Promise<void> {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('rekall:people', 0))`;
  }

  async find(tx: Tx, id: string): Promise<User | undefined> {
    const row = await tx.user.findUnique({ where: { id } });
    return row === null ? undefined : toUser(row);
  }

  /** In order of id. */
  async list(tx: Tx, after: string | undefined, limit: number): Promise<User[]> {
    const rows = await tx.user.findMany({
      ...(after === undefined ? {} : { where: { id: { gt: after } } }),
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(toUser);
  }

  /** Which of name and e-mail another user has. */
  async taken(
    tx: Tx,
    but: string | undefined,
    wanted: { name?: string | undefined; email?: string | undefined },
  ): Promise<'name' | 'email' | undefined> {
    for (const field of ['name', 'email'] as const) {
      const value = wanted[field];
      if (value === undefined) continue;
      const other = await tx.user.findFirst({ where: { [field]: value }, select: { id: true } });
      if (other !== null && other.id !== but) return field;
    }
    return undefined;
  }

  async create(
    tx: Tx,
    user: {
      id: string;
      name: string;
      kind: UserKind;
      email: string | null;
      passwordHash: string | null;
      createdAt: Date;
    },
  ): Promise<void> {
    await tx.user.create({ data: user });
  }

  async update(
    tx: Tx,
    id: string,
    change: { name?: string; email?: string; passwordHash?: string; disabledAt?: Date | null },
  ): Promise<void> {
    await tx.user.update({ where: { id }, data: change });
  }

  /** Ends all that a user signed in to. */
  async endSessions(tx: Tx, userId: string, at: Date, why: 'password' | 'disabled'): Promise<void> {
    await tx.session.updateMany({ where: { userId, endedAt: null }, data: { endedAt: at, endedWhy: why } });
  }
}
