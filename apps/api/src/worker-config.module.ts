import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { AdminConfig, WorkerConfig } from './platform/config/env.js';
import { COMMON_CONFIG, WORKER_CONFIG } from './platform/config/tokens.js';

/** The environment of the roles that are no server. */
@Global()
@Module({})
export class WorkerConfigModule {
  static of(config: WorkerConfig | AdminConfig): DynamicModule {
    const providers = [
      { provide: COMMON_CONFIG, useValue: config },
      { provide: WORKER_CONFIG, useValue: config },
    ];
    return { module: WorkerConfigModule, providers, exports: providers };
  }
}
