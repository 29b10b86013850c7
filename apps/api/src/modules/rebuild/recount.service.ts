import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import type { Difference } from './domain/difference.js';
import { RecountRepository } from './recount.repository.js';

/** Counts again what intake counted as it went. */
@Injectable()
export class RecountService {
  constructor(
    private readonly repository: RecountRepository,
    private readonly work: UnitOfWork,
    private readonly audit: AuditService,
  ) {}

  /** The counters that differ from what the runs say; with `mend` they are set right. */
  recount(options: { mend: boolean }): Promise<Difference[]> {
    return this.work.run(async (tx) => {
      const differences = await this.repository.differences(tx);
      if (!options.mend || differences.length === 0) return differences;
      await this.repository.mend(tx);
      await this.audit.recordSystem(tx, 'system:admin', {
        action: 'flows.recount',
        objectKind: 'flow',
        objectId: undefined,
        details: { flows: [...new Set(differences.map((d) => d.flowId))] },
      });
      return differences;
    });
  }
}
