import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

/** Somebody who may sign in with a password. */
export interface Person {
  id: string;
  name: string;
  passwordHash: string | null;
  disabledAt: Date | null;
}

/** A refresh token with its session and user, both locked. */
export interface RefreshRow {
  secretHash: string;
  expiresAt: Date;
  usedAt: Date | null;
  sessionId: string;
  sessionExpiresAt: Date;
  endedAt: Date | null;
  userId: string;
  userName: string;
  disabledAt: Date | null;
}

@Injectable()
export class SessionsRepository {
  async personByEmail(tx: Tx, email: string): Promise<Person | undefined> {
    return (await tx.user.findFirst({ where: { email, kind: 'person' } })) ?? undefined;
  }

  async personById(tx: Tx, id: string): Promise<Person | undefined> {
    return (await tx.user.findFirst({ where: { id, kind: 'person' } })) ?? undefined;
  }

  /**
   * Counts one more attempt before the password is looked at, so that attempts at the same time count as well. Gives
   * undefined, or until when there may be none.
   * @param free so many before there is a wait, which doubles from a second to 15 minutes
   */
  async countAttempt(tx: Tx, key: string, now: Date, free: number): Promise<Date | undefined> {
    const forgotten = new Date(now.getTime() - 86_400_000);
    await tx.$executeRaw`DELETE FROM login_attempts WHERE last_at < ${forgotten}`;
    const counted = await tx.$executeRaw`
      INSERT INTO login_attempts AS a (key, failures, last_at) VALUES (${key}, 1, ${now})
      ON CONFLICT (key) DO UPDATE SET failures = a.failures + 1, last_at = ${now},
        locked_until = CASE WHEN a.failures + 1 >= ${free}
          THEN ${now}::timestamptz + make_interval(secs => least(900, 2 ^ least(a.failures + 1 - ${free}, 20))) END
      WHERE a.locked_until IS NULL OR a.locked_until <= ${now}`;
    if (counted === 1) return undefined;
    const row = await tx.loginAttempt.findUnique({ where: { key }, select: { lockedUntil: true } });
    return row?.lockedUntil ?? now;
  }

  async forgetAttempts(tx: Tx, key: string): Promise<void> {
    await tx.loginAttempt.deleteMany({ where: { key } });
  }

  async createSession(
    tx: Tx,
    session: { id: string; userId: string; createdAt: Date; expiresAt: Date; address: string },
  ): Promise<void> {
    await tx.session.create({ data: session });
  }

  async createRefreshToken(
    tx: Tx,
    token: { id: string; sessionId: string; secretHash: string; createdAt: Date; expiresAt: Date },
  ): Promise<void> {
    await tx.refreshToken.create({ data: token });
  }

  /** A refresh token; its session is locked, so that of two uses at the same time one is the second. */
  async lockRefreshToken(tx: Tx, id: string): Promise<RefreshRow | undefined> {
    await tx.$executeRaw`
      SELECT 1 FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE id = ${id}) FOR UPDATE`;
    const rows = await tx.$queryRaw<RefreshRow[]>`
      SELECT r.secret_hash AS "secretHash", r.expires_at AS "expiresAt", r.used_at AS "usedAt", s.id AS "sessionId",
        s.expires_at AS "sessionExpiresAt", s.ended_at AS "endedAt", u.id AS "userId", u.name AS "userName", u.disabled_at AS "disabledAt"
      FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id WHERE r.id = ${id}`;
    return rows[0];
  }

  async useRefreshToken(tx: Tx, id: string, now: Date): Promise<void> {
    await tx.refreshToken.update({ where: { id }, data: { usedAt: now } });
  }

  async endSession(tx: Tx, id: string, now: Date, why: 'logout' | 'reuse'): Promise<void> {
    await tx.session.updateMany({ where: { id, endedAt: null }, data: { endedAt: now, endedWhy: why } });
  }
}
