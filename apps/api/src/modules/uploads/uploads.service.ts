import { Injectable } from '@nestjs/common';
import { reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import type { ClientUsage, Orphan } from './domain/upload.js';
import { UploadsRepository } from './uploads.repository.js';

/** What the worker's last whole look through the bucket found. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly repository: UploadsRepository,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
  ) {}

  /** Clients within reach by what lies under their ids, most bytes first. */
  usage(
    principal: Principal,
    below: { bytes: bigint; clientId: string } | undefined,
    limit: number,
  ): Promise<ClientUsage[]> {
    requireSomewhere(principal, 'clients.read');
    return this.repository.usage(this.work.plain, reachOf(principal, 'clients.read'), below, limit);
  }

  /** Orphans under the ids of clients within reach; on record, since keys have paths in them. */
  async orphans(
    principal: Principal,
    filter: { clientId?: string | undefined },
    after: string | undefined,
    limit: number,
  ): Promise<Orphan[]> {
    requireSomewhere(principal, 'quarantine.read');
    await this.audit.read(principal, {
      action: 'quarantine.read',
      objectKind: 'orphans',
      objectId: filter.clientId,
      details: { client_id: filter.clientId ?? null },
    });
    return this.repository.orphans(this.work.plain, reachOf(principal, 'quarantine.read'), filter, after, limit);
  }
}
