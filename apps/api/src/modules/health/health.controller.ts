import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, CurrentPrincipal, Public } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { renderStatus, StatusModel } from './health.model.js';
import { HealthService } from './health.service.js';

const Ok = z.object({ status: z.literal('ok') });
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @Public('A probe of the process: says nothing but that it runs')
  @ApiOkResponse({ standardSchema: Ok })
  live(): z.infer<typeof Ok> {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public('A load balancer asks it without credentials; it names the part that does not answer and nothing else')
  @ApiOkResponse({ standardSchema: Ok })
  async ready(): Promise<z.infer<typeof Ok>> {
    await this.health.ready();
    return { status: 'ok' };
  }

  @Get('status')
  @Access('health.read')
  @ApiBearerAuth()
  @ApiOkResponse({ standardSchema: StatusModel })
  async status(@CurrentPrincipal() principal: Principal): Promise<z.infer<typeof StatusModel>> {
    return renderStatus(await this.health.status(principal));
  }
}
