import { Global, Module } from '@nestjs/common';
import { PRINCIPAL_RESOLVER } from '../../platform/access/access.guard.js';
import { AuthRepository } from './auth.repository.js';
import { AuthService } from './auth.service.js';

@Global()
@Module({
  providers: [AuthRepository, AuthService, { provide: PRINCIPAL_RESOLVER, useExisting: AuthService }],
  exports: [AuthService, PRINCIPAL_RESOLVER],
})
export class AuthModule {}
