import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ClientId, FlowId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { pageOf, PageQuery } from '../../platform/http/paging.js';
import { QuarantineService } from './quarantine.service.js';
import { QuarantineModel, renderQuarantine } from './dto/quarantine.model.js';

const Filter = PageQuery.extend({ client_id: ClientId.optional(), flow_id: FlowId.optional() });
type Filter = z.infer<typeof Filter>;

@ApiTags('quarantine')
@ApiBearerAuth()
@Controller('quarantine')
export class QuarantineController {
  constructor(
    private readonly quarantine: QuarantineService,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Access('quarantine.read')
  @ApiOkResponse({ standardSchema: pageOf(QuarantineModel) })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: Filter }) query: Filter) {
    const { client_id: clientId, flow_id: flowId, ...page } = query;
    return this.cursors.page(principal.userId, ['quarantine', clientId, flowId], page, {
      position: z.string().regex(/^\d{1,18}$/),
      of: (entry) => String(entry.id),
      read: (after, count) =>
        this.quarantine.list(principal, { clientId, flowId }, after === undefined ? undefined : BigInt(after), count),
      render: renderQuarantine,
    });
  }
}
