import { Args, Mutation, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { parseInput, withoutNulls } from '../../platform/http/validation.js';
import { ClientLabelsService } from './client-labels.service.js';
import { LabelsInput } from './dto/label.input.js';
import { LabelledObject, LabelsInputObject } from './dto/label.object.js';

@Resolver(() => LabelledObject)
export class ClientLabelsResolver {
  constructor(private readonly service: ClientLabelsService) {}

  @Mutation(() => [LabelledObject])
  @Access('clients.label')
  changeLabels(@CurrentPrincipal() principal: Principal, @Args('input') input: LabelsInputObject) {
    const { clients, ...change } = parseInput(LabelsInput, withoutNulls(input));
    return this.service.change(principal, clients, change);
  }
}
