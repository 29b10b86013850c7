import { Global, Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PRINCIPAL_RESOLVER } from '../../platform/access/authenticator.js';
import { UsersModule } from '../users/index.js';
import { AuthModule } from './auth.module.js';
import { Credentials } from './credentials.js';
import { HeldGrants } from './held-grants.service.js';
import { PrincipalsService } from './principals.service.js';
import { SessionsRepository } from './sessions.repository.js';
import { SignInController } from './sign-in.controller.js';
import { SignInService } from './sign-in.service.js';
import { TokensController } from './tokens.controller.js';
import { TokensRepository } from './tokens.repository.js';
import { TokensResolver } from './tokens.resolver.js';
import { TokensService } from './tokens.service.js';

/** The HTTP role's: who calls, signing in, tokens. */
@Global()
@Module({
  imports: [AuthModule, UsersModule, JwtModule.register({})],
  controllers: [SignInController, TokensController],
  providers: [
    Credentials,
    SessionsRepository,
    TokensRepository,
    HeldGrants,
    PrincipalsService,
    SignInService,
    TokensService,
    TokensResolver,
    { provide: PRINCIPAL_RESOLVER, useExisting: PrincipalsService },
  ],
  exports: [PRINCIPAL_RESOLVER],
})
export class SignInModule {}
