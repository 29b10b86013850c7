import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { IdempotencyKey } from '../../platform/http/idempotency-key.decorator.js';
import { pageOf } from '../../platform/http/paging.js';
import { NewTokenModel, renderToken, TokenId, TokenInput, TokenModel, TokensQuery } from './dto/token.dto.js';
import { TokensService } from './tokens.service.js';

@ApiTags('auth')
@ApiBearerAuth()
@Controller('tokens')
export class TokensController {
  constructor(
    private readonly tokens: TokensService,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Access('tokens.manage')
  @ApiOkResponse({ standardSchema: pageOf(TokenModel) })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: TokensQuery }) query: TokensQuery) {
    const { user_id: userId, ...page } = query;
    return this.cursors.page(principal.userId, ['tokens', userId], page, {
      position: TokenId,
      of: (token) => token.id,
      read: (after, count) => this.tokens.list(principal, userId, after, count),
      render: renderToken,
    });
  }

  @Post()
  @Access('tokens.manage')
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same key and body give the same token' })
  @ApiCreatedResponse({ standardSchema: NewTokenModel })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: TokenInput }) input: TokenInput,
    @IdempotencyKey() key: string | undefined,
  ) {
    const { token, secret } = await this.tokens.create(principal, input, key);
    return { ...renderToken(token), token: secret ?? null };
  }

  @Delete(':token_id')
  @HttpCode(204)
  @Access('tokens.manage')
  @ApiNoContentResponse()
  revoke(@CurrentPrincipal() principal: Principal, @Param('token_id', { schema: TokenId }) id: string): Promise<void> {
    return this.tokens.revoke(principal, id);
  }
}
