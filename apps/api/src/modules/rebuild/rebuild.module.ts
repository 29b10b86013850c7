import { Module } from '@nestjs/common';
import type { AdminConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { AuditArchiveModule } from '../audit/index.js';
import { LedgerModule } from '../ledger/index.js';
import { loadCa, TaskingBaseModule } from '../tasking/index.js';
import { IntakeModule } from '../worker/index.js';
import { LedgerReader } from './ledger-reader.service.js';
import { RebuildRepository } from './rebuild.repository.js';
import { RebuildService } from './rebuild.service.js';
import { CA_CERTIFICATE, RecordReader } from './record-reader.service.js';
import { RecountRepository } from './recount.repository.js';
import { RecountService } from './recount.service.js';

const certificate = { inject: [WORKER_CONFIG], useFactory: (config: AdminConfig) => loadCa(config) };

/** Postgres again from the bucket, and counters again from the runs. */
@Module({
  imports: [TaskingBaseModule, IntakeModule, LedgerModule, AuditArchiveModule.of(certificate)],
  providers: [
    { provide: CA_CERTIFICATE, ...certificate },
    RecordReader,
    LedgerReader,
    RebuildRepository,
    RebuildService,
    RecountRepository,
    RecountService,
  ],
  exports: [RebuildService, RecountService],
})
export class RebuildModule {}
