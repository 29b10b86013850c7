import { Args, Query, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import { ClientId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Connections, PageArgs } from '../../platform/graphql/connection.js';
import { parseInput } from '../../platform/http/validation.js';
import type { ClientUsage, Orphan } from './domain/upload.js';
import { belowUsage, UsagePosition, usagePosition } from './dto/upload.model.js';
import { OrphanConnection, OrphansArgs, UsageConnection, UsageObject } from './dto/upload.object.js';
import { UploadsService } from './uploads.service.js';

@Resolver(() => UsageObject)
export class UploadsResolver {
  constructor(
    private readonly service: UploadsService,
    private readonly connections: Connections,
  ) {}

  @Query(() => UsageConnection, { nullable: true })
  @Access('clients.read')
  clientUsage(@CurrentPrincipal() principal: Principal, @Args() args: PageArgs) {
    return this.connections.read(
      principal,
      args,
      { query: ['usage'], position: UsagePosition, of: (usage: ClientUsage) => usagePosition(usage) },
      (after, limit) => this.service.usage(principal, belowUsage(after), limit),
      (usage) => usage,
    );
  }

  @Query(() => OrphanConnection, { nullable: true })
  @Access('quarantine.read')
  orphans(@CurrentPrincipal() principal: Principal, @Args() args: OrphansArgs) {
    const clientId = parseInput(ClientId.optional(), args.clientId ?? undefined);
    return this.connections.read(
      principal,
      args,
      { query: ['orphans', clientId], position: z.string(), of: (orphan: Orphan) => orphan.key },
      (after, limit) => this.service.orphans(principal, { clientId }, after, limit),
      (orphan) => orphan,
    );
  }
}
