import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { ChainRepository } from './chain.repository.js';
import { GENESIS, linksAfter } from './domain/chain.js';
import { LowWater } from './domain/low-water.js';

const BATCH = 1000;

/**
 * Chains what was committed to the audit log. One transaction a batch, under a lock that ends with it; two that got it
 * nevertheless would collide on the place in the chain, so the chain cannot fork.
 */
@Injectable()
export class AuditSequencer {
  private readonly lowWater = new LowWater();

  constructor(
    private readonly repository: ChainRepository,
    private readonly work: UnitOfWork,
    private readonly faults: FaultPoints,
    private readonly clock: Clock,
  ) {}

  /** Chains everything that is there; answers how many. Zero also when another worker is at it. */
  async chainAll(): Promise<number> {
    let total = 0;
    for (;;) {
      const chained = await this.chainBatch();
      total += chained;
      if (chained < BATCH) return total;
    }
  }

  private async chainBatch(): Promise<number> {
    const done = await this.work.run(async (tx) => {
      if (!(await this.repository.tryLock(tx))) return undefined;
      const horizon = await this.repository.horizon(tx);
      const rows = await this.repository.unchained(tx, this.lowWater.id, BATCH);
      if (rows.length === 0) return { horizon, chained: 0 };
      const head = (await this.repository.head(tx)) ?? GENESIS;
      await this.repository.insertLinks(tx, linksAfter(head, rows, this.clock.now().toISOString()));
      this.faults.reached('before-chain');
      return { horizon, chained: rows.length };
    });
    if (done === undefined) return 0;
    if (done.chained > 0) this.faults.reached('after-chain');
    if (done.chained < BATCH) this.lowWater.drained(done.horizon, performance.now());
    return done.chained;
  }
}
