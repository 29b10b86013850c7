import { Args, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import { HuntId, TicketState } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { asIs, Connections, PageArgs } from '../../platform/graphql/connection.js';
import { idempotencyKey } from '../../platform/http/idempotency-key.decorator.js';
import { below } from '../../platform/http/paging.js';
import { parseInput, withoutNulls } from '../../platform/http/validation.js';
import { launchBody } from '../flows/index.js';
import type { Hunt } from './domain/hunt.js';
import { HuntInput, StopInput } from './dto/hunt.input.js';
import {
  HuntClientConnection,
  huntClientPaging,
  HuntClientsArgs,
  HuntConnection,
  HuntInputObject,
  HuntObject,
  huntPaging,
  HuntStatsObject,
  RecruitmentPointObject,
} from './dto/hunt.object.js';
import { HuntsService } from './hunts.service.js';

const Points = z.int().min(1).max(1000);

@Resolver(() => HuntObject)
export class HuntsResolver {
  private readonly statsOf = new Batch((principal, ids) => this.service.statsOf(principal, ids));
  private readonly recruitmentOf = new Batch((principal, ids, points: number) =>
    this.service.recruitmentOf(principal, ids, points),
  );
  private readonly clientsOf = new Batch(
    (principal, ids, { state, limit }: { state: string | undefined; limit: number }) =>
      this.service.clientsOf(principal, ids, state, limit),
  );

  constructor(
    private readonly service: HuntsService,
    private readonly connections: Connections,
  ) {}

  @Query(() => HuntConnection, { nullable: true })
  @Access('hunts.read')
  hunts(@CurrentPrincipal() principal: Principal, @Args() args: PageArgs) {
    return this.connections.read(
      principal,
      args,
      huntPaging,
      (after, limit) => this.service.list(principal, below(after), limit),
      asIs,
    );
  }

  @Query(() => HuntObject, { nullable: true })
  @Access('hunts.read')
  hunt(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    return this.service.find(principal, parseInput(HuntId, id));
  }

  @ResolveField(() => HuntStatsObject, { nullable: true })
  @Access('hunts.read')
  stats(@CurrentPrincipal() principal: Principal, @Parent() hunt: Hunt) {
    return this.statsOf.load(principal, hunt.id, undefined);
  }

  @ResolveField(() => Boolean, { description: 'You see a part of the fleet: counts and clients are of that part' })
  @Access('hunts.read')
  partial(@CurrentPrincipal() principal: Principal) {
    return this.service.isPartial(principal);
  }

  @ResolveField(() => [RecruitmentPointObject], { nullable: true })
  @Access('hunts.read')
  async recruitment(
    @CurrentPrincipal() principal: Principal,
    @Parent() hunt: Hunt,
    @Args('points', { type: () => Int, defaultValue: 100 }) points: number,
  ) {
    return (await this.recruitmentOf.load(principal, hunt.id, parseInput(Points, points))) ?? [];
  }

  @ResolveField(() => HuntClientConnection, { nullable: true })
  @Access('hunts.read')
  async clients(@CurrentPrincipal() principal: Principal, @Parent() hunt: Hunt, @Args() args: HuntClientsArgs) {
    const state = parseInput(TicketState.optional(), args.state ?? undefined);
    const paging = huntClientPaging(hunt.id, state);
    const withHunt = <T extends object>(client: T) => ({ ...client, huntId: hunt.id });
    if (typeof args.after === 'string')
      return this.connections.read(
        principal,
        args,
        paging,
        (after, limit) => this.service.clients(principal, hunt.id, state, after, limit),
        withHunt,
      );
    const found = (await this.clientsOf.load(principal, hunt.id, { state, limit: args.first + 1 })) ?? [];
    return this.connections.page(principal, args.first, paging, found, withHunt);
  }

  @Mutation(() => HuntObject)
  @Access('hunts.create')
  async createHunt(
    @CurrentPrincipal() principal: Principal,
    @Args('input') input: HuntInputObject,
    @Args('idempotencyKey', { type: () => String, nullable: true }) key: string | null | undefined,
  ) {
    const body = { ...launchBody(input), labels: input.labels, limit: input.limit ?? undefined };
    return (await this.service.create(principal, parseInput(HuntInput, body), idempotencyKey(key))).hunt;
  }

  @Mutation(() => HuntObject)
  @Access('hunts.stop')
  async stopHunt(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }) id: string,
    @Args('running', { type: () => String, nullable: true, description: 'cancel (default) or finish' })
    running: string | null | undefined,
    @Args('reason', { type: () => String, nullable: true }) reason: string | null | undefined,
  ) {
    const input = parseInput(StopInput, withoutNulls({ running: running ?? null, reason: reason ?? null }));
    return (await this.service.stop(principal, parseInput(HuntId, id), input)).hunt;
  }
}
