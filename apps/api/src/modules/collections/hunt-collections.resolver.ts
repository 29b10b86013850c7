import { Args, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { Connections, FirstArgs } from '../../platform/graphql/connection.js';
import { Cursors } from '../../platform/http/cursor.js';
import { parseInput } from '../../platform/http/validation.js';
import { type Hunt, HuntObject } from '../hunts/index.js';
import { CollectionsService, HuntRowsPosition } from './collections.service.js';
import { HuntRowsFilter } from './dto/collection.model.js';
import {
  CollectionConnection,
  collectionPaging,
  HuntRowsArgs,
  RowsObject,
  toCollectionNode,
  toRows,
} from './dto/collection.object.js';

/** What a hunt brought. */
@Resolver(() => HuntObject)
export class HuntCollectionsResolver {
  private readonly ofFlows = new Batch((principal, ids, limit: number) => this.service.ofFlows(principal, ids, limit));

  constructor(
    private readonly service: CollectionsService,
    private readonly connections: Connections,
    private readonly cursors: Cursors,
  ) {}

  @ResolveField(() => CollectionConnection, { nullable: true })
  @Access('collections.read')
  async collections(@CurrentPrincipal() principal: Principal, @Parent() hunt: Hunt, @Args() { first }: FirstArgs) {
    const found = (await this.ofFlows.load(principal, hunt.id, first + 1)) ?? [];
    return this.connections.page(principal, first, collectionPaging(hunt.id, undefined), found, toCollectionNode);
  }

  @ResolveField(() => RowsObject, { nullable: true, description: 'Rows of all clients of your scope' })
  @Access('collections.read')
  async rows(@CurrentPrincipal() principal: Principal, @Parent() { id }: Hunt, @Args() args: HuntRowsArgs) {
    const { collection, ...filter } = parseInput(HuntRowsFilter, args);
    const same = ['hunt-rows', id, collection, filter.table, filter.where];
    const after =
      typeof args.after === 'string'
        ? this.cursors.open(principal.userId, same, args.after, HuntRowsPosition)
        : undefined;
    const page = await this.service.huntRows(principal, id, collection, { ...filter, limit: args.first }, after);
    return toRows(page, (next) => this.cursors.seal(principal.userId, same, next));
  }
}
