import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { DomainError } from '../../platform/errors/domain-error.js';

/** argon2id (the library's default) with 19 MiB, two passes, one lane: what OWASP asks for at least. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** At once: each takes a core and 19 MiB. */
const AT_ONCE = 2;
const WAITING = 64;

/** Hashes passwords and compares them; a few at a time, the others wait. */
@Injectable()
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** What is compared when there is nothing to compare with, so that it takes as long. */
  private readonly nobody = hash('nobody has this password', COST);

  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(password.normalize('NFKC'), COST));
  }

  /** Whether it is the password; without a hash: false, after the same time. */
  matches(password: string, passwordHash: string | null | undefined): Promise<boolean> {
    return this.inTurn(async () => {
      const same = await verify(passwordHash ?? (await this.nobody), password.normalize('NFKC'));
      return same && typeof passwordHash === 'string';
    });
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= AT_ONCE) {
      if (this.waiting.length >= WAITING)
        throw new DomainError('limited', 'auth/busy', 'Too many people sign in at this moment; try again shortly.', {
          retryAfterSeconds: 1,
        });
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running++;
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next(); // its turn passes on
    }
  }
}
