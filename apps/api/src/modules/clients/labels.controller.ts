import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { pageOf, PageQuery } from '../../platform/http/paging.js';
import { ClientLabelsService } from './client-labels.service.js';
import { LabelCountModel, labelPaging, renderLabelCount } from './dto/label-count.model.js';

@ApiTags('clients')
@ApiBearerAuth()
@Controller('labels')
export class LabelsController {
  constructor(
    private readonly labels: ClientLabelsService,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Access('clients.read')
  @ApiOkResponse({ standardSchema: pageOf(LabelCountModel) })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: PageQuery }) page: PageQuery) {
    return this.cursors.page(principal.userId, labelPaging.query, page, {
      position: labelPaging.position,
      of: labelPaging.of,
      read: (after, count) => this.labels.list(principal, after, count),
      render: renderLabelCount,
    });
  }
}
