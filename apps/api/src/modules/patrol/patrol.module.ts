import { Module } from '@nestjs/common';
import { TaskingBaseModule } from '../tasking/index.js';
import { PatrolRepository } from './patrol.repository.js';
import { PatrolService } from './patrol.service.js';

/** The worker's look through all that agents have uploaded. */
@Module({
  imports: [TaskingBaseModule],
  providers: [PatrolRepository, PatrolService],
  exports: [PatrolService],
})
export class PatrolModule {}
