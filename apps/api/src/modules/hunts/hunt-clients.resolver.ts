import { Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Batch } from '../../platform/graphql/batch.js';
import { ClientObject, ClientsService } from '../clients/index.js';
import { type HuntClientNode, HuntClientObject } from './dto/hunt.object.js';

@Resolver(() => HuntClientObject)
export class HuntClientsResolver {
  private readonly clients = new Batch((principal, ids) => this.service.many(principal, ids));

  constructor(private readonly service: ClientsService) {}

  @ResolveField(() => ClientObject, { nullable: true })
  @Access('clients.read')
  client(@CurrentPrincipal() principal: Principal, @Parent() part: HuntClientNode) {
    return this.clients.load(principal, part.clientId, undefined);
  }
}
