import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Lottery } from './domain/lottery.js';
import { RegistrationGateRepository } from './registration-gate.repository.js';

const HOUR_MS = 3_600_000;
/** While the bound is reached, what is known of it is written down this often. */
const NOTE_EVERY_MS = 30_000;

/**
 * The bound on new clients an hour. Who is registered never comes here. When more wait than there is room for, each of
 * them has the same chance, whatever its id and however many came before it: one look through all that wait counts them,
 * the next one draws lots.
 */
@Injectable()
export class RegistrationGate {
  private readonly logger = new Logger(RegistrationGate.name);
  private lottery = new Lottery();
  private limited = false;
  /** Admitted in this turn, and not registered before its end. */
  private admittedInTurn = 0;
  private notedAtMs = -Infinity;
  private warnedAtMs = -Infinity;

  constructor(
    private readonly repository: RegistrationGateRepository,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** Whoever was admitted before is registered by now, or was put aside. */
  beginTurn(): void {
    this.admittedInTurn = 0;
  }

  /**
   * Which of these unregistered clients may register now.
   * @param place the first key of the listing that they were found in: where it goes back, a new look begins
   */
  async admit(place: string, clientIds: ReadonlySet<string>): Promise<Set<string>> {
    if (this.lottery.begins(place)) await this.endOfLook();
    if (clientIds.size === 0) return new Set();
    const hourAgo = new Date(this.clock.now().getTime() - HOUR_MS);
    const registered = await this.repository.registeredSince(this.work.plain, hourAgo);
    const room = this.config.REKALL_REGISTRATIONS_PER_HOUR - registered - this.admittedInTurn;
    const admitted = this.lottery.draw(clientIds, Math.max(0, room));
    this.admittedInTurn += admitted.size;
    if (admitted.size < clientIds.size) await this.isReached();
    return admitted;
  }

  /** Whether new clients wait, as this worker or another one saw it. */
  isLimited(): Promise<boolean> {
    return this.repository.isLimited(this.work.plain);
  }

  private async isReached(): Promise<void> {
    const nowMs = performance.now();
    this.limited = true;
    if (nowMs - this.notedAtMs >= NOTE_EVERY_MS) await this.note();
    if (nowMs - this.warnedAtMs < HOUR_MS) return;
    this.warnedAtMs = nowMs;
    this.logger.warn(
      `REKALL_REGISTRATIONS_PER_HOUR (${this.config.REKALL_REGISTRATIONS_PER_HOUR}) is reached: new clients wait and are drawn by lot; said again in an hour, GET /api/v1/health/status has the number`,
    );
  }

  private async endOfLook(): Promise<void> {
    const waited = this.lottery.next();
    if (!this.limited) return;
    this.limited = waited > 0;
    if (this.limited && performance.now() - this.notedAtMs < NOTE_EVERY_MS) return;
    await this.note();
    if (!this.limited) this.logger.log('no new client waits any more');
  }

  private async note(): Promise<void> {
    this.notedAtMs = performance.now();
    await this.repository.save(
      this.work.plain,
      {
        limited: this.limited,
        waiting: this.limited ? this.lottery.waiting : 0,
        per_hour: this.config.REKALL_REGISTRATIONS_PER_HOUR,
      },
      this.clock.now(),
    );
  }
}
