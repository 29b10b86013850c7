import { Injectable } from '@nestjs/common';
import { ALL_LABEL } from '#wire';
import { coversLabels, reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock } from '../../platform/clock/clock.js';
import { DomainError, notFound } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { QueuesService } from '../queues/index.js';
import { ClientLabelsRepository } from './client-labels.repository.js';
import { changed, type LabelChange, type LabelCount, MAX_LABELS } from './domain/label-change.js';

/** A client's labels after a change. */
export interface Labelled {
  clientId: string;
  labels: string[];
}

/**
 * Labels that people give: they choose a client's queues and who may see it. So every client of a change must be within
 * reach, and every label of it, given or taken, within scope. All or nothing.
 */
@Injectable()
export class ClientLabelsService {
  constructor(
    private readonly repository: ClientLabelsRepository,
    private readonly queues: QueuesService,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Labels of the clients within reach, in order. */
  list(principal: Principal, after: string | undefined, limit: number): Promise<LabelCount[]> {
    requireSomewhere(principal, 'clients.read');
    return this.repository.list(this.work.plain, reachOf(principal, 'clients.read'), after, limit);
  }

  /** Gives and takes labels of clients. What is so already stays so. Answers the clients in order of id. */
  async change(principal: Principal, clientIds: readonly string[], change: LabelChange): Promise<Labelled[]> {
    requireSomewhere(principal, 'clients.label');
    const wanted = [...new Set(clientIds)].sort();
    await this.requireLabels(principal, [...change.add, ...change.remove]);
    const done = await this.work.run(async (tx) => {
      const before = await this.repository.lock(tx, reachOf(principal, 'clients.label'), wanted);
      if (before.size < wanted.length) return wanted.filter((id) => !before.has(id));
      const after = [...before].map(([clientId, labels]) => ({
        clientId,
        before: labels,
        labels: changed(labels, change),
      }));
      const over = after.find(({ labels }) => labels.length > MAX_LABELS);
      if (over !== undefined)
        throw new DomainError(
          'conflict',
          'label/too-many',
          `${over.clientId} would have ${over.labels.length} labels; at most ${MAX_LABELS} have queues, so take some away first.`,
        );
      const differing = after.filter(
        ({ before: old, labels }) => old.length !== labels.length || labels.some((label) => !old.includes(label)),
      );
      const ids = differing.map(({ clientId }) => clientId);
      await this.repository.write(tx, ids, change, principal.userId, this.clock.now());
      await this.queues.markClients(tx, ids);
      await this.audit.record(tx, principal, {
        action: 'clients.label',
        objectKind: 'client',
        objectId: wanted.length === 1 ? wanted[0] : undefined,
        details: { clients: wanted, add: [...change.add], remove: [...change.remove], changed: ids },
      });
      return after.map(({ clientId, labels }) => ({ clientId, labels: labels.sort() }));
    });
    if (!isMissing(done)) return done;
    for (const id of await this.repository.existing(this.work.plain, done))
      await this.audit.denied(principal, 'clients.label', { kind: 'client', id });
    throw notFound('client', done.join(', '));
  }

  private async requireLabels(principal: Principal, labels: readonly string[]): Promise<void> {
    if (labels.includes(ALL_LABEL))
      throw new DomainError('invalid', 'label/reserved', `${ALL_LABEL} is every client’s: nobody gives or takes it.`);
    if (coversLabels(principal, 'clients.label', labels)) return;
    await this.audit.denied(principal, 'clients.label', { kind: 'labels', id: labels.join(',') });
    throw new DomainError(
      'forbidden',
      'label/out-of-scope',
      `Your grants do not cover ${labels.join(', ')}: give and take labels of your own scope.`,
    );
  }
}

const isMissing = (done: Labelled[] | string[]): done is string[] => typeof done[0] === 'string';
