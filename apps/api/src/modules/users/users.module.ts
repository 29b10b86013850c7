import { Module } from '@nestjs/common';
import { GrantsController } from './grants.controller.js';
import { GrantsRepository } from './grants.repository.js';
import { GrantsResolver } from './grants.resolver.js';
import { GrantsService } from './grants.service.js';
import { PasswordHasher } from './password-hasher.js';
import { UsersController } from './users.controller.js';
import { UserAccounts } from './user-accounts.service.js';
import { UsersRepository } from './users.repository.js';
import { UsersResolver } from './users.resolver.js';
import { UsersService } from './users.service.js';

@Module({
  controllers: [UsersController, GrantsController],
  providers: [
    UsersRepository,
    GrantsRepository,
    PasswordHasher,
    UsersService,
    GrantsService,
    UserAccounts,
    UsersResolver,
    GrantsResolver,
  ],
  exports: [UsersService, UserAccounts, PasswordHasher],
})
export class UsersModule {}
