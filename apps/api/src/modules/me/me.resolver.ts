import { Query, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import { heldPermissions } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { MeObject } from './dto/me.object.js';

@Resolver(() => MeObject)
export class MeResolver {
  @Query(() => MeObject, { nullable: true })
  @Access('me.read')
  me(@CurrentPrincipal() principal: Principal) {
    return { ...principal, id: principal.userId, name: principal.userName, permissions: heldPermissions(principal) };
  }
}
