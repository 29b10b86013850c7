import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { sha256Hex } from '#wire';
import type { Principal } from '../../platform/access/principal.js';
import { Clock, IdGenerator } from '../../platform/clock/clock.js';
import type { HttpConfig } from '../../platform/config/env.js';
import { HTTP_CONFIG } from '../../platform/config/tokens.js';
import { DomainError } from '../../platform/errors/domain-error.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { PasswordHasher, UserAccounts } from '../users/index.js';
import { Credentials } from './credentials.js';
import { ACCESS_ALGORITHM, ACCESS_AUDIENCE, ACCESS_SECONDS, accessIssuer } from './domain/access-claims.js';
import { formatToken, hashSecret, newSecret, parseToken, secretMatches } from './domain/bearer-token.js';
import { type RefreshRow, SessionsRepository } from './sessions.repository.js';

const DAY_MS = 86_400_000;
/** A session ends after this, however much it is used. */
const SESSION_MS = 30 * DAY_MS;
/** or when it is not used for this. */
const IDLE_MS = 7 * DAY_MS;
/** Wrong passwords before there is a wait. */
const FREE_ATTEMPTS = 5;

/** Where a call without a principal comes from. */
export interface From {
  requestId: string;
  address: string;
}

/** What signing in gives. */
export interface SignedIn {
  accessToken: string;
  accessSeconds: number;
  refreshToken: string;
  refreshExpiresAt: Date;
}

/** One answer for no such user, a wrong password, a disabled user and a service account. */
const badCredentials = (): DomainError =>
  new DomainError('unauthenticated', 'auth/bad-credentials', 'E-mail or password is wrong.');

const badRefresh = (): DomainError =>
  new DomainError('unauthenticated', 'auth/invalid-refresh-token', 'This refresh token is not valid; sign in again.');

/** People sign in with e-mail and password to a short access token and a refresh token that changes with each use. */
@Injectable()
export class SignInService {
  private readonly issuer: string;
  private readonly key: Buffer;

  constructor(
    private readonly credentials: Credentials,
    private readonly sessions: SessionsRepository,
    private readonly accounts: UserAccounts,
    private readonly passwords: PasswordHasher,
    private readonly jwt: JwtService,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    @Inject(HTTP_CONFIG) config: HttpConfig,
  ) {
    this.issuer = accessIssuer(config.REKALL_DEPLOYMENT);
    this.key = Buffer.from(config.REKALL_SESSION_KEY, 'hex');
  }

  async login(from: From, email: string, password: string): Promise<SignedIn> {
    const attempt = sha256Hex(`email ${email.toLowerCase()}`);
    await this.countAttempt(from, attempt);
    const person = await this.credentials.emailAndPassword(email, password);
    if (person === undefined) {
      await this.audit.denied(from, 'auth.login', { kind: 'user' });
      throw badCredentials();
    }
    const now = this.clock.now();
    return this.work.run(async (tx) => {
      await this.sessions.forgetAttempts(tx, attempt);
      const session = {
        id: this.ids.session(),
        userId: person.userId,
        createdAt: now,
        expiresAt: new Date(now.getTime() + SESSION_MS),
        address: from.address,
      };
      await this.sessions.createSession(tx, session);
      await this.onRecord(tx, from, person, 'auth.login', session.id);
      return this.issue(tx, session, now);
    });
  }

  /** A new pair of tokens for a refresh token. One that is used a second time was stolen from somebody: its session ends. */
  async refresh(from: From, text: string): Promise<SignedIn> {
    const token = parseToken('R', text);
    const now = this.clock.now();
    const done = await this.work.run(async (tx): Promise<SignedIn | RefreshRow | undefined> => {
      const row = token === undefined ? undefined : await this.sessions.lockRefreshToken(tx, token.id);
      if (token === undefined || row === undefined || !secretMatches(token.secret, row.secretHash)) return undefined;
      if (row.usedAt !== null) {
        await this.sessions.endSession(tx, row.sessionId, now, 'reuse');
        return row;
      }
      if (row.endedAt !== null || row.expiresAt <= now || row.sessionExpiresAt <= now || row.disabledAt !== null)
        return undefined;
      await this.sessions.useRefreshToken(tx, token.id, now);
      await this.onRecord(tx, from, row, 'auth.refresh', row.sessionId);
      return this.issue(tx, { id: row.sessionId, userId: row.userId, expiresAt: row.sessionExpiresAt }, now);
    });
    if (done !== undefined && 'accessToken' in done) return done;
    await this.audit.denied(
      done === undefined ? from : principalOf(from, done),
      done === undefined ? 'auth.refresh' : 'auth.refresh-reuse',
      { kind: 'session', ...(done === undefined ? {} : { id: done.sessionId }) },
    );
    throw badRefresh();
  }

  /** Ends the session of a refresh token, used or not. Says the same when there is none. */
  async logout(from: From, text: string): Promise<void> {
    const token = parseToken('R', text);
    if (token === undefined) return;
    const now = this.clock.now();
    await this.work.run(async (tx) => {
      const row = await this.sessions.lockRefreshToken(tx, token.id);
      if (row === undefined || !secretMatches(token.secret, row.secretHash) || row.endedAt !== null) return;
      await this.sessions.endSession(tx, row.sessionId, now, 'logout');
      await this.onRecord(tx, from, row, 'auth.logout', row.sessionId);
    });
  }

  /** Changes one's own password: the present one is asked for, whoever calls; all sessions end. */
  async changePassword(principal: Principal, present: string, next: string): Promise<void> {
    const person = await this.sessions.personById(this.work.plain, principal.userId);
    if (person?.passwordHash === undefined || person.passwordHash === null)
      throw new DomainError(
        'conflict',
        'auth/no-password',
        'You have no password yet; an administrator sets the first one: PATCH /api/v1/users/<user_id>.',
      );
    const attempt = sha256Hex(`user ${principal.userId}`);
    await this.countAttempt(principal, attempt);
    if (!(await this.passwords.matches(present, person.passwordHash))) {
      await this.audit.denied(principal, 'me.password', { kind: 'user', id: principal.userId });
      throw new DomainError('forbidden', 'auth/wrong-password', 'The present password is wrong.');
    }
    const passwordHash = await this.passwords.hash(next);
    await this.work.run(async (tx) => {
      await this.sessions.forgetAttempts(tx, attempt);
      await this.accounts.setPassword(tx, principal.userId, passwordHash, this.clock.now());
      await this.audit.record(tx, principal, {
        action: 'me.password',
        objectKind: 'user',
        objectId: principal.userId,
      });
    });
  }

  private async countAttempt(from: From, key: string): Promise<void> {
    const now = this.clock.now();
    const until = await this.work.run((tx) => this.sessions.countAttempt(tx, key, now, FREE_ATTEMPTS));
    if (until === undefined) return;
    const seconds = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000));
    await this.audit.denied(from, 'auth.login', { kind: 'user' });
    throw new DomainError('limited', 'auth/too-many-attempts', `Too many wrong passwords; try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }

  private async issue(tx: Tx, session: { id: string; userId: string; expiresAt: Date }, now: Date): Promise<SignedIn> {
    const secret = newSecret();
    const id = this.ids.refreshToken();
    const expiresAt = new Date(Math.min(now.getTime() + IDLE_MS, session.expiresAt.getTime()));
    await this.sessions.createRefreshToken(tx, {
      id,
      sessionId: session.id,
      secretHash: hashSecret(secret),
      createdAt: now,
      expiresAt,
    });
    const seconds = Math.floor(now.getTime() / 1000);
    const accessToken = await this.jwt.signAsync(
      {
        sub: session.userId,
        sid: session.id,
        iss: this.issuer,
        aud: ACCESS_AUDIENCE,
        iat: seconds,
        nbf: seconds,
        exp: seconds + ACCESS_SECONDS,
      },
      { secret: this.key, algorithm: ACCESS_ALGORITHM },
    );
    return {
      accessToken,
      accessSeconds: ACCESS_SECONDS,
      refreshToken: formatToken({ id, secret }),
      refreshExpiresAt: expiresAt,
    };
  }

  private onRecord(
    tx: Tx,
    from: From,
    user: { userId: string; userName: string },
    action: 'auth.login' | 'auth.refresh' | 'auth.logout',
    sessionId: string,
  ): Promise<void> {
    return this.audit.record(tx, principalOf(from, user), { action, objectKind: 'session', objectId: sessionId });
  }
}

/** Who signs in, for the audit log: allowed nothing by it. */
const principalOf = (from: From, user: { userId: string; userName: string }): Principal => ({
  userId: user.userId,
  userName: user.userName,
  grants: [],
  requestId: from.requestId,
  address: from.address,
});
