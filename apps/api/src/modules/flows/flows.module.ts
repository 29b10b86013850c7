import { Module } from '@nestjs/common';
import { ClientsModule } from '../clients/index.js';
import { ClientFlowsResolver } from './client-flows.resolver.js';
import { FlowsController } from './flows.controller.js';
import { FlowsRepository } from './flows.repository.js';
import { FlowsResolver } from './flows.resolver.js';
import { FlowsService } from './flows.service.js';
import { FlowStarter } from './flow-starter.service.js';
import { UnprocessedTickets } from './unprocessed-tickets.service.js';

@Module({
  imports: [ClientsModule],
  controllers: [FlowsController],
  providers: [FlowsRepository, FlowsService, FlowStarter, UnprocessedTickets, FlowsResolver, ClientFlowsResolver],
  exports: [FlowsService, FlowStarter],
})
export class FlowsModule {}
