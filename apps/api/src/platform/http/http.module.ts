import { Global, Module } from '@nestjs/common';
import { Cursors } from './cursor.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { Idempotency } from './idempotency.service.js';

@Global()
@Module({ providers: [Cursors, IdempotencyRepository, Idempotency], exports: [Cursors, Idempotency] })
export class HttpPlatformModule {}
