import { Module } from '@nestjs/common';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { AuditChainModule } from '../audit/index.js';
import { LedgerModule } from '../ledger/index.js';
import { PatrolModule } from '../patrol/index.js';
import { loadCa, Signer, TaskingBaseModule, TaskingModule } from '../tasking/index.js';
import { ArchiveRepository } from './archive.repository.js';
import { ArchiveService } from './archive.service.js';
import { IntakeModule } from './intake.module.js';
import { WorkerLoop } from './worker-loop.service.js';

const auditChain = AuditChainModule.of({
  imports: [TaskingBaseModule, TaskingModule],
  signer: { inject: [Signer], useFactory: (signer: Signer) => signer },
  ca: { inject: [WORKER_CONFIG], useFactory: (config: WorkerConfig) => loadCa(config) },
});

/** The whole worker. */
@Module({
  imports: [TaskingBaseModule, TaskingModule, IntakeModule, LedgerModule, PatrolModule, auditChain],
  providers: [ArchiveRepository, ArchiveService, WorkerLoop],
  exports: [WorkerLoop],
})
export class WorkerLoopModule {}
