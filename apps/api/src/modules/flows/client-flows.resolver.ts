import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { Connections, FirstArgs } from '../../platform/graphql/connection.js';
import { type Client, ClientObject } from '../clients/index.js';
import { FlowConnection, flowPaging, toFlowNode } from './dto/flow.object.js';
import { FlowsService } from './flows.service.js';

/** The flows of a client, newest first. */
@Resolver(() => ClientObject)
export class ClientFlowsResolver {
  private readonly flowsOf = new Batch((principal, ids, limit: number) =>
    this.service.ofClients(principal, ids, limit),
  );

  constructor(
    private readonly service: FlowsService,
    private readonly connections: Connections,
  ) {}

  @ResolveField(() => FlowConnection, { nullable: true })
  @Access('flows.read')
  async flows(@CurrentPrincipal() principal: Principal, @Parent() client: Client, @Args() { first }: FirstArgs) {
    const found = (await this.flowsOf.load(principal, client.id, first + 1)) ?? [];
    return this.connections.page(principal, first, flowPaging(client.id), found, toFlowNode);
  }
}
