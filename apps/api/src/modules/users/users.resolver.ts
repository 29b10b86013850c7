import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { asIs, Connections, PageArgs } from '../../platform/graphql/connection.js';
import { idempotencyKey } from '../../platform/http/idempotency-key.decorator.js';
import { parseInput, withoutNulls } from '../../platform/http/validation.js';
import { UserId, UserInput, UserPatch } from './dto/user.input.js';
import { UserConnection, UserInputObject, UserObject, userPaging, UserPatchObject } from './dto/user.object.js';
import { UsersService } from './users.service.js';

@Resolver(() => UserObject)
export class UsersResolver {
  constructor(
    private readonly service: UsersService,
    private readonly connections: Connections,
  ) {}

  @Query(() => UserConnection, { nullable: true })
  @Access('users.read')
  users(@CurrentPrincipal() principal: Principal, @Args() args: PageArgs) {
    const read = (after: string | undefined, limit: number) => this.service.list(principal, after, limit);
    return this.connections.read(principal, args, userPaging, read, asIs);
  }

  @Query(() => UserObject, { nullable: true })
  @Access('users.read')
  user(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    return this.service.get(principal, parseInput(UserId, id));
  }

  @Mutation(() => UserObject)
  @Access('users.manage')
  createUser(
    @CurrentPrincipal() principal: Principal,
    @Args('input') input: UserInputObject,
    @Args('idempotencyKey', { type: () => String, nullable: true }) key: string | null | undefined,
  ) {
    return this.service.create(principal, parseInput(UserInput, withoutNulls(input)), idempotencyKey(key));
  }

  @Mutation(() => UserObject)
  @Access('users.manage')
  updateUser(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }) id: string,
    @Args('patch') patch: UserPatchObject,
  ) {
    return this.service.update(principal, parseInput(UserId, id), parseInput(UserPatch, withoutNulls(patch)));
  }
}
