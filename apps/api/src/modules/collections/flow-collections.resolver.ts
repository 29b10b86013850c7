import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { Connections, FirstArgs } from '../../platform/graphql/connection.js';
import { FlowObject } from '../flows/index.js';
import { CollectionsService } from './collections.service.js';
import { CollectionConnection, collectionPaging, toCollectionNode } from './dto/collection.object.js';

/** What a flow brought. */
@Resolver(() => FlowObject)
export class FlowCollectionsResolver {
  private readonly ofFlows = new Batch((principal, ids, limit: number) => this.service.ofFlows(principal, ids, limit));

  constructor(
    private readonly service: CollectionsService,
    private readonly connections: Connections,
  ) {}

  @ResolveField(() => CollectionConnection, { nullable: true })
  @Access('collections.read')
  async collections(
    @CurrentPrincipal() principal: Principal,
    @Parent() flow: { id: string },
    @Args() { first }: FirstArgs,
  ) {
    const found = (await this.ofFlows.load(principal, flow.id, first + 1)) ?? [];
    return this.connections.page(principal, first, collectionPaging(flow.id, undefined), found, toCollectionNode);
  }
}
