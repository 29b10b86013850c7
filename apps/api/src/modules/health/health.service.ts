import { Injectable } from '@nestjs/common';
import { requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { DomainError } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { HealthRepository, type PatrolHealth, type QueueHealth, type RegistrationHealth } from './health.repository.js';

export interface Status {
  clockSkewMs: number;
  queues: { wrong: QueueHealth[]; oldest: Date | null; total: number };
  unarchivedTickets: number;
  registrations: RegistrationHealth | undefined;
  patrol: PatrolHealth;
}

/** A probe that takes longer is a no. */
const PROBE_MS = 1_800;

@Injectable()
export class HealthService {
  constructor(
    private readonly repository: HealthRepository,
    private readonly work: UnitOfWork,
    private readonly store: Store,
  ) {}

  /** Both the database and the bucket answer; else `unavailable`, naming which. */
  async ready(): Promise<void> {
    await Promise.all([
      this.check('Postgres', () => this.repository.ping(this.work.plain)),
      this.check('the bucket', () => this.store.bucket.ping()),
    ]);
  }

  async status(principal: Principal): Promise<Status> {
    requireSomewhere(principal, 'health.read');
    const [{ clockSkewMs }, queues, unarchivedTickets, registrations, patrol] = await Promise.all([
      this.store.bucket.ping(),
      this.repository.queues(this.work.plain),
      this.repository.unarchived(this.work.plain),
      this.repository.registrations(this.work.plain),
      this.repository.patrol(this.work.plain),
    ]);
    return { clockSkewMs, queues, unarchivedTickets, registrations, patrol };
  }

  private async check(what: string, ask: () => Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`no answer within ${PROBE_MS} ms`)), PROBE_MS);
    try {
      await Promise.race([ask(), late.promise]);
    } catch (error) {
      throw new DomainError('unavailable', 'health/not-ready', `${what} does not answer.`, {
        retryAfterSeconds: 5,
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
