import { Inject, Injectable, Logger } from '@nestjs/common';
import { backoff } from '#locations';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { AuditSealer, AuditSequencer } from '../audit/index.js';
import { PatrolService } from '../patrol/index.js';
import { QUEUES_CHANNEL } from '../queues/index.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { PublisherService, ReconcilerService } from '../tasking/index.js';
import { ArchiveService } from './archive.service.js';
import { Bell } from './bell.js';
import { IntakeService } from './intake.service.js';

/** Without a word from Postgres, dirty files are looked for this often. */
const PUBLISH_EVERY_MS = 5000;
/** The audit log is chained within two seconds of a commit. */
const CHAIN_EVERY_MS = 500;
const LOOK_FOR_SEALS_EVERY_MS = 1000;
const LOOK_FOR_PATROL_EVERY_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** What `--once` did. */
export interface Pass {
  published: number;
  failed: number;
  taken: number;
  archived: number;
  /** Events of the audit log, chained and sealed. */
  chained: number;
  sealed: number;
}

/** The worker: publishes, takes in, archives, reconciles, patrols, chains and seals the audit log. A failure of one is logged and it goes on after a pause. */
@Injectable()
export class WorkerLoop {
  private readonly logger = new Logger(WorkerLoop.name);

  constructor(
    private readonly publisher: PublisherService,
    private readonly reconciler: ReconcilerService,
    private readonly intake: IntakeService,
    private readonly archive: ArchiveService,
    private readonly sequencer: AuditSequencer,
    private readonly sealer: AuditSealer,
    private readonly patrols: PatrolService,
    private readonly session: PgSession,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** What agents need to start: the Manifest and the file of `All`. Throws when it cannot be published. */
  async prepare(): Promise<void> {
    await this.reconciler.renewIfReplaced();
    await this.publisher.prepare();
    await this.publisher.publishAll();
  }

  /** Everything once: publish, take in, end what has ended, archive, look through uploads when that is due, publish what changed, chain, seal. */
  async once(): Promise<Pass> {
    const before = await this.publisher.publishAll();
    let archived = 0;
    const taken = await this.intake.drain(async () => {
      if (await this.archive.isDue()) archived += await this.archive.archiveAll();
    });
    await this.reconciler.reconcile();
    archived += await this.archive.archiveAll();
    await this.patrols.patrolIfDue();
    const after = await this.publisher.publishAll();
    const chained = await this.sequencer.chainAll();
    const sealed = await this.sealer.sealAll();
    return { published: before.published + after.published, failed: after.failed, taken, archived, chained, sealed };
  }

  /** Runs until the signal; what is under way is finished. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.publish(signal),
      this.takeIn(signal),
      this.reconcile(signal),
      this.chain(signal),
      this.seal(signal),
      this.patrol(signal),
    ]);
  }

  private async publish(signal: AbortSignal): Promise<void> {
    const bell = new Bell(signal);
    await this.forever('publishing', signal, async () => {
      await this.session.listen(QUEUES_CHANNEL, () => bell.ring()); // again after a lost connection: it costs nothing
      await this.publisher.publishAll();
      await bell.wait(PUBLISH_EVERY_MS);
    });
  }

  private async takeIn(signal: AbortSignal): Promise<void> {
    const bell = new Bell(signal);
    let archivedAtMs = performance.now();
    await this.forever('intake', signal, async () => {
      const { taken } = await this.intake.round();
      const waitedMs = performance.now() - archivedAtMs;
      if (waitedMs >= this.config.REKALL_ARCHIVE_SECONDS * 1000 || (taken > 0 && (await this.archive.isDue()))) {
        await this.archive.archiveAll();
        archivedAtMs = performance.now();
      }
      // also where there is more to look through: what waits is not looked at without a pause
      if (taken === 0) await bell.wait(this.config.REKALL_INTAKE_SECONDS * 1000);
    });
  }

  private async reconcile(signal: AbortSignal): Promise<void> {
    const bell = new Bell(signal);
    await this.forever('reconciling', signal, async () => {
      await this.reconciler.reconcile();
      await bell.wait(this.config.REKALL_RECONCILE_SECONDS * 1000);
    });
  }

  private async chain(signal: AbortSignal): Promise<void> {
    const bell = new Bell(signal);
    await this.forever('chaining the audit log', signal, async () => {
      await this.sequencer.chainAll();
      await bell.wait(CHAIN_EVERY_MS);
    });
  }

  /** Apart from chaining: a slow store does not make links wait. */
  private async seal(signal: AbortSignal): Promise<void> {
    const bell = new Bell(signal);
    await this.forever('sealing the audit log', signal, async () => {
      if (await this.sealer.isDue()) await this.sealer.sealAll();
      await bell.wait(LOOK_FOR_SEALS_EVERY_MS);
    });
  }

  private async patrol(signal: AbortSignal): Promise<void> {
    const bell = new Bell(signal);
    await this.forever('patrolling', signal, async () => {
      await this.patrols.patrolIfDue();
      await bell.wait(Math.min(LOOK_FOR_PATROL_EVERY_MS, this.config.REKALL_PATROL_SECONDS * 1000));
    });
  }

  private async forever(what: string, signal: AbortSignal, turn: () => Promise<void>): Promise<void> {
    const bell = new Bell(signal);
    for (let failures = 0; !signal.aborted;) {
      try {
        await turn();
        failures = 0;
      } catch (error) {
        failures++;
        this.logger.error({ msg: `${what} failed, it goes on after a pause`, failures, err: error });
        await bell.wait(
          backoff({ attempt: failures, firstMs: FIRST_PAUSE_MS, maxMs: LONGEST_PAUSE_MS, random: Math.random }),
        );
      }
    }
  }
}
