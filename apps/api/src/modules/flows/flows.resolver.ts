import { Args, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { ClientId, FlowOnlyId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { Connections } from '../../platform/graphql/connection.js';
import { idempotencyKey } from '../../platform/http/idempotency-key.decorator.js';
import { below } from '../../platform/http/paging.js';
import { parseInput } from '../../platform/http/validation.js';
import { ClientObject, ClientsService } from '../clients/index.js';
import { FlowConnection, type FlowNode, FlowObject, flowPaging, FlowsArgs, toFlowNode } from './dto/flow.object.js';
import { LaunchInput } from './dto/launch.input.js';
import { launchBody, LaunchObject } from './dto/launch.object.js';
import { FlowsService } from './flows.service.js';

@Resolver(() => FlowObject)
export class FlowsResolver {
  private readonly clients = new Batch((principal, ids) => this.clientsService.many(principal, ids));

  constructor(
    private readonly service: FlowsService,
    private readonly clientsService: ClientsService,
    private readonly connections: Connections,
  ) {}

  @Query(() => FlowConnection, { nullable: true })
  @Access('flows.read')
  flows(@CurrentPrincipal() principal: Principal, @Args() args: FlowsArgs) {
    const clientId = parseInput(ClientId.optional(), args.clientId ?? undefined);
    return this.connections.read(
      principal,
      args,
      flowPaging(clientId),
      (after, limit) => this.service.list(principal, clientId, below(after), limit),
      toFlowNode,
    );
  }

  @Query(() => FlowObject, { nullable: true })
  @Access('flows.read')
  async flow(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    return toFlowNode(await this.service.get(principal, parseInput(FlowOnlyId, id)));
  }

  @ResolveField(() => ClientObject, { nullable: true })
  @Access('clients.read')
  client(@CurrentPrincipal() principal: Principal, @Parent() flow: FlowNode) {
    return this.clients.load(principal, flow.clientId, undefined);
  }

  @Mutation(() => FlowObject)
  @Access('flows.create')
  async launchFlow(
    @CurrentPrincipal() principal: Principal,
    @Args('clientId', { type: () => ID }) clientId: string,
    @Args('input') input: LaunchObject,
    @Args('idempotencyKey', { type: () => String, nullable: true }) key: string | null | undefined,
  ) {
    const body = parseInput(LaunchInput, launchBody(input));
    return toFlowNode(await this.service.launch(principal, parseInput(ClientId, clientId), body, idempotencyKey(key)));
  }

  @Mutation(() => FlowObject)
  @Access('flows.cancel')
  async cancelFlow(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    return toFlowNode(await this.service.cancel(principal, parseInput(FlowOnlyId, id)));
  }
}
