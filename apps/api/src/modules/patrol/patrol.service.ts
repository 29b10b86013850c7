import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ObjectInfo } from '#locations';
import { isHuntId, keys, parseResultKey, parseTicketKey } from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { AuditService } from '../audit/index.js';
import { FlowLifecycle } from '../tasking/index.js';
import { type FlowStanding, isOrphan, type UploadedObject } from './domain/orphans.js';
import { type Charge, type FoundOrphan, type PatrolNote, PatrolRepository } from './patrol.repository.js';

const DAY_MS = 86_400_000;
const LISTED_MS = 7 * DAY_MS;
const BATCH = 1000;
/** Clients whose sums are held before they are written: what bounds the memory. */
const CLIENTS_HELD = 10_000;
const CLIENT_PREFIX = /^(C\.[0-9a-f]{16})\//;

/** One LIST of everything that agents may write. */
interface Round {
  readonly began: Date;
  readonly charges: Map<string, Charge>;
  readonly stopped: string[];
  objects: number;
  bytes: number;
  hunt: { id: string; bytes: number } | undefined;
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
    private readonly lifecycle: FlowLifecycle,
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
      return this.patrol();
    });
  }

  private async patrol(): Promise<PatrolNote> {
    const round: Round = {
      began: this.clock.now(),
      charges: new Map(),
      stopped: [],
      objects: 0,
      bytes: 0,
      hunt: undefined,
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
      await this.repository.forgetOrphans(tx, round.began);
    });
    const removed = await this.remove(round);
    const { orphans, bytes } = await this.repository.orphanCount(this.work.plain);
    const note: PatrolNote = {
      objects: round.objects,
      bytes: round.bytes,
      orphans,
      orphan_bytes: bytes,
      removed,
      stopped_hunts: round.stopped,
    };
    await this.repository.save(this.work.plain, note, this.clock.now());
    return note;
  }

  private async look(round: Round, batch: readonly ObjectInfo[]): Promise<void> {
    const uploaded: UploadedObject[] = [];
    for (const { key, size, lastModified } of batch) {
      round.objects += 1;
      round.bytes += size;
      const result = parseResultKey(key);
      const clientId = result?.clientId ?? parseTicketKey(key)?.clientId ?? CLIENT_PREFIX.exec(key)?.[1];
      if (clientId !== undefined) chargeTo(round.charges, clientId, size);
      if (key.startsWith('hunts/')) await this.chargeHunt(round, key.split('/')[1] ?? '', size);
      if (!key.startsWith(keys.ticketsPrefix)) uploaded.push({ key, bytes: size, lastModified, result });
    }
    if (round.charges.size > CLIENTS_HELD) await this.writeCharges(round);
    await this.listOrphans(round, uploaded);
  }

  /** Keys of one hunt lie side by side. */
  private async chargeHunt(round: Round, huntId: string, bytes: number): Promise<void> {
    const hunt = round.hunt?.id === huntId ? round.hunt : { id: huntId, bytes: 0 };
    round.hunt = hunt;
    const budget = this.config.REKALL_HUNT_BYTES;
    const wasWithin = hunt.bytes <= budget;
    hunt.bytes += bytes;
    if (!wasWithin || hunt.bytes <= budget || !isHuntId(huntId)) return;
    if (!(await this.lifecycle.stopOverBudget(huntId, hunt.bytes, budget))) return;
    round.stopped.push(huntId);
    this.logger.warn(
      `${huntId} is stopped: its results take more than ${budget} bytes of the bucket (REKALL_HUNT_BYTES)`,
    );
  }

  private async writeCharges(round: Round): Promise<void> {
    if (round.charges.size === 0) return;
    await this.repository.charge(this.work.plain, [...round.charges.values()]);
    round.charges.clear();
  }

  private async listOrphans(round: Round, objects: readonly UploadedObject[]): Promise<void> {
    const orphans = await this.orphansOf(round, objects);
    if (orphans.length === 0) return;
    await this.repository.listOrphans(
      this.work.plain,
      orphans.map(({ key, bytes, result }) => ({
        key,
        bytes,
        clientId: result?.clientId ?? null,
        flowId: result?.flowId ?? null,
      })),
      round.began,
    );
  }

  private async orphansOf(round: Round, objects: readonly UploadedObject[]): Promise<UploadedObject[]> {
    const tx = this.work.plain;
    const grantMs = this.config.GRANT_DAYS * DAY_MS;
    const old = objects.filter((o) => o.lastModified.getTime() + grantMs <= round.began.getTime());
    if (old.length === 0) return [];
    const results = old.flatMap(({ result }) => result ?? []);
    const flows = await this.standings([...new Set(results.map(({ flowId }) => flowId))]);
    const pinned = await this.repository.pinned(
      tx,
      old.map(({ key }) => key),
    );
    const runs = distinctRuns(results);
    const answered = await this.repository.answered(tx, runs);
    const putAside = await this.repository.putAside(tx, runs);
    return old.filter((object) => {
      const { result, key } = object;
      const run = result === undefined ? '' : `${result.flowId} ${result.clientId}`;
      const known = {
        flow: (result === undefined ? undefined : flows.get(result.flowId)) ?? { kind: 'none' as const },
        pinned: pinned.has(key),
        answered: answered.has(run),
        putAside: putAside.has(run),
      };
      return isOrphan(object, known, round.began, grantMs);
    });
  }

  private async standings(ids: readonly string[]): Promise<Map<string, FlowStanding>> {
    const known = await this.repository.flows(this.work.plain, ids);
    const standings = new Map<string, FlowStanding>();
    for (const id of ids) {
      const endedAt = known.get(id);
      if (endedAt !== undefined) standings.set(id, { kind: 'known', endedAt });
      else standings.set(id, { kind: (await this.isRecorded(id)) ? 'recorded' : 'none' });
    }
    return standings;
  }

  private async isRecorded(flowId: string): Promise<boolean> {
    const page = await this.store.bucket.list({ prefix: keys.flowRecordsOf(flowId), maxKeys: 1 });
    return page.objects.length > 0;
  }

  /**
   * Judged again right before they go: a ticket may have come since they were looked at, or wait to be taken in. The
   * bucket first: a ticket that is no longer there is in the database.
   */
  private async stillDoomed(round: Round, listed: readonly FoundOrphan[]): Promise<UploadedObject[]> {
    const objects = listed.map(({ key, bytes }) => ({
      key,
      bytes,
      lastModified: new Date(0), // old enough to be listed
      result: parseResultKey(key),
    }));
    const runs = distinctRuns(objects.flatMap(({ result }) => result ?? []));
    const waiting = new Set<string>();
    for (const { flowId, clientId } of runs) {
      const { objects: tickets } = await this.store.bucket.list({
        prefix: keys.statusTicketsOf(flowId, clientId),
        maxKeys: 1,
      });
      if (tickets.length > 0) waiting.add(`${flowId} ${clientId}`);
    }
    return this.orphansOf(
      round,
      objects.filter(({ result }) => result === undefined || !waiting.has(`${result.flowId} ${result.clientId}`)),
    );
  }

  private async remove(round: Round): Promise<number> {
    const until = new Date(round.began.getTime() - LISTED_MS);
    let removed = 0;
    for (let after = ''; ;) {
      const listed = await this.repository.doomed(this.work.plain, until, round.began, after, BATCH);
      const last = listed.at(-1);
      if (last === undefined) return removed;
      after = last.key;
      const doomed = await this.stillDoomed(round, listed);
      if (doomed.length === 0) continue;
      await this.store.bucket.delete(doomed.map(({ key }) => key));
      await this.work.run(async (tx) => {
        await this.repository.removed(
          tx,
          doomed.map(({ key }) => key),
        );
        await this.audit.recordSystemMany(tx, 'system:worker', [
          {
            action: 'orphans.remove',
            objectKind: 'object',
            objectId: 'orphans',
            details: {
              objects: doomed.length,
              bytes: doomed.reduce((sum, { bytes }) => sum + bytes, 0),
              first: doomed[0]?.key ?? '',
              last: doomed.at(-1)?.key ?? '',
            },
          },
        ]);
      });
      removed += doomed.length;
    }
  }
}

function chargeTo(charges: Map<string, Charge>, clientId: string, bytes: number): void {
  const charge = charges.get(clientId) ?? { clientId, bytes: 0, objects: 0 };
  charge.bytes += bytes;
  charge.objects += 1;
  charges.set(clientId, charge);
}

const distinctRuns = (results: readonly { flowId: string; clientId: string }[]) => [
  ...new Map(results.map(({ flowId, clientId }) => [`${flowId} ${clientId}`, { flowId, clientId }])).values(),
];
