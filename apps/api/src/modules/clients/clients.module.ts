import { Module } from '@nestjs/common';
import { ClientLabelsController } from './client-labels.controller.js';
import { ClientLabelsRepository } from './client-labels.repository.js';
import { ClientLabelsResolver } from './client-labels.resolver.js';
import { ClientLabelsService } from './client-labels.service.js';
import { ClientsController } from './clients.controller.js';
import { ClientsRepository } from './clients.repository.js';
import { ClientsResolver } from './clients.resolver.js';
import { ClientsService } from './clients.service.js';
import { LabelsController } from './labels.controller.js';

@Module({
  controllers: [ClientsController, ClientLabelsController, LabelsController],
  providers: [
    ClientsRepository,
    ClientsService,
    ClientLabelsRepository,
    ClientLabelsService,
    ClientsResolver,
    ClientLabelsResolver,
  ],
  exports: [ClientsService, ClientLabelsService],
})
export class ClientsModule {}
