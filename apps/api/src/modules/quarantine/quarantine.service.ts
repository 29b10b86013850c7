import { Injectable } from '@nestjs/common';
import { reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import type { QuarantineEntry } from './domain/quarantine-entry.js';
import { QuarantineRepository } from './quarantine.repository.js';

@Injectable()
export class QuarantineService {
  constructor(
    private readonly repository: QuarantineRepository,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
  ) {}

  /** Tickets that were put aside, newest first, under the names of clients within reach; on record. */
  async list(
    principal: Principal,
    filter: { clientId?: string | undefined; flowId?: string | undefined },
    before: bigint | undefined,
    limit: number,
  ): Promise<QuarantineEntry[]> {
    requireSomewhere(principal, 'quarantine.read');
    await this.audit.read(principal, {
      action: 'quarantine.read',
      objectKind: 'quarantine',
      objectId: filter.clientId ?? filter.flowId,
      details: { client_id: filter.clientId ?? null, flow_id: filter.flowId ?? null },
    });
    return this.repository.list(this.work.plain, reachOf(principal, 'quarantine.read'), filter, before, limit);
  }
}
