import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ClientId, HuntId, TicketState } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { IdempotencyKey } from '../../platform/http/idempotency-key.decorator.js';
import { below, decimal, NewestPosition, newestPosition, pageOf, PageQuery } from '../../platform/http/paging.js';
import { AnswersStatus, AnswersStatusInTime } from '../flows/index.js';
import { HuntInput, StopInput } from './dto/hunt.input.js';
import {
  HuntClientsModel,
  HuntModel,
  HuntSummaryModel,
  RecruitmentModel,
  renderHunt,
  renderHuntClient,
  renderHuntSummary,
  renderRecruitment,
} from './dto/hunt.model.js';
import { HuntsService } from './hunts.service.js';

const HuntClientsQuery = PageQuery.extend({ state: TicketState.optional() });
type HuntClientsQuery = z.infer<typeof HuntClientsQuery>;
const RecruitmentQuery = z.strictObject({ points: decimal(1, 1000, 100) });
type RecruitmentQuery = z.infer<typeof RecruitmentQuery>;

@ApiTags('hunts')
@ApiBearerAuth()
@Controller('hunts')
export class HuntsController {
  constructor(
    private readonly hunts: HuntsService,
    private readonly cursors: Cursors,
  ) {}

  @Post()
  @Access('hunts.create')
  @AnswersStatus()
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same key and body give the same hunt' })
  @ApiCreatedResponse({ standardSchema: HuntModel })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: HuntInput }) input: HuntInput,
    @IdempotencyKey() key: string | undefined,
  ) {
    return renderHunt(await this.hunts.create(principal, input, key));
  }

  @Get()
  @Access('hunts.read')
  @ApiOkResponse({ standardSchema: pageOf(HuntSummaryModel) })
  list(@CurrentPrincipal() principal: Principal, @Query({ schema: PageQuery }) page: PageQuery) {
    return this.cursors.page(principal.userId, ['hunts'], page, {
      position: NewestPosition,
      of: newestPosition,
      read: (after, count) => this.hunts.list(principal, below(after), count),
      render: renderHuntSummary,
    });
  }

  @Get(':hunt_id')
  @Access('hunts.read')
  @AnswersStatusInTime()
  @ApiOkResponse({ standardSchema: HuntModel })
  async get(@CurrentPrincipal() principal: Principal, @Param('hunt_id', { schema: HuntId }) id: string) {
    return renderHunt(await this.hunts.get(principal, id));
  }

  @Post(':hunt_id/stop')
  @HttpCode(200)
  @Access('hunts.stop')
  @AnswersStatus()
  @ApiOkResponse({ standardSchema: HuntModel })
  async stop(
    @CurrentPrincipal() principal: Principal,
    @Param('hunt_id', { schema: HuntId }) id: string,
    @Body({ schema: StopInput }) input: StopInput,
  ) {
    return renderHunt(await this.hunts.stop(principal, id, input));
  }

  @Get(':hunt_id/clients')
  @Access('hunts.read')
  @ApiOkResponse({ standardSchema: HuntClientsModel })
  async clients(
    @CurrentPrincipal() principal: Principal,
    @Param('hunt_id', { schema: HuntId }) id: string,
    @Query({ schema: HuntClientsQuery }) query: HuntClientsQuery,
  ) {
    const { state, ...page } = query;
    const found = await this.cursors.page(principal.userId, ['hunt-clients', id, state], page, {
      position: ClientId,
      of: (client) => client.clientId,
      read: (after, count) => this.hunts.clients(principal, id, state, after, count),
      render: renderHuntClient,
    });
    return { ...found, partial: this.hunts.isPartial(principal) };
  }

  @Get(':hunt_id/recruitment')
  @Access('hunts.read')
  @ApiOkResponse({ standardSchema: RecruitmentModel })
  async recruitment(
    @CurrentPrincipal() principal: Principal,
    @Param('hunt_id', { schema: HuntId }) id: string,
    @Query({ schema: RecruitmentQuery }) query: RecruitmentQuery,
  ) {
    return renderRecruitment(await this.hunts.recruitment(principal, id, query.points));
  }
}
