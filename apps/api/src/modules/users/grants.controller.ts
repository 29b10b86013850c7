import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { pageOf, PageQuery } from '../../platform/http/paging.js';
import { GrantId, GrantInput } from './dto/grant.input.js';
import { UserId } from './dto/user.input.js';
import { GrantModel, renderGrant } from './dto/user.model.js';
import { GrantsService } from './grants.service.js';

const GrantsQuery = PageQuery.extend({ user_id: UserId.optional() });
type GrantsQuery = z.infer<typeof GrantsQuery>;

@ApiTags('users')
@ApiBearerAuth()
@Controller('grants')
export class GrantsController {
  constructor(
    private readonly grants: GrantsService,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Access('users.read')
  @ApiOkResponse({ standardSchema: pageOf(GrantModel) })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: GrantsQuery }) query: GrantsQuery) {
    const { user_id: userId, ...page } = query;
    return this.cursors.page(principal.userId, ['grants', userId], page, {
      position: GrantId,
      of: (grant) => grant.id,
      read: (after, count) => this.grants.list(principal, userId, after, count),
      render: renderGrant,
    });
  }

  @Post()
  @Access('grants.manage')
  @ApiCreatedResponse({ standardSchema: GrantModel })
  async create(@CurrentPrincipal() principal: Principal, @Body({ schema: GrantInput }) input: GrantInput) {
    return renderGrant(await this.grants.create(principal, input));
  }

  @Delete(':grant_id')
  @HttpCode(204)
  @Access('grants.manage')
  @ApiNoContentResponse()
  delete(@CurrentPrincipal() principal: Principal, @Param('grant_id', { schema: GrantId }) id: string): Promise<void> {
    return this.grants.delete(principal, id);
  }
}
