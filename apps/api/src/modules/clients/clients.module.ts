import { Module } from '@nestjs/common';
import { ClientLabelsController } from './client-labels.controller.js';
import { ClientLabelsRepository } from './client-labels.repository.js';
import { ClientLabelsService } from './client-labels.service.js';
import { ClientsController } from './clients.controller.js';
import { ClientsRepository } from './clients.repository.js';
import { ClientsService } from './clients.service.js';

@Module({
  controllers: [ClientsController, ClientLabelsController],
  providers: [ClientsRepository, ClientsService, ClientLabelsRepository, ClientLabelsService],
  exports: [ClientsService, ClientLabelsService],
})
export class ClientsModule {}
