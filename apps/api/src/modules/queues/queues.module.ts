import { Global, Module } from '@nestjs/common';
import { QueuesRepository } from './queues.repository.js';
import { QueuesService } from './queues.service.js';

@Global()
@Module({ providers: [QueuesRepository, QueuesService], exports: [QueuesService] })
export class QueuesModule {}
