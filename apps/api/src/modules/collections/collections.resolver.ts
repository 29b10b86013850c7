import { Args, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import { ClientId, FlowId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { Connections } from '../../platform/graphql/connection.js';
import { Cursors } from '../../platform/http/cursor.js';
import { parseInput } from '../../platform/http/validation.js';
import { ClientObject, ClientsService } from '../clients/index.js';
import { CollectionsService } from './collections.service.js';
import { CollectionId, RowsFilter } from './dto/collection.model.js';
import {
  CollectionConnection,
  type CollectionNode,
  CollectionObject,
  collectionPaging,
  CollectionsArgs,
  RowsArgs,
  RowsObject,
  toCollectionNode,
  toRows,
} from './dto/collection.object.js';

@Resolver(() => CollectionObject)
export class CollectionsResolver {
  private readonly clients = new Batch((principal, ids) => this.clientsService.many(principal, ids));

  constructor(
    private readonly service: CollectionsService,
    private readonly clientsService: ClientsService,
    private readonly connections: Connections,
    private readonly cursors: Cursors,
  ) {}

  @Query(() => CollectionConnection, { nullable: true })
  @Access('collections.read')
  collections(@CurrentPrincipal() principal: Principal, @Args() args: CollectionsArgs) {
    const flowId = parseInput(FlowId.optional(), args.flowId ?? undefined);
    const clientId = parseInput(ClientId.optional(), args.clientId ?? undefined);
    return this.connections.read(
      principal,
      args,
      collectionPaging(flowId, clientId),
      (after, limit) => this.service.list(principal, { flowId, clientId }, after, limit),
      toCollectionNode,
    );
  }

  @Query(() => CollectionObject, { nullable: true })
  @Access('collections.read')
  async collection(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    return toCollectionNode(await this.service.get(principal, parseInput(CollectionId, id)));
  }

  @ResolveField(() => ClientObject, { nullable: true })
  @Access('clients.read')
  client(@CurrentPrincipal() principal: Principal, @Parent() collection: CollectionNode) {
    return this.clients.load(principal, collection.clientId, undefined);
  }

  @ResolveField(() => RowsObject, { nullable: true })
  @Access('collections.read')
  async rows(@CurrentPrincipal() principal: Principal, @Parent() { id }: CollectionNode, @Args() args: RowsArgs) {
    const filter = parseInput(RowsFilter, args);
    const same = ['rows', id, filter.table, filter.where];
    const after =
      typeof args.after === 'string' ? this.cursors.open(principal.userId, same, args.after, z.number()) : undefined;
    const page = await this.service.rows(principal, id, { ...filter, limit: args.first }, after);
    return toRows(page, (next) => this.cursors.seal(principal.userId, same, next));
  }
}
