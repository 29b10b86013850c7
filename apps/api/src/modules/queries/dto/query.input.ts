import { z } from 'zod';
import type { Explanation } from '#efilter';
import { ROW_KINDS } from '#sources';
import type { Validation } from '../queries.service.js';

/** A query to look at. */
export const QueryInput = z
  .strictObject({
    query: z
      .string()
      .min(1)
      .max(32 * 1024)
      .describe('EFILTER, such as: select Name as name, pid from pslist() where pid > 100'),
    query_parameters: z
      .union([z.array(z.json()).max(100), z.record(z.string(), z.json())])
      .optional()
      .describe('Values of ?, {} and {0} as a list, of {name} as an object'),
  })
  .meta({ id: 'QueryInput' });
export type QueryInput = z.infer<typeof QueryInput>;

/** A query to look for mistakes in, or a bare condition on rows. */
export const ValidationInput = QueryInput.extend({
  rows: z
    .enum(ROW_KINDS)
    .optional()
    .describe('It is a bare condition on rows of this kind, such as st_size > 100, the filter of a listing'),
}).meta({ id: 'QueryValidationInput' });
export type ValidationInput = z.infer<typeof ValidationInput>;

const Offset = z.int().min(0).describe('Half-open offsets into the text, in UTF-16 units');

export const ValidationModel = z
  .object({
    valid: z.boolean().describe('Nothing of it is sure to fail; there may be warnings'),
    text: z.string().describe('The canonical text, parameters filled in'),
    diagnostics: z.array(
      z.object({
        severity: z.enum(['error', 'warning']),
        message: z.string(),
        start: Offset,
        end: Offset,
        line: z.int().min(1),
        column: z.int().min(1),
      }),
    ),
  })
  .meta({ id: 'QueryValidation' });

const SourceUseModel = z.object({
  name: z.string(),
  start: Offset,
  end: Offset,
  columns: z.array(z.string()).nullable().describe('Columns that are looked at; null when whole rows are passed on'),
  constraints: z
    .array(z.object({ column: z.string(), operator: z.enum(['==', '<', '<=', '>', '>=', 'in']), value: z.json() }))
    .describe('Leading conditions on single columns, which every row of the answer meets'),
  arguments: z
    .record(z.string(), z.array(z.json()))
    .describe('Parameters by which conditions could be passed, so that the source reads less'),
  sql: z
    .object({ pushed: z.array(z.string()), rest: z.array(z.string()) })
    .describe('Conditions that SQL could decide if the source were a table, and those that remain'),
});

export const ExplanationModel = z
  .object({
    text: z.string().describe('The canonical text, parameters filled in'),
    tree: z.string().describe('One node a line, indented, each with its place'),
    sources: z.array(SourceUseModel),
    functions: z.array(z.string()),
  })
  .meta({ id: 'QueryExplanation' });

export const renderValidation = ({ valid, text, diagnostics }: Validation): z.infer<typeof ValidationModel> => ({
  valid,
  text,
  diagnostics: diagnostics.map(({ severity, message, start, end, line, column }) => ({
    severity,
    message,
    start,
    end,
    line,
    column,
  })),
});

/** What a program gets: literals of a query are JSON values. */
export const renderExplanation = ({ text, tree, sources, functions }: Explanation): object => ({
  text,
  tree,
  sources: sources.map(({ columns, ...source }) => ({ ...source, columns: columns ?? null })),
  functions,
});
