import { Args, Query, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import { ClientId, FlowId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Connections } from '../../platform/graphql/connection.js';
import { parseInput } from '../../platform/http/validation.js';
import type { QuarantineEntry } from './domain/quarantine-entry.js';
import { QuarantineArgs, QuarantineConnection, QuarantineObject, toQuarantineNode } from './dto/quarantine.object.js';
import { QuarantineService } from './quarantine.service.js';

@Resolver(() => QuarantineObject)
export class QuarantineResolver {
  constructor(
    private readonly service: QuarantineService,
    private readonly connections: Connections,
  ) {}

  @Query(() => QuarantineConnection, { nullable: true })
  @Access('quarantine.read')
  quarantine(@CurrentPrincipal() principal: Principal, @Args() args: QuarantineArgs) {
    const clientId = parseInput(ClientId.optional(), args.clientId ?? undefined);
    const flowId = parseInput(FlowId.optional(), args.flowId ?? undefined);
    return this.connections.read(
      principal,
      args,
      {
        query: ['quarantine', clientId, flowId],
        position: z.string().regex(/^\d{1,18}$/),
        of: (entry: QuarantineEntry) => String(entry.id),
      },
      (after, limit) =>
        this.service.list(principal, { clientId, flowId }, after === undefined ? undefined : BigInt(after), limit),
      toQuarantineNode,
    );
  }
}
