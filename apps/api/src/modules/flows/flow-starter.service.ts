import { Injectable } from '@nestjs/common';
import { DomainError } from '../../platform/errors/domain-error.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { fitsJobFile, QueuesService } from '../queues/index.js';
import type { FlowChangeInput, NewFlow } from './domain/flow.js';
import { FlowsRepository } from './flows.repository.js';

const DAY_MS = 86_400_000;
/** How long an ended flow stays in its job file, so that late results still find a grant. */
const STAYS_MS = 14 * DAY_MS;

/** How flows and hunts are written, by their services: the rows, the queues, the room. Not the rules of who may. */
@Injectable()
export class FlowStarter {
  constructor(
    private readonly repository: FlowsRepository,
    private readonly queues: QueuesService,
  ) {}

  /**
   * Writes a flow or hunt and marks its job files. Throws `flow/queue-full` when one of them would grow beyond what
   * agents are given: the mark locks the queue's row, so that two launches cannot both take the last room.
   */
  async create(tx: Tx, flow: NewFlow): Promise<void> {
    await this.mark(tx, flow);
    await this.repository.create(tx, flow);
    const since = new Date(flow.createdAt.getTime() - STAYS_MS);
    const queues = flow.clientId === null ? flow.labels.map((label) => ({ label })) : [{ clientId: flow.clientId }];
    for (const queue of queues) {
      const claims = await this.repository.claimsOn(tx, queue, since);
      const specs = claims.flatMap(({ payload }) => payload ?? []);
      if (fitsJobFile(specs, 'label' in queue ? claims.length : 1)) continue;
      const name = 'label' in queue ? `the label ${queue.label}` : queue.clientId;
      throw new DomainError(
        'conflict',
        'flow/queue-full',
        `The job file of ${name} has no room for this one: shorten the query, or wait until earlier ones are answered, or have left it (14 days after their end).`,
      );
    }
  }

  /** Locks a flow or hunt for a change. */
  lock(tx: Tx, id: string): ReturnType<FlowsRepository['lock']> {
    return this.repository.lock(tx, id);
  }

  /** Writes a change of a locked flow or hunt, and marks its job files. */
  async change(tx: Tx, input: FlowChangeInput, where: { clientId: string | null; labels: string[] }): Promise<void> {
    await this.repository.change(tx, input);
    await this.mark(tx, where);
  }

  private mark(tx: Tx, where: { clientId: string | null; labels: string[] }): Promise<void> {
    return where.clientId === null
      ? this.queues.markLabels(tx, where.labels)
      : this.queues.markClients(tx, [where.clientId]);
  }
}
