import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../../platform/clock/clock.js';
import { DomainError } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { EndingsRepository } from './endings.repository.js';

/** How often is looked whether something has ended: one statement, however many wait. */
const LOOK_EVERY_MS = 500;
/** So many may wait at once; who comes later is answered at once. */
const MOST_WAITING = { all: 1000, ofOne: 20 } as const;

interface Waiter {
  id: string;
  caller: string;
  done: () => void;
  failed: (why: unknown) => void;
}

/** Those who wait for a flow or a hunt to end. */
@Injectable()
export class Endings {
  private readonly waiters = new Set<Waiter>();
  private looking = false;

  constructor(
    private readonly repository: EndingsRepository,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** How many wait now. */
  get waiting(): number {
    return this.waiters.size;
  }

  /**
   * Waits until a flow or hunt has ended, at most so many seconds, and no longer than the caller is there.
   * @param caller whose waits are counted together
   * @returns false at once when too many wait already
   */
  async wait(id: string, caller: string, seconds: number, gone: AbortSignal): Promise<boolean> {
    const own = [...this.waiters].filter((waiter) => waiter.caller === caller).length;
    if (this.waiters.size >= MOST_WAITING.all || own >= MOST_WAITING.ofOne) return false;
    const { promise, resolve, reject: failed } = Promise.withResolvers<undefined>();
    const done = (): void => resolve(undefined);
    const waiter: Waiter = { id, caller, done, failed };
    const timer = setTimeout(done, seconds * 1000);
    gone.addEventListener('abort', done, { once: true });
    this.waiters.add(waiter);
    if (!this.looking) void this.look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.waiters.delete(waiter);
    }
    return true;
  }

  /** Lets everybody go because this process ends: they ask again, of another one. */
  letGo(): void {
    const why = new DomainError('unavailable', 'service/stopping', 'This server stops now; ask again.', {
      retryAfterSeconds: 1,
    });
    for (const waiter of this.waiters) waiter.failed(why);
  }

  /** Looks again and again, as long as anybody waits. */
  private async look(): Promise<void> {
    this.looking = true;
    while (this.waiters.size > 0) {
      await delay(LOOK_EVERY_MS);
      try {
        const ids = [...new Set([...this.waiters].map(({ id }) => id))];
        const ended = await this.repository.ended(this.work.plain, ids, this.clock.now());
        for (const waiter of this.waiters) if (ended.has(waiter.id)) waiter.done();
      } catch (error) {
        for (const waiter of this.waiters) waiter.failed(error); // each answers with it
      }
    }
    this.looking = false;
  }
}
