import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AuditController } from './audit.controller.js';
import { AuditResolver } from './audit.resolver.js';
import { FailureInterceptor } from './failure.interceptor.js';
import { AuditSearchRepository } from './search.repository.js';
import { AuditSearchService } from './search.service.js';

/** The search, and what writes failures down; for the HTTP role. */
@Module({
  controllers: [AuditController],
  providers: [
    AuditSearchRepository,
    AuditSearchService,
    AuditResolver,
    { provide: APP_INTERCEPTOR, useClass: FailureInterceptor },
  ],
  exports: [AuditSearchService],
})
export class AuditHttpModule {}
