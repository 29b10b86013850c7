import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { QueuesService } from '../queues/index.js';
import { HuntCompletionRepository } from './hunt-completion.repository.js';
import { HuntCompletion } from './hunt-completion.service.js';
import { type EndingFlow, LifecycleRepository } from './lifecycle.repository.js';

const WORKER = 'system:worker';
const BATCH = 500;

/** How flows and hunts end by themselves: their client has answered, all clients have, or their time is over. */
@Injectable()
export class FlowLifecycle {
  constructor(
    private readonly repository: LifecycleRepository,
    private readonly completions: HuntCompletionRepository,
    private readonly completion: HuntCompletion,
    private readonly queues: QueuesService,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Ends flows whose client has sent a final state; in the transaction that takes it in, the flows' rows locked. */
  async answered(tx: Tx, flows: readonly (EndingFlow & { at: Date })[]): Promise<void> {
    if (flows.length === 0) return;
    await this.repository.end(
      tx,
      flows.map((f) => ({ id: f.id, at: f.at.toISOString(), change: 'end', huntState: null })),
      WORKER,
    );
    await this.queues.markClients(
      tx,
      flows.flatMap((f) => f.clientId ?? []),
    );
  }

  /** Completes hunts that every client of their target has answered; of those given, or of all. */
  async complete(huntIds?: readonly string[]): Promise<number> {
    const complete = await this.completion.complete(huntIds);
    if (complete.length === 0) return 0;
    const now = this.clock.now();
    return this.work.run(async (tx) => {
      const hunts = await this.completions.lockRunning(tx, complete);
      await this.endHunts(
        tx,
        hunts.map((hunt) => ({ ...hunt, at: now, change: 'complete' })),
      );
      return hunts.length;
    });
  }

  /** Ends what is past its time: hunts are Completed, flows closed, runs without a word Expired. */
  async expire(): Promise<number> {
    const now = this.clock.now();
    let ended = 0;
    for (let found = BATCH; found === BATCH; ended += found) {
      found = await this.work.run(async (tx) => {
        const flows = await this.repository.expired(tx, now, BATCH);
        const hunts = flows.filter((f) => f.isHunt);
        const others = flows.filter((f) => !f.isHunt);
        await this.endHunts(
          tx,
          hunts.map((hunt) => ({ ...hunt, at: hunt.expiresAt, change: 'expire' })),
        );
        await this.repository.end(
          tx,
          others.map((f) => ({ id: f.id, at: f.expiresAt.toISOString(), change: 'expire', huntState: null })),
          WORKER,
        );
        await this.queues.markClients(
          tx,
          others.flatMap((f) => f.clientId ?? []),
        );
        return flows.length;
      });
    }
    await this.work.run((tx) => this.repository.expireRuns(tx, now));
    return ended;
  }

  /**
   * Stops a hunt whose results take more of the bucket than it may; false when it was not open. Nobody starts it any
   * more; who runs it finishes and delivers: what was collected is evidence, and each client has its quota.
   */
  stopOverBudget(huntId: string, bytes: number, budget: number): Promise<boolean> {
    return this.work.run(async (tx) => {
      const hunt = await this.repository.openHunt(tx, huntId);
      if (hunt === undefined) return false;
      const at = this.clock.now().toISOString();
      await this.repository.end(tx, [{ id: huntId, at, change: 'stop', huntState: 'Stopped' }], WORKER);
      await this.queues.markLabels(tx, hunt.labels);
      await this.audit.recordSystemMany(tx, WORKER, [
        { action: 'hunts.stop', objectKind: 'hunt', objectId: huntId, details: { why: 'budget', bytes, budget } },
      ]);
      return true;
    });
  }

  private async endHunts(tx: Tx, hunts: readonly (EndingFlow & { at: Date; change: string })[]): Promise<void> {
    if (hunts.length === 0) return;
    await this.repository.end(
      tx,
      hunts.map((h) => ({ id: h.id, at: h.at.toISOString(), change: h.change, huntState: 'Completed' })),
      WORKER,
    );
    await this.queues.markLabels(
      tx,
      hunts.flatMap((h) => h.labels),
    );
    await this.audit.recordSystemMany(
      tx,
      WORKER,
      hunts.map((h) => ({ action: 'hunts.complete', objectKind: 'hunt', objectId: h.id, details: { why: h.change } })),
    );
  }
}
