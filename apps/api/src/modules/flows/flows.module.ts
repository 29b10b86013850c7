import { Module } from '@nestjs/common';
import { AccessModule } from '../../platform/access/access.module.js';
import { ClientsModule } from '../clients/index.js';
import { ClientFlowsResolver } from './client-flows.resolver.js';
import { EndingsAtClose } from './endings-at-close.js';
import { EndingsRepository } from './endings.repository.js';
import { Endings } from './endings.service.js';
import { FlowsController } from './flows.controller.js';
import { FlowsRepository } from './flows.repository.js';
import { FlowsResolver } from './flows.resolver.js';
import { FlowsService } from './flows.service.js';
import { FlowStarter } from './flow-starter.service.js';
import { UnprocessedTickets } from './unprocessed-tickets.service.js';

@Module({
  imports: [AccessModule, ClientsModule],
  controllers: [FlowsController],
  providers: [
    FlowsRepository,
    FlowsService,
    FlowStarter,
    UnprocessedTickets,
    FlowsResolver,
    ClientFlowsResolver,
    EndingsRepository,
    Endings,
    EndingsAtClose,
  ],
  exports: [FlowsService, FlowStarter, Endings],
})
export class FlowsModule {}
