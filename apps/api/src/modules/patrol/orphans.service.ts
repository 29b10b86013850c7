import { Inject, Injectable } from '@nestjs/common';
import { parseResultKey, statusPrefix } from '#wire';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { AuditService } from '../audit/index.js';
import { clientOfKey, isOrphan, type UploadedObject } from './domain/orphans.js';
import { type FoundOrphan, OrphansRepository } from './orphans.repository.js';

const DAY_MS = 86_400_000;
const LISTED_MS = 7 * DAY_MS;
const BATCH = 1000;

/** A flow or hunt on one client. */
interface Run {
  flowId: string;
  clientId: string;
}

const runKey = ({ flowId, clientId }: Run): string => `${flowId} ${clientId}`;

/** Lists what nothing names and nothing can any more, and removes it when it has been listed for a week. */
@Injectable()
export class Orphans {
  constructor(
    private readonly repository: OrphansRepository,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly store: Store,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** Writes down those of the objects that are orphans. `began`: when this look at everything did. */
  async list(objects: readonly UploadedObject[], began: Date): Promise<void> {
    const orphans = await this.orphansOf(objects, began);
    if (orphans.length === 0) return;
    await this.repository.listOrphans(
      this.work.plain,
      orphans.map(({ key, bytes, result }) => ({
        key,
        bytes,
        clientId: clientOfKey(key) ?? null,
        flowId: result?.flowId ?? null,
      })),
      began,
    );
  }

  /** Forgets those that this look did not find again; in the transaction that ends it. */
  forget(tx: Tx, began: Date): Promise<void> {
    return this.repository.forgetOrphans(tx, began);
  }

  /** All that are listed. */
  count(): Promise<{ orphans: number; bytes: number }> {
    return this.repository.count(this.work.plain);
  }

  private async orphansOf(objects: readonly UploadedObject[], began: Date): Promise<UploadedObject[]> {
    const tx = this.work.plain;
    const grantMs = this.config.GRANT_DAYS * DAY_MS;
    const old = objects.filter((o) => o.lastModified.getTime() + grantMs <= began.getTime());
    if (old.length === 0) return [];
    const results = old.flatMap(({ result }) => result ?? []);
    const flows = await this.repository.flows(tx, [...new Set(results.map(({ flowId }) => flowId))]);
    const pinned = await this.repository.pinned(
      tx,
      old.map(({ key }) => key),
    );
    const runs = distinctRuns(results);
    const answered = await this.repository.answered(tx, runs);
    const putAside = await this.repository.putAside(tx, runs);
    return old.filter((object) => {
      const { result, key } = object;
      const run = result === undefined ? '' : runKey(result);
      const endedAt = result === undefined ? undefined : flows.get(result.flowId);
      const known = {
        flow: endedAt === undefined ? { kind: 'none' as const } : { kind: 'known' as const, endedAt },
        pinned: pinned.has(key),
        answered: answered.has(run),
        putAside: putAside.has(run),
      };
      return isOrphan(object, known, began, grantMs);
    });
  }

  /** Removes those that were listed a week ago and found again in the look that began then; answers how many. */
  async remove(began: Date): Promise<number> {
    const until = new Date(began.getTime() - LISTED_MS);
    let removed = 0;
    for (let after = ''; ;) {
      const listed = await this.repository.doomed(this.work.plain, until, began, after, BATCH);
      const last = listed.at(-1);
      if (last === undefined) return removed;
      after = last.key;
      const doomed = await this.stillDoomed(listed, began);
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

  /**
   * Judged again right before they go: a ticket may have come since they were looked at, or wait to be taken in. The
   * bucket first: a ticket that is no longer there is in the database.
   */
  private async stillDoomed(listed: readonly FoundOrphan[], began: Date): Promise<UploadedObject[]> {
    const objects = listed.map(({ key, bytes }) => ({
      key,
      bytes,
      lastModified: new Date(0), // old enough to be listed
      result: parseResultKey(key),
    }));
    const waiting = await this.waiting(distinctRuns(objects.flatMap(({ result }) => result ?? [])));
    return this.orphansOf(
      objects.filter(({ result }) => result === undefined || !waiting.has(runKey(result))),
      began,
    );
  }

  /**
   * Those of the runs of which a ticket waits to be taken in. Of flows that are known only: a ticket of another makes
   * nothing evidence, and ids that somebody invents would make us list without end.
   */
  private async waiting(runs: readonly Run[]): Promise<Set<string>> {
    const flows = await this.repository.flows(this.work.plain, [...new Set(runs.map(({ flowId }) => flowId))]);
    const waiting = new Set<string>();
    for (const [flowId, of] of Map.groupBy(runs, (run) => run.flowId)) {
      if (!flows.has(flowId)) continue;
      const wanted = of.map(({ clientId }) => clientId).sort();
      for (const clientId of await this.clientsWithTickets(statusPrefix(flowId), wanted))
        waiting.add(runKey({ flowId, clientId }));
    }
    return waiting;
  }

  /** Clients with a ticket under the prefix, from the first to the last of the wanted ones: a thousand of them a LIST. */
  private async clientsWithTickets(prefix: string, wanted: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    const last = prefix + (wanted.at(-1) ?? '');
    let from: { startAfter: string } | { token: string } = { startAfter: prefix + (wanted[0] ?? '') };
    for (;;) {
      const page = await this.store.bucket.list({ prefix, delimiter: '/', ...from });
      for (const one of page.prefixes) found.add(one.slice(prefix.length, -1));
      const end = page.prefixes.at(-1);
      if (page.next === undefined || (end !== undefined && end > last)) return found;
      from = { token: page.next };
    }
  }
}

const distinctRuns = (results: readonly Run[]): Run[] => [
  ...new Map(results.map(({ flowId, clientId }) => [runKey({ flowId, clientId }), { flowId, clientId }])).values(),
];
