import { Module } from '@nestjs/common';
import { QueriesController } from './queries.controller.js';
import { QueriesResolver } from './queries.resolver.js';
import { QueriesService } from './queries.service.js';

@Module({ controllers: [QueriesController], providers: [QueriesService, QueriesResolver] })
export class QueriesModule {}
