import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from './modules/audit/index.js';
import { QueuesModule } from './modules/queues/index.js';
import { WorkerLoopModule } from './modules/worker/index.js';
import { ClockModule } from './platform/clock/clock.module.js';
import type { WorkerConfig } from './platform/config/env.js';
import { loggingModule } from './platform/logging/logging.js';
import { PrismaModule } from './platform/prisma/prisma.module.js';
import { StoreModule } from './platform/store/store.module.js';
import { WorkerConfigModule } from './worker-config.module.js';

/** The worker role: signs, publishes, takes in. No door. */
@Module({})
export class WorkerModule {
  static of(config: WorkerConfig): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        WorkerConfigModule.of(config),
        loggingModule(config.LOG_LEVEL),
        ClockModule,
        PrismaModule,
        StoreModule,
        AuditModule,
        QueuesModule,
        WorkerLoopModule,
      ],
    };
  }
}
