import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ClientId, FlowOnlyId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { IdempotencyKey } from '../../platform/http/idempotency-key.decorator.js';
import { below, NewestPosition, newestPosition, pageOf, PageQuery } from '../../platform/http/paging.js';
import { FlowModel, renderFlow } from './dto/flow.model.js';
import { LaunchInput } from './dto/launch.input.js';
import { FlowsService } from './flows.service.js';
import { AnswersStatus, AnswersStatusInTime } from './status.interceptor.js';

const FlowsQuery = PageQuery.extend({ client_id: ClientId.optional() });
type FlowsQuery = z.infer<typeof FlowsQuery>;

@ApiTags('flows')
@ApiBearerAuth()
@Controller()
export class FlowsController {
  constructor(
    private readonly flows: FlowsService,
    private readonly cursors: Cursors,
  ) {}

  @Post('clients/:client_id/flows')
  @Access('flows.create')
  @AnswersStatus()
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same key and body give the same flow' })
  @ApiCreatedResponse({ standardSchema: FlowModel })
  async launch(
    @CurrentPrincipal() principal: Principal,
    @Param('client_id', { schema: ClientId }) clientId: string,
    @Body({ schema: LaunchInput }) input: LaunchInput,
    @IdempotencyKey() key: string | undefined,
  ) {
    return renderFlow(await this.flows.launch(principal, clientId, input, key));
  }

  @Get('flows')
  @Access('flows.read')
  @ApiOkResponse({ standardSchema: pageOf(FlowModel) })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: FlowsQuery }) query: FlowsQuery) {
    const { client_id, ...page } = query;
    return this.cursors.page(principal.userId, ['flows', client_id], page, {
      position: NewestPosition,
      of: ({ flow }) => newestPosition(flow),
      read: (after, count) => this.flows.list(principal, client_id, below(after), count),
      render: renderFlow,
    });
  }

  @Get('flows/:flow_id')
  @Access('flows.read')
  @AnswersStatusInTime()
  @ApiOkResponse({ standardSchema: FlowModel })
  async get(@CurrentPrincipal() principal: Principal, @Param('flow_id', { schema: FlowOnlyId }) id: string) {
    return renderFlow(await this.flows.get(principal, id));
  }

  @Post('flows/:flow_id/cancel')
  @HttpCode(200)
  @Access('flows.cancel')
  @AnswersStatus()
  @ApiOkResponse({ standardSchema: FlowModel })
  async cancel(@CurrentPrincipal() principal: Principal, @Param('flow_id', { schema: FlowOnlyId }) id: string) {
    return renderFlow(await this.flows.cancel(principal, id));
  }
}
