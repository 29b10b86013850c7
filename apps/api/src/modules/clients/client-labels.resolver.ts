import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { asIs, Connections, PageArgs } from '../../platform/graphql/connection.js';
import { parseInput, withoutNulls } from '../../platform/http/validation.js';
import { ClientLabelsService } from './client-labels.service.js';
import { LabelConnection, labelPaging } from './dto/label-count.model.js';
import { LabelsInput } from './dto/label.input.js';
import { LabelledObject, LabelsInputObject } from './dto/label.object.js';

@Resolver(() => LabelledObject)
export class ClientLabelsResolver {
  constructor(
    private readonly service: ClientLabelsService,
    private readonly connections: Connections,
  ) {}

  @Query(() => LabelConnection, { nullable: true })
  @Access('clients.read')
  labels(@CurrentPrincipal() principal: Principal, @Args() args: PageArgs) {
    return this.connections.read(
      principal,
      args,
      labelPaging,
      (after, limit) => this.service.list(principal, after, limit),
      asIs,
    );
  }

  @Mutation(() => [LabelledObject])
  @Access('clients.label')
  changeLabels(@CurrentPrincipal() principal: Principal, @Args('input') input: LabelsInputObject) {
    const { clients, ...change } = parseInput(LabelsInput, withoutNulls(input));
    return this.service.change(principal, clients, change);
  }
}
