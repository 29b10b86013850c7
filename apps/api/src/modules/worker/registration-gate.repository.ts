import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

/** What the worker last saw of the bound on new clients. */
export interface RegistrationsNote {
  /** New clients wait, because the bound is reached. */
  limited: boolean;
  /** Clients that were seen waiting in the last look through all Startup tickets. */
  waiting: number;
  per_hour: number;
}

const NAME = 'registrations';

@Injectable()
export class RegistrationGateRepository {
  async registeredSince(tx: Tx, since: Date): Promise<number> {
    return tx.client.count({ where: { registeredAt: { gte: since } } });
  }

  async isLimited(tx: Tx): Promise<boolean> {
    const rows = await tx.$queryRaw<{ limited: boolean }[]>`
      SELECT (note ->> 'limited')::boolean AS limited FROM worker_notes WHERE name = ${NAME}`;
    return rows[0]?.limited ?? false;
  }

  async save(tx: Tx, note: RegistrationsNote, at: Date): Promise<void> {
    await tx.workerNote.upsert({
      where: { name: NAME },
      create: { name: NAME, note: { ...note }, at },
      update: { note: { ...note }, at },
    });
  }
}
