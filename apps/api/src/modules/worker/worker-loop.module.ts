import { Module } from '@nestjs/common';
import { TaskingBaseModule, TaskingModule } from '../tasking/index.js';
import { ArchiveRepository } from './archive.repository.js';
import { ArchiveService } from './archive.service.js';
import { IntakeModule } from './intake.module.js';
import { WorkerLoop } from './worker-loop.service.js';

/** The whole worker. */
@Module({
  imports: [TaskingBaseModule, TaskingModule, IntakeModule],
  providers: [ArchiveRepository, ArchiveService, WorkerLoop],
  exports: [WorkerLoop],
})
export class WorkerLoopModule {}
