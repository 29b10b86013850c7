import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from './modules/audit/index.js';
import { AuthModule } from './modules/auth/index.js';
import { QueuesModule } from './modules/queues/index.js';
import { RebuildModule } from './modules/rebuild/index.js';
import { ClockModule } from './platform/clock/clock.module.js';
import type { AdminConfig } from './platform/config/env.js';
import { loggingModule } from './platform/logging/logging.js';
import { PrismaModule } from './platform/prisma/prisma.module.js';
import { StoreModule } from './platform/store/store.module.js';
import { WorkerConfigModule } from './worker-config.module.js';

/** The administrator's commands: no door, no signing. */
@Module({})
export class AdminModule {
  static of(config: AdminConfig): DynamicModule {
    return {
      module: AdminModule,
      imports: [
        WorkerConfigModule.of(config),
        loggingModule(config.LOG_LEVEL),
        ClockModule,
        PrismaModule,
        StoreModule,
        AuditModule,
        AuthModule,
        QueuesModule,
        RebuildModule,
      ],
    };
  }
}
