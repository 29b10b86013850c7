import { Injectable } from '@nestjs/common';
import { reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import type { QuarantineEntry } from './domain/quarantine-entry.js';
import { QuarantineRepository } from './quarantine.repository.js';

@Injectable()
export class QuarantineService {
  constructor(
    private readonly repository: QuarantineRepository,
    private readonly work: UnitOfWork,
  ) {}

  /** Tickets that were put aside, newest first, under the names of clients within reach. */
  list(
    principal: Principal,
    filter: { clientId?: string | undefined; flowId?: string | undefined },
    before: bigint | undefined,
    limit: number,
  ): Promise<QuarantineEntry[]> {
    requireSomewhere(principal, 'quarantine.read');
    return this.repository.list(this.work.plain, reachOf(principal, 'quarantine.read'), filter, before, limit);
  }
}
