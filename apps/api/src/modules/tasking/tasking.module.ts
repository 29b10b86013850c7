import { Module } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { FileRenderer } from './file-renderer.service.js';
import { Grants } from './grants.service.js';
import { PublicFiles } from './public-files.service.js';
import { PublisherRepository } from './publisher.repository.js';
import { PublisherService } from './publisher.service.js';
import { ReconcilerRepository } from './reconciler.repository.js';
import { ReconcilerService } from './reconciler.service.js';
import { RecordsRepository } from './records.repository.js';
import { RecordsService } from './records.service.js';
import { Signer } from './signer.service.js';
import { loadSigningKeys, SIGNING_KEYS } from './signing-keys.js';
import { TaskingBaseModule } from './tasking-base.module.js';
import { UploadKey } from './upload-key.service.js';

/** Publishing: holds the signing leaf and the upload-only key. Only the worker imports it. */
@Module({
  imports: [TaskingBaseModule],
  providers: [
    {
      provide: SIGNING_KEYS,
      inject: [WORKER_CONFIG, Clock],
      useFactory: (config: WorkerConfig, clock: Clock) => loadSigningKeys(config, clock.now()),
    },
    Signer,
    Grants,
    UploadKey,
    FileRenderer,
    PublicFiles,
    RecordsRepository,
    RecordsService,
    PublisherRepository,
    PublisherService,
    ReconcilerRepository,
    ReconcilerService,
  ],
  exports: [PublisherService, ReconcilerService, Signer],
})
export class TaskingModule {}
