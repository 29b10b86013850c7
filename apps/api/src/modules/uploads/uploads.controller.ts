import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ClientId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { pageOf, PageQuery } from '../../platform/http/paging.js';
import {
  belowUsage,
  OrphanModel,
  renderOrphan,
  renderUsage,
  UsageModel,
  UsagePosition,
  usagePosition,
} from './dto/upload.model.js';
import { UploadsService } from './uploads.service.js';

const OrphansQuery = PageQuery.extend({ client_id: ClientId.optional() });
type OrphansQuery = z.infer<typeof OrphansQuery>;

@ApiTags('uploads')
@ApiBearerAuth()
@Controller('uploads')
export class UploadsController {
  constructor(
    private readonly uploads: UploadsService,
    private readonly cursors: Cursors,
  ) {}

  @Get('usage')
  @Access('clients.read')
  @ApiOkResponse({ standardSchema: pageOf(UsageModel) })
  usage(@CurrentPrincipal() principal: Principal, @Query({ schema: PageQuery }) page: PageQuery) {
    return this.cursors.page(principal.userId, ['usage'], page, {
      position: UsagePosition,
      of: usagePosition,
      read: (after, count) => this.uploads.usage(principal, belowUsage(after), count),
      render: renderUsage,
    });
  }

  @Get('orphans')
  @Access('quarantine.read')
  @ApiOkResponse({ standardSchema: pageOf(OrphanModel) })
  orphans(@CurrentPrincipal() principal: Principal, @Query({ schema: OrphansQuery }) query: OrphansQuery) {
    const { client_id: clientId, ...page } = query;
    return this.cursors.page(principal.userId, ['orphans', clientId], page, {
      position: z.string(),
      of: (orphan) => orphan.key,
      read: (after, count) => this.uploads.orphans(principal, { clientId }, after, count),
      render: renderOrphan,
    });
  }
}
