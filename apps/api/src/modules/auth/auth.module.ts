import { Module } from '@nestjs/common';
import { AuthRepository } from './auth.repository.js';
import { AuthService } from './auth.service.js';

/** What the administrator's program needs: the first user and its token. No door. */
@Module({ providers: [AuthRepository, AuthService], exports: [AuthRepository, AuthService] })
export class AuthModule {}
