import { Injectable } from '@nestjs/common';
import { coversLabels, isWhole, reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock, IdGenerator } from '../../platform/clock/clock.js';
import { DomainError, notFound } from '../../platform/errors/domain-error.js';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { Idempotency } from '../../platform/http/idempotency.service.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { buildSpec, ENDED_HUNT_STATES, FlowStarter } from '../flows/index.js';
import type { Hunt, HuntClient, HuntStats, RecruitmentPoint } from './domain/hunt.js';
import type { HuntInput, StopInput } from './dto/hunt.input.js';
import { HuntsRepository } from './hunts.repository.js';

/** A hunt as its caller may see it. */
export interface HuntView {
  hunt: Hunt;
  stats: HuntStats;
  partial: boolean;
}

type HuntPermission = 'hunts.read' | 'hunts.create' | 'hunts.stop';

const DAY_MS = 86_400_000;
/** Up to so many expected clients report that the condition was false, so that progress has a denominator. */
const REPORT_SKIPS_UP_TO = 10_000n;

@Injectable()
export class HuntsService {
  constructor(
    private readonly repository: HuntsRepository,
    private readonly flows: FlowStarter,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly faults: FaultPoints,
  ) {}

  /** Creates a hunt and starts it: one entry in one file per label, whatever the number of clients. */
  async create(principal: Principal, input: HuntInput, key: string | undefined): Promise<HuntView> {
    requireSomewhere(principal, 'hunts.create');
    if (!coversLabels(principal, 'hunts.create', input.labels)) {
      await this.audit.denied(principal, 'hunts.create', { kind: 'labels', id: input.labels.join(',') });
      throw new DomainError(
        'forbidden',
        'hunt/out-of-scope',
        `Your grants do not cover ${input.labels.join(', ')}: hunt over labels of your own scope (All needs the scope *).`,
      );
    }
    const unknown = await this.repository.unknownLabels(this.work.plain, input.labels);
    if (unknown.length > 0)
      throw new DomainError(
        'unprocessable',
        'hunt/unknown-label',
        `No client has the label ${unknown.join(', ')}; see the labels of clients with GET /api/v1/clients, or hunt over All.`,
      );
    const now = this.clock.now();
    const huntId = this.ids.hunt();
    const id = await this.work.run(async (tx) => {
      const earlier = await this.idempotency.claim(tx, principal, 'POST hunts', key, input, huntId);
      return earlier ?? this.insert(tx, principal, input, huntId, now);
    });
    this.faults.reached('after-hunt-commit');
    return this.get(principal, id, 'hunts.create');
  }

  private async insert(tx: Tx, principal: Principal, input: HuntInput, huntId: string, now: Date): Promise<string> {
    const { labels, limit, ...launch } = input;
    const below =
      limit === undefined
        ? undefined
        : ((await this.repository.sampleBound(tx, huntId, labels, limit)) ?? 'f'.repeat(16));
    const expected = await this.repository.expected(
      tx,
      { own: { all: true, labels: [], clients: [] } },
      labels,
      new Date(now.getTime() - 30 * DAY_MS),
    );
    const reportSkips = expected <= REPORT_SKIPS_UP_TO;
    const built = buildSpec(launch, {
      flowId: huntId,
      target: { __type__: 'Labels', labels },
      sample: below === undefined ? undefined : { below },
      reportSkips,
      now,
    });
    await this.flows.create(tx, {
      id: huntId,
      isHunt: true,
      type: input.type,
      description: input.description,
      creator: principal.userId,
      createdAt: now,
      expiresAt: new Date(built.spec.expires_at),
      clientId: null,
      labels,
      huntState: 'Running',
      request: input,
      reportSkips,
      externalRef: input.external_ref ?? null,
      specDigest: built.digest,
      specPayload: built.payload,
      sampleBelow: below ?? null,
    });
    await this.audit.record(tx, principal, {
      action: 'hunts.create',
      objectKind: 'hunt',
      objectId: huntId,
      details: { type: input.type, labels, spec_digest: built.digest, condition: input.condition ?? null },
    });
    return huntId;
  }

  async get(principal: Principal, id: string, permission: HuntPermission = 'hunts.read'): Promise<HuntView> {
    const hunt = await this.find(principal, id, permission);
    const reach = reachOf(principal, permission);
    const stats = await this.repository.stats(this.work.longRead, reach, hunt, this.seenSince());
    return { hunt, stats, partial: !isWhole(reach) };
  }

  /** The hunt without its counts. */
  async find(principal: Principal, id: string, permission: HuntPermission = 'hunts.read'): Promise<Hunt> {
    const reach = reachOf(principal, permission);
    const hunt = await this.repository.find(this.work.plain, reach, id);
    if (hunt === undefined) {
      if (await this.repository.exists(this.work.plain, id))
        await this.audit.denied(principal, permission, { kind: 'hunt', id });
      throw notFound('hunt', id);
    }
    return hunt;
  }

  /** Whether the caller sees a part of hunts only. */
  isPartial(principal: Principal): boolean {
    return !isWhole(reachOf(principal, 'hunts.read'));
  }

  /** Counts of hunts that the caller may see, over the clients of its scope, by hunt. */
  async statsOf(principal: Principal, ids: readonly string[]): Promise<Map<string, HuntStats>> {
    requireSomewhere(principal, 'hunts.read');
    const reach = reachOf(principal, 'hunts.read');
    const stats = await this.repository.statsOf(this.work.longRead, reach, ids, this.seenSince());
    return new Map(stats.map(({ id, ...counts }) => [id, counts]));
  }

  /** The first clients of the caller’s scope of each hunt, at most `limit` of each, by hunt. */
  async clientsOf(
    principal: Principal,
    ids: readonly string[],
    state: string | undefined,
    limit: number,
  ): Promise<Map<string, HuntClient[]>> {
    requireSomewhere(principal, 'hunts.read');
    const reach = reachOf(principal, 'hunts.read');
    const found = await this.repository.clientsOf(this.work.plain, reach, ids, state, limit);
    return Map.groupBy(found, ({ huntId }) => huntId);
  }

  /** Recruitment curves over the clients of the caller’s scope, by hunt. */
  async recruitmentOf(
    principal: Principal,
    ids: readonly string[],
    points: number,
  ): Promise<Map<string, RecruitmentPoint[]>> {
    requireSomewhere(principal, 'hunts.read');
    const reach = reachOf(principal, 'hunts.read');
    const found = await this.repository.recruitment(this.work.longRead, reach, ids, points);
    return Map.groupBy(found, ({ huntId }) => huntId);
  }

  list(principal: Principal, before: { at: Date; id: string } | undefined, limit: number): Promise<Hunt[]> {
    requireSomewhere(principal, 'hunts.read');
    return this.repository.list(this.work.plain, reachOf(principal, 'hunts.read'), before, limit);
  }

  /** The clients of the caller's scope that took part or said that they did not. */
  async clients(
    principal: Principal,
    id: string,
    state: string | undefined,
    after: string | undefined,
    limit: number,
  ): Promise<HuntClient[]> {
    await this.find(principal, id);
    return this.repository.clients(this.work.plain, reachOf(principal, 'hunts.read'), id, state, after, limit);
  }

  async recruitment(
    principal: Principal,
    id: string,
    points: number,
  ): Promise<{ points: RecruitmentPoint[]; partial: boolean }> {
    await this.find(principal, id);
    const curves = await this.recruitmentOf(principal, [id], points);
    return { points: curves.get(id) ?? [], partial: this.isPartial(principal) };
  }

  /** Stops a hunt for good. Clients that run it are cancelled, or may finish. */
  async stop(principal: Principal, id: string, input: StopInput): Promise<HuntView> {
    const { hunt } = await this.get(principal, id, 'hunts.stop');
    if (!coversLabels(principal, 'hunts.stop', hunt.labels)) {
      await this.audit.denied(principal, 'hunts.stop', { kind: 'hunt', id });
      throw new DomainError(
        'forbidden',
        'hunt/out-of-scope',
        `Your grants do not cover all labels of ${id} (${hunt.labels.join(', ')}): you may not stop it for others.`,
      );
    }
    await this.work.run(async (tx) => {
      const locked = await this.flows.lock(tx, id);
      if (locked === undefined) throw notFound('hunt', id);
      if (locked.huntState === 'Stopped') return; // stopping twice is stopping once
      if (ENDED_HUNT_STATES.includes(locked.huntState ?? ''))
        throw new DomainError(
          'conflict',
          'hunt/already-finished',
          `${id} is ${locked.huntState ?? ''} already; there is nothing to stop.`,
        );
      const entryState = input.running === 'cancel' ? 'cancelled' : 'closed';
      await this.flows.change(
        tx,
        {
          flowId: id,
          change: 'stop',
          by: principal.userId,
          at: this.clock.now(),
          entryState,
          huntState: 'Stopped',
          ended: true,
        },
        locked,
      );
      await this.audit.record(tx, principal, {
        action: 'hunts.stop',
        objectKind: 'hunt',
        objectId: id,
        details: { running: input.running, reason: input.reason },
      });
    });
    return this.get(principal, id, 'hunts.stop');
  }

  private seenSince(): Date {
    return new Date(this.clock.now().getTime() - 30 * DAY_MS);
  }
}
