import { Inject, Injectable } from '@nestjs/common';
import passport from 'passport';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt';
import { Strategy as LocalStrategy } from 'passport-local';
import { Clock } from '../../platform/clock/clock.js';
import type { HttpConfig } from '../../platform/config/env.js';
import { HTTP_CONFIG } from '../../platform/config/tokens.js';
import { DomainError } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { normalEmail, PasswordHasher } from '../users/index.js';
import { AuthRepository, type Holder, type TokenHolder } from './auth.repository.js';
import { ACCESS_ALGORITHM, ACCESS_AUDIENCE, AccessClaims, accessIssuer } from './domain/access-claims.js';
import { hashSecret, parseToken, secretMatches } from './domain/bearer-token.js';
import { SessionsRepository } from './sessions.repository.js';

/** What a credential turned out to be. */
export type Verified =
  | { kind: 'token'; tokenId: string; holder: TokenHolder }
  | { kind: 'session'; sessionId: string; holder: Holder }
  | { kind: 'password'; userId: string; userName: string };

type Kind = Verified['kind'];
type Done = (error: unknown, verified?: Verified | false) => void;

/** All that a strategy gets to see: never a query string, and a body only for signing in. */
interface Shown {
  headers: { authorization?: string };
  body?: { email: string; password: string };
}

/** No credential that we take is longer. */
const LONGEST_HEADER = 4096;

/** The passport strategies of this application, on an authenticator of its own. */
@Injectable()
export class Credentials {
  private readonly authenticator = new passport.Authenticator();
  private readonly issuer: string;

  constructor(
    private readonly repository: AuthRepository,
    private readonly sessions: SessionsRepository,
    private readonly passwords: PasswordHasher,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    @Inject(HTTP_CONFIG) config: HttpConfig,
  ) {
    this.issuer = accessIssuer(config.REKALL_DEPLOYMENT);
    this.authenticator.use(
      'token',
      new BearerStrategy((text: string, done: Done) => settle(this.apiToken(text), done)),
    );
    this.authenticator.use(
      'session',
      new JwtStrategy(
        {
          jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
          secretOrKey: Buffer.from(config.REKALL_SESSION_KEY, 'hex'),
          algorithms: [ACCESS_ALGORITHM],
          issuer: this.issuer,
          audience: ACCESS_AUDIENCE,
        },
        (claims: unknown, done: Done) => settle(this.session(claims), done),
      ),
    );
    this.authenticator.use(
      'password',
      new LocalStrategy({ usernameField: 'email' }, (email: string, password: string, done: Done) =>
        settle(this.password(email, password), done),
      ),
    );
  }

  /** The header `Authorization`: an API token or an access token; undefined when it is neither, or not valid now. */
  async bearer(authorization: string | undefined): Promise<Verified | undefined> {
    if (authorization === undefined || authorization.length > LONGEST_HEADER) return undefined;
    return this.ask(['token', 'session'], { headers: { authorization } });
  }

  /** An e-mail address and a password; takes as long when there is no such user. */
  async emailAndPassword(email: string, password: string): Promise<{ userId: string; userName: string } | undefined> {
    const verified = await this.ask(['password'], { headers: {}, body: { email, password } });
    return verified?.kind === 'password' ? verified : undefined;
  }

  private ask(strategies: Kind[], shown: Shown): Promise<Verified | undefined> {
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void => {
        reject(new Error('a credential could not be checked', { cause: error }));
      };
      const answer = (error: unknown, verified?: unknown): void => {
        if (error instanceof DomainError) reject(error);
        else if (error !== null && error !== undefined) failed(error);
        else resolve(verified === false || verified === undefined ? undefined : (verified as Verified));
      };
      const middleware = this.authenticator.authenticate(strategies, { session: false }, answer) as (
        request: Shown,
        response: object,
        next: (error: unknown) => void,
      ) => void;
      middleware(shown, {}, failed);
    });
  }

  private async apiToken(text: string): Promise<Verified | false> {
    const token = parseToken('T', text);
    if (token === undefined) return false;
    const now = this.clock.now();
    const holder = await this.repository.tokenHolder(this.work.plain, token.id);
    // The hash is compared even when there is no such token, so that the time taken is the same.
    const matches = secretMatches(token.secret, holder?.secretHash ?? hashSecret(''));
    if (holder === undefined || !matches || holder.revokedAt !== null || holder.expiresAt <= now) return false;
    return holder.disabledAt === null && { kind: 'token', tokenId: token.id, holder };
  }

  /** Signature, issuer, audience and times have been checked; by our clock the times are once more. */
  private async session(claims: unknown): Promise<Verified | false> {
    const parsed = AccessClaims.safeParse(claims);
    if (!parsed.success) return false;
    const { sub, sid, nbf, exp } = parsed.data;
    const now = this.clock.now();
    if (nbf * 1000 > now.getTime() || exp * 1000 <= now.getTime()) return false;
    const holder = await this.repository.sessionHolder(this.work.plain, sid, sub, now);
    return holder?.disabledAt === null && { kind: 'session', sessionId: sid, holder };
  }

  private async password(email: string, password: string): Promise<Verified | false> {
    const normal = normalEmail(email);
    const person = normal === undefined ? undefined : await this.sessions.personByEmail(this.work.plain, normal);
    const matches = await this.passwords.matches(password, person?.passwordHash);
    if (person === undefined || !matches || person.disabledAt !== null) return false;
    return { kind: 'password', userId: person.id, userName: person.name };
  }
}

/** A promise as passport’s callback. */
const settle = (verified: Promise<Verified | false>, done: Done): void => {
  verified.then(
    (value) => done(null, value),
    (error: unknown) => done(error),
  );
};
