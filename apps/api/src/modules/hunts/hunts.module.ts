import { Module } from '@nestjs/common';
import { AccessModule } from '../../platform/access/access.module.js';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { ClientsModule } from '../clients/index.js';
import { FlowsModule } from '../flows/index.js';
import { HuntClientsResolver } from './hunt-clients.resolver.js';
import { HuntsController } from './hunts.controller.js';
import { HuntsRepository } from './hunts.repository.js';
import { HuntsResolver } from './hunts.resolver.js';
import { HuntsService } from './hunts.service.js';

@Module({
  imports: [AccessModule, ClientsModule, FlowsModule],
  controllers: [HuntsController],
  providers: [HuntsRepository, HuntsService, FaultPoints, HuntsResolver, HuntClientsResolver],
  exports: [HuntsService],
})
export class HuntsModule {}
