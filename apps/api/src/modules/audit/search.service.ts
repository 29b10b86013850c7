import { Injectable } from '@nestjs/common';
import { denied, holdsEverywhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from './audit.service.js';
import type { AuditEvent, AuditFilter } from './domain/audit-event.js';
import { AuditSearchRepository } from './search.repository.js';

/** Searches the log. It tells of the whole fleet, so it is for who holds `audit.read` everywhere. */
@Injectable()
export class AuditSearchService {
  constructor(
    private readonly repository: AuditSearchRepository,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
  ) {}

  /** Events that fit, newest first, below an id when one is given. The search is on record before it is answered. */
  async search(
    principal: Principal,
    filter: AuditFilter,
    before: bigint | undefined,
    limit: number,
  ): Promise<AuditEvent[]> {
    if (!holdsEverywhere(principal, 'audit.read')) {
      await this.audit.denied(principal, 'audit.read', { kind: 'audit' });
      throw denied('audit.read');
    }
    const found = await this.repository.search(this.work.longRead, filter, before, limit);
    const asked = Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined);
    await this.audit.read(principal, {
      action: 'audit.read',
      objectKind: 'audit',
      objectId: undefined,
      details: { ...Object.fromEntries(asked), before: before === undefined ? null : String(before) },
    });
    return found;
  }
}
