import { Controller, Get, Param, Query, Redirect } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ClientId, FlowId, HuntId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { PageQuery } from '../../platform/http/paging.js';
import { CollectionsService, HuntRowsPosition } from './collections.service.js';
import {
  CollectionId,
  CollectionModel,
  CollectionsModel,
  huntRowsFilter,
  renderCollection,
  renderRows,
  rowsFilter,
  RowsModel,
} from './dto/collection.model.js';

const CollectionsQuery = PageQuery.extend({ flow_id: FlowId.optional(), client_id: ClientId.optional() });
type CollectionsQuery = z.infer<typeof CollectionsQuery>;
const RowsQuery = PageQuery.extend(rowsFilter);
type RowsQuery = z.infer<typeof RowsQuery>;
const HuntRowsQuery = PageQuery.extend(huntRowsFilter);
type HuntRowsQuery = z.infer<typeof HuntRowsQuery>;

@ApiTags('collections')
@ApiBearerAuth()
@Controller()
export class CollectionsController {
  constructor(
    private readonly collections: CollectionsService,
    private readonly cursors: Cursors,
  ) {}

  @Get('collections')
  @Access('collections.read')
  @ApiOkResponse({ standardSchema: CollectionsModel })
  async list(@CurrentPrincipal() principal: Principal, @Query({ schema: CollectionsQuery }) query: CollectionsQuery) {
    const { flow_id: flowId, client_id: clientId, ...page } = query;
    const found = await this.cursors.page(principal.userId, ['collections', flowId, clientId], page, {
      position: CollectionId,
      of: (collection) => collection.id,
      read: (after, count) => this.collections.list(principal, { flowId, clientId }, after, count),
      render: renderCollection,
    });
    return { ...found, partial: this.collections.isPartial(principal) };
  }

  @Get('collections/:collection_id')
  @Access('collections.read')
  @ApiOkResponse({ standardSchema: CollectionModel })
  async get(@CurrentPrincipal() principal: Principal, @Param('collection_id', { schema: CollectionId }) id: string) {
    return renderCollection(await this.collections.get(principal, id));
  }

  @Get('collections/:collection_id/rows')
  @Access('collections.read')
  @ApiOkResponse({ standardSchema: RowsModel })
  async rows(
    @CurrentPrincipal() principal: Principal,
    @Param('collection_id', { schema: CollectionId }) id: string,
    @Query({ schema: RowsQuery }) query: RowsQuery,
  ) {
    const same = ['rows', id, query.table, query.where];
    const after =
      query.cursor === undefined ? undefined : this.cursors.open(principal.userId, same, query.cursor, z.number());
    return renderRows(await this.collections.rows(principal, id, query, after), (next) =>
      this.cursors.seal(principal.userId, same, next),
    );
  }

  @Get('collections/:collection_id/download')
  @Access('collections.read')
  @Redirect('', 303)
  async download(
    @CurrentPrincipal() principal: Principal,
    @Param('collection_id', { schema: CollectionId }) id: string,
  ) {
    return { url: await this.collections.download(principal, id), statusCode: 303 };
  }

  @Get('hunts/:hunt_id/rows')
  @Access('collections.read')
  @ApiOkResponse({ standardSchema: RowsModel })
  async huntRows(
    @CurrentPrincipal() principal: Principal,
    @Param('hunt_id', { schema: HuntId }) id: string,
    @Query({ schema: HuntRowsQuery }) query: HuntRowsQuery,
  ) {
    const same = ['hunt-rows', id, query.collection, query.table, query.where];
    const after =
      query.cursor === undefined
        ? undefined
        : this.cursors.open(principal.userId, same, query.cursor, HuntRowsPosition);
    const page = await this.collections.huntRows(principal, id, query.collection, query, after);
    return renderRows(page, (next) => this.cursors.seal(principal.userId, same, next));
  }
}
