import { Injectable } from '@nestjs/common';
import { isFinal } from '#wire';
import { reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock, IdGenerator } from '../../platform/clock/clock.js';
import { DomainError, notFound } from '../../platform/errors/domain-error.js';
import { Idempotency } from '../../platform/http/idempotency.service.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { ClientsService } from '../clients/index.js';
import type { Flow, Run } from './domain/flow.js';
import { isOver, shownState } from './domain/flow-state.js';
import { buildSpec } from './domain/spec-builder.js';
import type { LaunchInput } from './dto/launch.input.js';
import { FlowStarter } from './flow-starter.service.js';
import { FlowsRepository } from './flows.repository.js';
import { UnprocessedTickets } from './unprocessed-tickets.service.js';

/** A flow with what its client said; `unprocessed` when the newest word is in the bucket only. */
export interface FlowView {
  flow: Flow;
  run: Run | undefined;
  state: string;
  unprocessed: boolean;
  ticketKey: string | null;
  error: string | null;
  /** No more is to be expected. */
  terminal: boolean;
}

@Injectable()
export class FlowsService {
  constructor(
    private readonly repository: FlowsRepository,
    private readonly clients: ClientsService,
    private readonly starter: FlowStarter,
    private readonly idempotency: Idempotency,
    private readonly tickets: UnprocessedTickets,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /** Launches a flow on one client. The same Idempotency-Key gives the same flow. */
  async launch(principal: Principal, clientId: string, input: LaunchInput, key: string | undefined): Promise<FlowView> {
    const client = await this.clients.get(principal, clientId, 'flows.create');
    if (client.acceptance !== 'accepted')
      throw new DomainError(
        'conflict',
        'flow/client-not-accepted',
        `${clientId} is not accepted yet: it takes no flows until a person accepts it.`,
      );
    const now = this.clock.now();
    const flowId = this.ids.flow();
    const built = buildSpec(input, {
      flowId,
      target: { __type__: 'Client', client_id: clientId },
      reportSkips: true,
      now,
    });
    const id = await this.work.run(async (tx) => {
      const earlier = await this.idempotency.claim(tx, principal, `POST clients/${clientId}/flows`, key, input, flowId);
      if (earlier !== undefined) return earlier;
      await this.starter.create(tx, {
        id: flowId,
        isHunt: false,
        type: input.type,
        description: input.description,
        creator: principal.userId,
        createdAt: now,
        expiresAt: new Date(built.spec.expires_at),
        clientId,
        labels: [],
        huntState: null,
        request: input,
        reportSkips: true,
        externalRef: input.external_ref ?? null,
        specDigest: built.digest,
        specPayload: built.payload,
        sampleBelow: null,
      });
      await this.audit.record(tx, principal, {
        action: 'flows.create',
        objectKind: 'flow',
        objectId: flowId,
        details: { type: input.type, client_id: clientId, spec_digest: built.digest },
      });
      return flowId;
    });
    return this.get(principal, id, 'flows.create');
  }

  /** One flow; what is not final is looked up in the bucket. */
  async get(
    principal: Principal,
    id: string,
    permission: 'flows.read' | 'flows.create' | 'flows.cancel' = 'flows.read',
  ): Promise<FlowView> {
    const flow = await this.repository.find(this.work.plain, reachOf(principal, permission), id);
    if (flow === undefined) {
      if (await this.repository.exists(this.work.plain, id))
        await this.audit.denied(principal, permission, { kind: 'flow', id });
      throw notFound('flow', id);
    }
    const run = await this.repository.run(this.work.plain, id, flow.clientId);
    if (run !== undefined && isFinal(run.state)) return this.view(flow, run);
    const client = await this.clients.get(principal, flow.clientId, permission);
    const found = await this.tickets.newest(id, flow.clientId, {
      identity: client.identity,
      specDigest: flow.specDigest,
    });
    if (found === undefined || found.key === run?.ticketKey) return this.view(flow, run);
    return {
      flow,
      run,
      state: found.ticket.state,
      unprocessed: true,
      ticketKey: found.key,
      error: found.ticket.error ?? null,
      terminal: isOver(run, flow, this.clock.now()),
    };
  }

  /** Flows within reach, newest first, as Postgres knows them. */
  async list(
    principal: Principal,
    clientId: string | undefined,
    before: { at: Date; id: string } | undefined,
    limit: number,
  ): Promise<FlowView[]> {
    requireSomewhere(principal, 'flows.read');
    const flows = await this.repository.list(
      this.work.plain,
      reachOf(principal, 'flows.read'),
      clientId,
      before,
      limit,
    );
    return this.views(flows);
  }

  /** The newest flows of each client within reach, at most `limit` of each, by client. */
  async ofClients(principal: Principal, clientIds: readonly string[], limit: number): Promise<Map<string, FlowView[]>> {
    requireSomewhere(principal, 'flows.read');
    const reach = reachOf(principal, 'flows.read');
    const flows = await this.repository.ofClients(this.work.plain, reach, clientIds, limit);
    return Map.groupBy(await this.views(flows), ({ flow }) => flow.clientId);
  }

  /** Cancels a flow: the agent kills it, or never starts it. A Done that was already sent wins. */
  async cancel(principal: Principal, id: string): Promise<FlowView> {
    const { flow } = await this.get(principal, id, 'flows.cancel');
    await this.work.run(async (tx) => {
      const locked = await this.repository.lock(tx, id);
      if (locked === undefined) throw notFound('flow', id);
      if (locked.entryState === 'cancelled') return; // cancelling twice is cancelling once
      const run = await this.repository.run(tx, id, flow.clientId);
      if (locked.entryState === 'closed' || (run !== undefined && isFinal(run.state)))
        throw new DomainError(
          'conflict',
          'flow/already-finished',
          `${id} has already finished (${run?.state ?? 'closed'}); there is nothing to cancel.`,
        );
      const now = this.clock.now();
      await this.starter.change(
        tx,
        {
          flowId: id,
          change: 'cancel',
          by: principal.userId,
          at: now,
          entryState: 'cancelled',
          huntState: null,
          ended: true,
        },
        { clientId: flow.clientId, labels: [] },
      );
      await this.audit.record(tx, principal, { action: 'flows.cancel', objectKind: 'flow', objectId: id });
    });
    return this.get(principal, id, 'flows.cancel');
  }

  private async views(flows: readonly Flow[]): Promise<FlowView[]> {
    const ids = flows.map((flow) => flow.id);
    const runs = new Map((await this.repository.runsOf(this.work.plain, ids)).map((run) => [run.flowId, run]));
    return flows.map((flow) => this.view(flow, runs.get(flow.id)));
  }

  private view(flow: Flow, run: Run | undefined): FlowView {
    const now = this.clock.now();
    return {
      flow,
      run,
      state: shownState(run, flow, now),
      terminal: isOver(run, flow, now),
      unprocessed: false,
      ticketKey: run?.ticketKey ?? null,
      error: run?.error ?? null,
    };
  }
}
