import { Body, Controller, Delete, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ClientId, Label } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { ClientLabelsService } from './client-labels.service.js';
import { LabelledModel, LabelsInput, renderLabelled } from './dto/label.input.js';

@ApiTags('clients')
@ApiBearerAuth()
@Controller('clients')
export class ClientLabelsController {
  constructor(private readonly labels: ClientLabelsService) {}

  @Post('labels')
  @HttpCode(200)
  @Access('clients.label')
  @ApiOkResponse({ standardSchema: LabelledModel })
  async change(@CurrentPrincipal() principal: Principal, @Body({ schema: LabelsInput }) input: LabelsInput) {
    return renderLabelled(await this.labels.change(principal, input.clients, input));
  }

  @Put(':client_id/labels/:label')
  @Access('clients.label')
  @ApiOkResponse({ standardSchema: LabelledModel })
  async give(
    @CurrentPrincipal() principal: Principal,
    @Param('client_id', { schema: ClientId }) id: string,
    @Param('label', { schema: Label }) label: string,
  ) {
    return renderLabelled(await this.labels.change(principal, [id], { add: [label], remove: [] }));
  }

  @Delete(':client_id/labels/:label')
  @Access('clients.label')
  @ApiOkResponse({ standardSchema: LabelledModel })
  async take(
    @CurrentPrincipal() principal: Principal,
    @Param('client_id', { schema: ClientId }) id: string,
    @Param('label', { schema: Label }) label: string,
  ) {
    return renderLabelled(await this.labels.change(principal, [id], { add: [], remove: [label] }));
  }
}
