import { Injectable } from '@nestjs/common';
import {
  check,
  type Diagnostic,
  EfilterError,
  explain,
  type Explanation,
  parse,
  type Place,
  placeOf,
  print,
  type Query,
  type QueryParams,
} from '#efilter';
import { DECLARED_BY_NAME, DECLARED_SOURCES, pushDown, ROW_COLUMNS, type RowKind } from '#sources';
import { malformedQuery } from '../../platform/efilter/query-error.js';

/** A mistake with its place, as offsets and as line and column, which count from 1. */
export type PlacedDiagnostic = Diagnostic & Place;

/** What is known of a query before it runs. */
export interface Validation {
  /** Whether nothing of it is sure to fail; there may be warnings. */
  readonly valid: boolean;
  /** Its canonical text, parameters filled in. */
  readonly text: string;
  readonly diagnostics: readonly PlacedDiagnostic[];
}

/** Looks at queries by what agents of this version declare; nothing is run. */
@Injectable()
export class QueriesService {
  /**
   * @param rows it is a bare condition on rows of this kind
   * @throws DomainError `efilter/parse` with the place for what is not EFILTER
   */
  validate(text: string, parameters: QueryParams | undefined, rows: RowKind | undefined): Validation {
    const query = this.parsed(text, parameters);
    const row = rows === undefined ? undefined : ROW_COLUMNS[rows];
    const found = check(pushDown(query, DECLARED_BY_NAME), DECLARED_SOURCES, row);
    const diagnostics = found.map((one) => ({ ...one, ...placeOf(text, one.start) }));
    return { valid: !diagnostics.some(({ severity }) => severity === 'error'), text: print(query), diagnostics };
  }

  /** @throws DomainError `efilter/parse` with the place for what is not EFILTER */
  explain(text: string, parameters: QueryParams | undefined): Explanation {
    return explain(this.parsed(text, parameters), DECLARED_SOURCES);
  }

  private parsed(text: string, parameters: QueryParams | undefined): Query {
    try {
      return parse(text, parameters);
    } catch (error) {
      if (!(error instanceof EfilterError)) throw error;
      throw malformedQuery(error, text, '/query');
    }
  }
}
