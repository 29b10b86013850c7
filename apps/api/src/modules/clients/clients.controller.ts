import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ClientId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { pageOf } from '../../platform/http/paging.js';
import { ClientsService } from './clients.service.js';
import { ClientDetailModel, ClientModel, ClientsQuery, renderClient, renderClientDetail } from './dto/client.model.js';

@ApiTags('clients')
@ApiBearerAuth()
@Controller('clients')
export class ClientsController {
  constructor(
    private readonly clients: ClientsService,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Access('clients.read')
  @ApiOkResponse({ standardSchema: pageOf(ClientModel) })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: ClientsQuery }) query: ClientsQuery) {
    const { limit, cursor, ...filter } = query;
    return this.cursors.page(
      principal.userId,
      ['clients', filter],
      { limit, cursor },
      {
        position: z.string(),
        of: (client) => client.id,
        read: (after, count) => this.clients.list(principal, filter, after, count),
        render: renderClient,
      },
    );
  }

  @Get(':client_id')
  @Access('clients.read')
  @ApiOkResponse({ standardSchema: ClientDetailModel })
  async get(@CurrentPrincipal() principal: Principal, @Param('client_id', { schema: ClientId }) id: string) {
    return renderClientDetail(await this.clients.get(principal, id));
  }
}
