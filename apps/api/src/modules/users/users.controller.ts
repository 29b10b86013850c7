import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { IdempotencyKey } from '../../platform/http/idempotency-key.decorator.js';
import { pageOf, PageQuery } from '../../platform/http/paging.js';
import { UserId, UserInput, UserPatch } from './dto/user.input.js';
import { renderUser, UserModel } from './dto/user.model.js';
import { UsersService } from './users.service.js';

@ApiTags('users')
@ApiBearerAuth()
@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Access('users.read')
  @ApiOkResponse({ standardSchema: pageOf(UserModel) })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: PageQuery }) page: PageQuery) {
    return this.cursors.page(principal.userId, ['users'], page, {
      position: UserId,
      of: (user) => user.id,
      read: (after, count) => this.users.list(principal, after, count),
      render: renderUser,
    });
  }

  @Post()
  @Access('users.manage')
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same key and body give the same user' })
  @ApiCreatedResponse({ standardSchema: UserModel })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: UserInput }) input: UserInput,
    @IdempotencyKey() key: string | undefined,
  ) {
    return renderUser(await this.users.create(principal, input, key));
  }

  @Get(':user_id')
  @Access('users.read')
  @ApiOkResponse({ standardSchema: UserModel })
  async get(@CurrentPrincipal() principal: Principal, @Param('user_id', { schema: UserId }) id: string) {
    return renderUser(await this.users.get(principal, id));
  }

  @Patch(':user_id')
  @Access('users.manage')
  @ApiOkResponse({ standardSchema: UserModel })
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param('user_id', { schema: UserId }) id: string,
    @Body({ schema: UserPatch }) patch: UserPatch,
  ) {
    return renderUser(await this.users.update(principal, id, patch));
  }
}
