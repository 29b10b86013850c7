import { Field, Int, ObjectType } from '@nestjs/graphql';
import type { Constraint, Explanation, SourceUse } from '#efilter';
import { Json } from '../../../platform/graphql/scalars.js';
import type { PlacedDiagnostic, Validation } from '../queries.service.js';

@ObjectType('QueryDiagnostic')
export class QueryDiagnosticObject implements PlacedDiagnostic {
  @Field(() => String, { description: 'error or warning' })
  severity!: PlacedDiagnostic['severity'];

  @Field(() => String)
  message!: string;

  @Field(() => Int, { description: 'Half-open offsets into the text, in UTF-16 units' })
  start!: number;

  @Field(() => Int)
  end!: number;

  @Field(() => Int, { description: 'Lines and columns count from 1' })
  line!: number;

  @Field(() => Int)
  column!: number;
}

@ObjectType('QueryValidation')
export class QueryValidationObject implements Validation {
  @Field(() => Boolean, { description: 'Nothing of it is sure to fail; there may be warnings' })
  valid!: boolean;

  @Field(() => String, { description: 'The canonical text, parameters filled in' })
  text!: string;

  @Field(() => [QueryDiagnosticObject])
  diagnostics!: PlacedDiagnostic[];
}

@ObjectType('QueryConstraint')
export class QueryConstraintObject implements Constraint {
  @Field(() => String)
  column!: string;

  @Field(() => String)
  operator!: Constraint['operator'];

  @Field(() => Json, { nullable: true })
  value!: Constraint['value'];
}

@ObjectType('QuerySql', { description: 'Conditions that SQL could decide, and those that remain' })
export class QuerySqlObject {
  @Field(() => [String])
  pushed!: string[];

  @Field(() => [String])
  rest!: string[];
}

@ObjectType('QuerySource')
export class QuerySourceObject implements SourceUse {
  @Field(() => String)
  name!: string;

  @Field(() => Int)
  start!: number;

  @Field(() => Int)
  end!: number;

  @Field(() => [String], { nullable: true, description: 'Null when whole rows are passed on' })
  columns!: string[] | undefined;

  @Field(() => [QueryConstraintObject], { description: 'Conditions that every row of the answer meets' })
  constraints!: Constraint[];

  @Field(() => Json, { description: 'Parameters by which conditions could be passed, each with its values' })
  arguments!: SourceUse['arguments'];

  @Field(() => QuerySqlObject)
  sql!: SourceUse['sql'];
}

@ObjectType('QueryExplanation')
export class QueryExplanationObject implements Explanation {
  @Field(() => String, { description: 'The canonical text, parameters filled in' })
  text!: string;

  @Field(() => String, { description: 'One node a line, indented, each with its place' })
  tree!: string;

  @Field(() => [QuerySourceObject])
  sources!: SourceUse[];

  @Field(() => [String], { description: 'Library functions, each once' })
  functions!: string[];
}
