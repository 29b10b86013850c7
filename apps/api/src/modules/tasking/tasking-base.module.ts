import { Module } from '@nestjs/common';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { HuntCompletionRepository } from './hunt-completion.repository.js';
import { HuntCompletion } from './hunt-completion.service.js';
import { LabelQueues, loadQueueKey, QUEUE_KEY } from './label-queues.service.js';
import { LifecycleRepository } from './lifecycle.repository.js';
import { FlowLifecycle } from './lifecycle.service.js';
import { PgSession } from '../../platform/prisma/pg-session.js';

/** What tasking shares with intake and rebuild; nothing here can sign. */
@Module({
  providers: [
    { provide: QUEUE_KEY, inject: [WORKER_CONFIG], useFactory: (config: WorkerConfig) => loadQueueKey(config) },
    LabelQueues,
    PgSession,
    FaultPoints,
    HuntCompletionRepository,
    HuntCompletion,
    LifecycleRepository,
    FlowLifecycle,
  ],
  exports: [LabelQueues, PgSession, FaultPoints, FlowLifecycle],
})
export class TaskingBaseModule {}
