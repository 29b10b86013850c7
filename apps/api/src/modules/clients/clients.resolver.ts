import { Args, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import { ClientId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { asIs, Connections } from '../../platform/graphql/connection.js';
import { parseInput } from '../../platform/http/validation.js';
import { ClientsService } from './clients.service.js';
import type { Client } from './domain/client.js';
import { ClientFilterInput } from './dto/client.model.js';
import { ClientConnection, ClientDetailObject, ClientObject, ClientsArgs } from './dto/client.object.js';

@Resolver(() => ClientObject)
export class ClientsResolver {
  private readonly details = new Batch((principal, ids) => this.service.details(principal, ids));

  constructor(
    private readonly service: ClientsService,
    private readonly connections: Connections,
  ) {}

  @Query(() => ClientConnection, { nullable: true })
  @Access('clients.read')
  clients(@CurrentPrincipal() principal: Principal, @Args() args: ClientsArgs) {
    const filter = parseInput(ClientFilterInput, args);
    const paging = { query: ['clients', filter], position: z.string(), of: (client: Client) => client.id };
    return this.connections.read(
      principal,
      args,
      paging,
      (after, limit) => this.service.list(principal, filter, after, limit),
      asIs,
    );
  }

  @Query(() => ClientObject, { nullable: true })
  @Access('clients.read')
  client(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    return this.service.get(principal, parseInput(ClientId, id));
  }

  @ResolveField(() => ClientDetailObject, { nullable: true })
  @Access('clients.read')
  detail(@CurrentPrincipal() principal: Principal, @Parent() client: Client) {
    return this.details.load(principal, client.id, undefined);
  }
}
