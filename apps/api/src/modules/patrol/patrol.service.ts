import { Inject, Injectable, Logger } from '@nestjs/common';
import { type ObjectInfo, redact } from '#locations';
import { keys, parseResultKey } from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { AuditService } from '../audit/index.js';
import { DatabaseCheck } from './database-check.service.js';
import { BEHIND_NEXT, type Behind, behindText } from './domain/behind.js';
import { clientOfKey, type UploadedObject } from './domain/orphans.js';
import { HuntBudgets, type HuntSums, noHuntSums } from './hunt-budgets.service.js';
import { Orphans } from './orphans.service.js';
import { type Charge, type PatrolNote, PatrolRepository } from './patrol.repository.js';

const BATCH = 1000;
/** Clients whose sums are held before they are written: what bounds the memory. */
const CLIENTS_HELD = 10_000;

/** One LIST of everything that agents may write. */
interface Round {
  readonly began: Date;
  readonly charges: Map<string, Charge>;
  /** The database is older than the bucket: nothing is called an orphan, and nothing is removed. */
  readonly behind: Behind | undefined;
  objects: number;
  bytes: number;
  readonly hunts: HuntSums;
}

/**
 * Looks through all that agents have uploaded, page by page: charges bytes to the client in the key, stops hunts over
 * their budget, lists orphans, and removes those that have been listed for a week. What a store of our own refuses at
 * once, other stores are held to by this.
 */
@Injectable()
export class PatrolService {
  private readonly logger = new Logger(PatrolService.name);

  constructor(
    private readonly repository: PatrolRepository,
    private readonly check: DatabaseCheck,
    private readonly orphans: Orphans,
    private readonly budgets: HuntBudgets,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly session: PgSession,
    private readonly store: Store,
    private readonly clock: Clock,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** One look at everything, when it is time; undefined when it is not, or another worker is at it. */
  patrolIfDue(): Promise<PatrolNote | undefined> {
    return this.session.underLock('patrol', async () => {
      const last = await this.repository.lastAt(this.work.plain);
      const sinceMs = this.clock.now().getTime() - (last?.getTime() ?? -Infinity);
      // one in the future is of a clock that was set back since
      if (sinceMs >= 0 && sinceMs < this.config.REKALL_PATROL_SECONDS * 1000) return undefined;
      try {
        return await this.patrol();
      } catch (error) {
        const message = redact(error instanceof Error ? error.message : String(error)).slice(0, 2000);
        await this.repository.saveFailure(this.work.plain, message, this.clock.now());
        throw error;
      }
    });
  }

  private async patrol(): Promise<PatrolNote> {
    const behind = await this.check.behind();
    if (behind !== undefined) this.logger.error(`${behindText(behind)}; next: ${BEHIND_NEXT}`);
    const round: Round = {
      behind,
      began: this.clock.now(),
      charges: new Map(),
      objects: 0,
      bytes: 0,
      hunts: noHuntSums(),
    };
    await this.repository.beginCount(this.work.plain);
    for (const prefix of ['C.', 'hunts/', keys.ticketsPrefix]) {
      let batch: ObjectInfo[] = [];
      for await (const object of this.store.bucket.listAll(prefix)) {
        batch.push(object);
        if (batch.length < BATCH) continue;
        await this.look(round, batch);
        batch = [];
      }
      await this.look(round, batch);
    }
    await this.writeCharges(round);
    await this.work.run(async (tx) => {
      await this.repository.endCount(tx);
      await this.orphans.forget(tx, round.began);
    });
    const removed = behind === undefined ? await this.orphans.remove(round.began) : 0;
    const { orphans, bytes } = await this.orphans.count();
    const note: PatrolNote = {
      objects: round.objects,
      bytes: round.bytes,
      orphans,
      orphan_bytes: bytes,
      removed,
      stopped_hunts: round.hunts.stopped,
      flooded_hunts: round.hunts.flooded,
      behind: behind ?? null,
    };
    await this.work.run((tx) => this.save(tx, note));
    return note;
  }

  /** That the database is older than the bucket is on record when it is first seen. */
  private async save(tx: Tx, note: PatrolNote): Promise<void> {
    if (note.behind !== null && !(await this.repository.wasBehind(tx)))
      await this.audit.recordSystem(tx, 'system:worker', {
        action: 'database.behind',
        objectKind: 'database',
        objectId: undefined,
        details: { ...note.behind, why: behindText(note.behind), next: BEHIND_NEXT },
      });
    await this.repository.save(tx, note, this.clock.now());
  }

  private async look(round: Round, batch: readonly ObjectInfo[]): Promise<void> {
    const uploaded: UploadedObject[] = [];
    for (const { key, size, lastModified } of batch) {
      round.objects += 1;
      round.bytes += size;
      const result = parseResultKey(key);
      const clientId = clientOfKey(key);
      if (clientId !== undefined) chargeTo(round.charges, clientId, size);
      if (!key.startsWith(keys.ticketsPrefix)) uploaded.push({ key, bytes: size, lastModified, result });
    }
    if (round.charges.size > CLIENTS_HELD) await this.writeCharges(round);
    if (round.behind !== undefined) return; // nor does it know what tickets named
    await this.budgets.count(round.hunts, uploaded);
    await this.orphans.list(uploaded, round.began);
  }

  private async writeCharges(round: Round): Promise<void> {
    if (round.charges.size === 0) return;
    await this.repository.charge(this.work.plain, [...round.charges.values()]);
    round.charges.clear();
  }
}

function chargeTo(charges: Map<string, Charge>, clientId: string, bytes: number): void {
  const charge = charges.get(clientId) ?? { clientId, bytes: 0, objects: 0 };
  charge.bytes += bytes;
  charge.objects += 1;
  charges.set(clientId, charge);
}
