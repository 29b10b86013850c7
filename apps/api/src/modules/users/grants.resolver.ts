import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { asIs, Connections } from '../../platform/graphql/connection.js';
import { parseInput, withoutNulls } from '../../platform/http/validation.js';
import { GrantId, GrantInput } from './dto/grant.input.js';
import { UserId } from './dto/user.input.js';
import { GrantConnection, GrantInputObject, GrantObject, grantPaging, GrantsArgs } from './dto/user.object.js';
import { GrantsService } from './grants.service.js';

@Resolver(() => GrantObject)
export class GrantsResolver {
  constructor(
    private readonly service: GrantsService,
    private readonly connections: Connections,
  ) {}

  @Query(() => GrantConnection, { nullable: true })
  @Access('users.read')
  grants(@CurrentPrincipal() principal: Principal, @Args() args: GrantsArgs) {
    const userId = parseInput(UserId.optional(), args.userId ?? undefined);
    const read = (after: string | undefined, limit: number) => this.service.list(principal, userId, after, limit);
    return this.connections.read(principal, args, grantPaging(userId), read, asIs);
  }

  @Mutation(() => GrantObject)
  @Access('grants.manage')
  createGrant(@CurrentPrincipal() principal: Principal, @Args('input') input: GrantInputObject) {
    const { userId, role, scope, validFrom, validUntil } = input;
    const body = withoutNulls({
      user_id: userId,
      role,
      scope,
      valid_from: validFrom ?? null,
      valid_until: validUntil ?? null,
    });
    return this.service.create(principal, parseInput(GrantInput, body));
  }

  /** Answers the id of the grant that was taken away. */
  @Mutation(() => ID)
  @Access('grants.manage')
  async deleteGrant(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    await this.service.delete(principal, parseInput(GrantId, id));
    return id;
  }
}
