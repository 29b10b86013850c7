import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { Connections, FirstArgs } from '../../platform/graphql/connection.js';
import { type HuntClientNode, HuntClientObject } from '../hunts/index.js';
import { CollectionsService } from './collections.service.js';
import { CollectionConnection, collectionPaging, toCollectionNode } from './dto/collection.object.js';

/** What one client brought to a hunt. */
@Resolver(() => HuntClientObject)
export class HuntClientCollectionsResolver {
  private readonly ofClients = new Batch((principal, ids, { huntId, limit }: { huntId: string; limit: number }) =>
    this.service.ofClients(principal, huntId, ids, limit),
  );

  constructor(
    private readonly service: CollectionsService,
    private readonly connections: Connections,
  ) {}

  @ResolveField(() => CollectionConnection, { nullable: true })
  @Access('collections.read')
  async collections(
    @CurrentPrincipal() principal: Principal,
    @Parent() { huntId, clientId }: HuntClientNode,
    @Args() { first }: FirstArgs,
  ) {
    const found = (await this.ofClients.load(principal, clientId, { huntId, limit: first + 1 })) ?? [];
    return this.connections.page(principal, first, collectionPaging(huntId, clientId), found, toCollectionNode);
  }
}
