import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

const COMPARED = 'ledger_compared';

@Injectable()
export class LedgerRepository {
  async add(tx: Tx, key: string, at: Date): Promise<void> {
    await tx.archiveObject.createMany({ data: [{ key, at }], skipDuplicates: true });
  }

  async known(tx: Tx, keys: readonly string[]): Promise<Set<string>> {
    const rows = await tx.archiveObject.findMany({ where: { key: { in: [...keys] } } });
    return new Set(rows.map(({ key }) => key));
  }

  /** Until when everything was compared; undefined: never. */
  async comparedUntil(tx: Tx): Promise<Date | undefined> {
    return (await tx.workerNote.findUnique({ where: { name: COMPARED } }))?.at;
  }

  /** Everything until then was compared, and need not be known any more. */
  async forget(tx: Tx, until: Date): Promise<void> {
    await tx.workerNote.upsert({
      where: { name: COMPARED },
      create: { name: COMPARED, note: {}, at: until },
      update: { at: until },
    });
    await tx.archiveObject.deleteMany({ where: { at: { lt: until } } });
  }
}
