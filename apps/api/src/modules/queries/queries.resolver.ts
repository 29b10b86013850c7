import { Args, Query, Resolver } from '@nestjs/graphql';
import { Access } from '../../platform/access/access.decorator.js';
import { Json } from '../../platform/graphql/scalars.js';
import { parseInput } from '../../platform/http/validation.js';
import { QueryInput } from './dto/query.input.js';
import { QueryExplanationObject, QueryValidationObject } from './dto/query.object.js';
import { QueriesService } from './queries.service.js';

const inputOf = (query: string, parameters: unknown): QueryInput =>
  parseInput(QueryInput, {
    query,
    ...(parameters === null || parameters === undefined ? {} : { query_parameters: parameters }),
  });

@Resolver()
export class QueriesResolver {
  constructor(private readonly queries: QueriesService) {}

  @Query(() => QueryValidationObject, { nullable: true, description: 'Looks for mistakes by what agents declare' })
  @Access('queries.check')
  validateQuery(
    @Args('query', { type: () => String }) query: string,
    @Args('parameters', { type: () => Json, nullable: true }) parameters: unknown,
  ) {
    const input = inputOf(query, parameters);
    return this.queries.validate(input.query, input.query_parameters);
  }

  @Query(() => QueryExplanationObject, { nullable: true, description: 'What a query reads, and what could be pushed' })
  @Access('queries.check')
  explainQuery(
    @Args('query', { type: () => String }) query: string,
    @Args('parameters', { type: () => Json, nullable: true }) parameters: unknown,
  ) {
    const input = inputOf(query, parameters);
    return this.queries.explain(input.query, input.query_parameters);
  }
}
