import { Global, Module } from '@nestjs/common';
import { DENIAL_RECORDER } from '../../platform/access/authenticator.js';
import { AuditRepository } from './audit.repository.js';
import { AuditService } from './audit.service.js';

@Global()
@Module({
  providers: [AuditRepository, AuditService, { provide: DENIAL_RECORDER, useExisting: AuditService }],
  exports: [AuditService, DENIAL_RECORDER],
})
export class AuditModule {}
