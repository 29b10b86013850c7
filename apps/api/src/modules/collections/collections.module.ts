import { Module } from '@nestjs/common';
import { ClientsModule } from '../clients/index.js';
import { HuntsModule } from '../hunts/index.js';
import { CollectionsController } from './collections.controller.js';
import { CollectionsRepository } from './collections.repository.js';
import { CollectionsResolver } from './collections.resolver.js';
import { CollectionsService } from './collections.service.js';
import { FlowCollectionsResolver } from './flow-collections.resolver.js';
import { HuntClientCollectionsResolver } from './hunt-client-collections.resolver.js';
import { HuntCollectionsResolver } from './hunt-collections.resolver.js';

@Module({
  imports: [ClientsModule, HuntsModule],
  controllers: [CollectionsController],
  providers: [
    CollectionsRepository,
    CollectionsService,
    CollectionsResolver,
    FlowCollectionsResolver,
    HuntCollectionsResolver,
    HuntClientCollectionsResolver,
  ],
  exports: [CollectionsService],
})
export class CollectionsModule {}
