import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { asIs, Connections } from '../../platform/graphql/connection.js';
import { idempotencyKey } from '../../platform/http/idempotency-key.decorator.js';
import { parseInput } from '../../platform/http/validation.js';
import { UserId } from '../users/index.js';
import { TokenId, TokenInput } from './dto/token.dto.js';
import {
  ApiTokenConnection,
  ApiTokenObject,
  NewApiTokenObject,
  tokenBody,
  TokenInputObject,
  tokenPaging,
  TokensArgs,
} from './dto/token.object.js';
import { TokensService } from './tokens.service.js';

@Resolver(() => ApiTokenObject)
export class TokensResolver {
  constructor(
    private readonly service: TokensService,
    private readonly connections: Connections,
  ) {}

  @Query(() => ApiTokenConnection, { nullable: true })
  @Access('tokens.manage')
  tokens(@CurrentPrincipal() principal: Principal, @Args() args: TokensArgs) {
    const userId = parseInput(UserId.optional(), args.userId ?? undefined);
    const read = (after: string | undefined, limit: number) => this.service.list(principal, userId, after, limit);
    return this.connections.read(principal, args, tokenPaging(userId), read, asIs);
  }

  @Mutation(() => NewApiTokenObject)
  @Access('tokens.manage')
  createToken(
    @CurrentPrincipal() principal: Principal,
    @Args('input') input: TokenInputObject,
    @Args('idempotencyKey', { type: () => String, nullable: true }) key: string | null | undefined,
  ) {
    return this.service.create(principal, parseInput(TokenInput, tokenBody(input)), idempotencyKey(key));
  }

  /** Answers the id of the token that was revoked. */
  @Mutation(() => ID)
  @Access('tokens.manage')
  async revokeToken(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    await this.service.revoke(principal, parseInput(TokenId, id));
    return id;
  }
}
