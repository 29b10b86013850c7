import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/access/access.decorator.js';
import {
  ExplanationModel,
  QueryInput,
  renderExplanation,
  renderValidation,
  ValidationInput,
  ValidationModel,
} from './dto/query.input.js';
import { QueriesService } from './queries.service.js';

@ApiTags('queries')
@ApiBearerAuth()
@Controller('queries')
export class QueriesController {
  constructor(private readonly queries: QueriesService) {}

  /**
   * Looks for mistakes by what agents declare, in a query or in a bare condition on rows. A malformed one is refused
   * with its place.
   */
  @Post('validate')
  @HttpCode(200)
  @Access('queries.check')
  @ApiOkResponse({ standardSchema: ValidationModel })
  validate(@Body({ schema: ValidationInput }) { query, query_parameters, rows }: ValidationInput) {
    return renderValidation(this.queries.validate(query, query_parameters, rows));
  }

  /** What a query reads, and which of its conditions a source could take over. */
  @Post('explain')
  @HttpCode(200)
  @Access('queries.check')
  @ApiOkResponse({ standardSchema: ExplanationModel })
  explain(@Body({ schema: QueryInput }) { query, query_parameters }: QueryInput) {
    return renderExplanation(this.queries.explain(query, query_parameters));
  }
}
