import { Args, Query, Resolver } from '@nestjs/graphql';
import { ROW_KINDS } from '#sources';
import { Access } from '../../platform/access/access.decorator.js';
import { Json } from '../../platform/graphql/scalars.js';
import { parseInput } from '../../platform/http/validation.js';
import { QueryInput, ValidationInput } from './dto/query.input.js';
import { QueryExplanationObject, QueryValidationObject } from './dto/query.object.js';
import { QueriesService } from './queries.service.js';

const given = (name: string, value: unknown): object =>
  value === null || value === undefined ? {} : { [name]: value };

@Resolver()
export class QueriesResolver {
  constructor(private readonly queries: QueriesService) {}

  @Query(() => QueryValidationObject, { nullable: true, description: 'Looks for mistakes by what agents declare' })
  @Access('queries.check')
  validateQuery(
    @Args('query', { type: () => String }) query: string,
    @Args('parameters', { type: () => Json, nullable: true }) parameters: unknown,
    @Args('rows', {
      type: () => String,
      nullable: true,
      description: `It is a bare condition on rows of this kind: ${ROW_KINDS.join(', ')}`,
    })
    rows: unknown,
  ) {
    const input = parseInput(ValidationInput, {
      query,
      ...given('query_parameters', parameters),
      ...given('rows', rows),
    });
    return this.queries.validate(input.query, input.query_parameters, input.rows);
  }

  @Query(() => QueryExplanationObject, { nullable: true, description: 'What a query reads, and what could be pushed' })
  @Access('queries.check')
  explainQuery(
    @Args('query', { type: () => String }) query: string,
    @Args('parameters', { type: () => Json, nullable: true }) parameters: unknown,
  ) {
    const input = parseInput(QueryInput, { query, ...given('query_parameters', parameters) });
    return this.queries.explain(input.query, input.query_parameters);
  }
}
