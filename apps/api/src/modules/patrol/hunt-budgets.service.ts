import { Inject, Injectable, Logger } from '@nestjs/common';
import { isHuntId, type ResultKey } from '#wire';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { FlowLifecycle } from '../tasking/index.js';
import { indexKeyOf, type UploadedObject } from './domain/orphans.js';
import { HuntBudgetsRepository } from './hunt-budgets.repository.js';

/** Sums of one look at everything; the keys of one hunt, and in it of one client, lie side by side. */
export interface HuntSums {
  readonly stopped: string[];
  /** Hunts under which more lies that no ticket names than a hunt may store. */
  readonly flooded: string[];
  hunt: { id: string; named: number; unnamed: number } | undefined;
  share: { of: string; bytes: number };
}

export const noHuntSums = (): HuntSums => ({
  stopped: [],
  flooded: [],
  hunt: undefined,
  share: { of: '', bytes: 0 },
});

type HuntObject = UploadedObject & { result: ResultKey };

/**
 * Holds hunts to REKALL_HUNT_BYTES. A hunt pays for what accepted tickets name, and of one client, collection by
 * collection, no more than the quota of its spec: what an honest agent stores. Whoever holds a grant can put more under
 * the hunt's prefix, and under any client's name; that stops no hunt, else one hostile endpoint could stop all of them.
 * It is charged to the name in the key, becomes an orphan, and is reported here when there is much of it.
 */
@Injectable()
export class HuntBudgets {
  private readonly logger = new Logger(HuntBudgets.name);

  constructor(
    private readonly repository: HuntBudgetsRepository,
    private readonly lifecycle: FlowLifecycle,
    private readonly work: UnitOfWork,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** Counts further objects, in the order of their keys. */
  async count(sums: HuntSums, objects: readonly UploadedObject[]): Promise<void> {
    const results = objects.filter((o): o is HuntObject => o.result !== undefined && isHuntId(o.result.flowId));
    if (results.length === 0) return;
    const tx = this.work.plain;
    const namedKeys = await this.repository.named(
      tx,
      results.map(({ key }) => indexKeyOf(key) ?? key),
    );
    const files = results.filter(({ result }) => result.kind === 'files');
    const listing = await this.repository.listing(tx, distinctRuns(files));
    const quotas = await this.repository.quotas(tx, [...new Set(results.map(({ result }) => result.flowId))]);
    for (const { key, bytes, result } of results) {
      const { flowId, clientId, kind } = result;
      const named = namedKeys.has(indexKeyOf(key) ?? key) || (kind === 'files' && listing.has(`${flowId} ${clientId}`));
      await this.charge(sums, result, bytes, named, quotas.get(flowId) ?? 0);
    }
  }

  private async charge(
    sums: HuntSums,
    { flowId, clientId, kind }: ResultKey,
    bytes: number,
    named: boolean,
    quota: number,
  ): Promise<void> {
    const hunt = sums.hunt?.id === flowId ? sums.hunt : { id: flowId, named: 0, unnamed: 0 };
    sums.hunt = hunt;
    const of = `${flowId} ${kind} ${clientId}`;
    if (sums.share.of !== of) sums.share = { of, bytes: 0 };
    const paid = named ? Math.min(bytes, quota - sums.share.bytes) : 0;
    sums.share.bytes += paid;
    const before = { ...hunt };
    hunt.named += paid;
    hunt.unnamed += bytes - paid;
    const budget = this.config.REKALL_HUNT_BYTES;
    if (before.unnamed <= budget && hunt.unnamed > budget) {
      sums.flooded.push(flowId);
      this.logger.warn(
        `under ${flowId} lie more than ${budget} bytes that no ticket names; clients by bytes: rekall client usage; rekall rotate --uploads ends every grant that is out`,
      );
    }
    if (before.named > budget || hunt.named <= budget) return;
    if (!(await this.lifecycle.stopOverBudget(flowId, hunt.named, budget))) return;
    sums.stopped.push(flowId);
    this.logger.warn(
      `${flowId} is stopped: its results take more than ${budget} bytes of the bucket (REKALL_HUNT_BYTES)`,
    );
  }
}

const distinctRuns = (objects: readonly HuntObject[]): { flowId: string; clientId: string }[] => [
  ...new Map(
    objects.map(({ result: { flowId, clientId } }) => [`${flowId} ${clientId}`, { flowId, clientId }]),
  ).values(),
];
