import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { QueuesRepository } from './queues.repository.js';

/** The channel that wakes the publisher. */
export const QUEUES_CHANNEL = 'rekall_queues';

/** Which job files a change concerns. Rendering and signing them is the worker's, in tasking. */
@Injectable()
export class QueuesService {
  constructor(private readonly repository: QueuesRepository) {}

  /** Files by the ids of their rows: for the publisher itself, which mends and renews. */
  mark(tx: Tx, queueIds: readonly string[]): Promise<void> {
    return this.repository.markDirty(tx, queueIds);
  }

  /** The file of every client of these labels; `All` is a label like any other here. */
  markLabels(tx: Tx, labels: readonly string[]): Promise<void> {
    return this.repository.markDirty(
      tx,
      labels.map((label) => `label:${label}`),
    );
  }

  /** Files that clients read until now and no longer do, by the names of their queues. */
  markRetired(tx: Tx, former: readonly { clientId: string; queue: string }[]): Promise<void> {
    return this.repository.markDirty(
      tx,
      former.map(({ clientId, queue }) => `retired:${clientId}:${queue}`),
    );
  }

  /** The clients' own files. */
  markClients(tx: Tx, clientIds: readonly string[]): Promise<void> {
    return this.repository.markDirty(
      tx,
      clientIds.map((id) => `client:${id}`),
    );
  }
}
