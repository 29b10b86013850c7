import { Injectable } from '@nestjs/common';
import { FlowId, keys } from '#wire';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { LedgerRegister } from '../ledger/index.js';
import { DatabaseCheckRepository } from './database-check.repository.js';
import type { Behind } from './domain/behind.js';

/** Whether the database knows what the bucket's ledger and records hold: what it does not know, it must not judge. */
@Injectable()
export class DatabaseCheck {
  constructor(
    private readonly repository: DatabaseCheckRepository,
    private readonly register: LedgerRegister,
    private readonly work: UnitOfWork,
    private readonly store: Store,
  ) {}

  /** Undefined: it knows everything. One LIST a thousand flows, and one a thousand archive objects since the last look. */
  async behind(): Promise<Behind | undefined> {
    const archives = await this.register.compare();
    const flows = { count: 0, first: undefined as string | undefined };
    for (let token: string | undefined, more = true; more;) {
      const page = await this.store.bucket.list({
        prefix: keys.flowsPrefix,
        delimiter: '/',
        ...(token === undefined ? {} : { token }),
      });
      const ids = page.prefixes
        .map((prefix) => prefix.slice(keys.flowsPrefix.length, -1))
        .filter((id) => FlowId.safeParse(id).success);
      // the bucket first: a record is written after its flow is in the database
      const unknown = await this.repository.unknownFlows(this.work.plain, ids);
      flows.count += unknown.length;
      flows.first ??= unknown[0];
      token = page.next;
      more = token !== undefined;
    }
    if (archives.count === 0 && flows.count === 0) return undefined;
    return {
      archives: archives.count,
      first_archive: archives.first ?? null,
      flows: flows.count,
      first_flow: flows.first ?? null,
    };
  }
}
