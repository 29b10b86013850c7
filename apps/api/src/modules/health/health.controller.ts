import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, CurrentPrincipal, Public } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { HealthService } from './health.service.js';

const Ok = z.object({ status: z.literal('ok') });
const StatusModel = z
  .object({
    clock_skew_ms: z.number(),
    queues: z.object({
      total: z.number(),
      oldest_published_at: z.iso.datetime().nullable(),
      wrong: z.array(
        z.object({
          id: z.string(),
          behind: z.boolean(),
          published_at: z.iso.datetime().nullable(),
          last_error: z.string().nullable(),
        }),
      ),
    }),
    unarchived_tickets: z.number(),
    registrations: z
      .object({
        limited: z.boolean().describe('New clients wait: REKALL_REGISTRATIONS_PER_HOUR is reached'),
        waiting: z.number().describe('New clients that were seen waiting'),
        per_hour: z.number(),
        at: z.iso.datetime(),
      })
      .nullable()
      .describe('null: the bound was never reached'),
  })
  .meta({ id: 'Status' });

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
    const s = await this.health.status(principal);
    return {
      clock_skew_ms: s.clockSkewMs,
      queues: {
        total: s.queues.total,
        oldest_published_at: s.queues.oldest?.toISOString() ?? null,
        wrong: s.queues.wrong.map((q) => ({
          id: q.id,
          behind: q.behind,
          published_at: q.publishedAt?.toISOString() ?? null,
          last_error: q.lastError,
        })),
      },
      unarchived_tickets: s.unarchivedTickets,
      registrations:
        s.registrations === undefined
          ? null
          : {
              limited: s.registrations.limited,
              waiting: s.registrations.waiting,
              per_hour: s.registrations.perHour,
              at: s.registrations.at.toISOString(),
            },
    };
  }
}
