import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { pageOf } from '../../platform/http/paging.js';
import { AuditEventModel, AuditQuery, renderAuditEvent } from './dto/audit-event.model.js';
import { AuditSearchService } from './search.service.js';

@ApiTags('audit')
@ApiBearerAuth()
@Controller('audit')
export class AuditController {
  constructor(
    private readonly log: AuditSearchService,
    private readonly cursors: Cursors,
  ) {}

  /** Newest first. Each search is itself recorded. */
  @Get()
  @Access('audit.read')
  @ApiOkResponse({ standardSchema: pageOf(AuditEventModel) })
  search(@CurrentPrincipal() principal: Principal, @Query({ schema: AuditQuery }) query: AuditQuery) {
    const { limit, cursor, object_kind: objectKind, object_id: objectId, ...same } = query;
    const filter = { ...same, objectKind, objectId };
    return this.cursors.page(
      principal.userId,
      ['audit', filter],
      { limit, cursor },
      {
        position: z.string().regex(/^\d{1,18}$/),
        of: (event) => String(event.id),
        read: (after, count) =>
          this.log.search(principal, filter, after === undefined ? undefined : BigInt(after), count),
        render: renderAuditEvent,
      },
    );
  }
}
