import { Module } from '@nestjs/common';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { FlowsModule } from '../flows/index.js';
import { HuntsController } from './hunts.controller.js';
import { HuntsRepository } from './hunts.repository.js';
import { HuntsService } from './hunts.service.js';

@Module({
  imports: [FlowsModule],
  controllers: [HuntsController],
  providers: [HuntsRepository, HuntsService, FaultPoints],
  exports: [HuntsService],
})
export class HuntsModule {}
