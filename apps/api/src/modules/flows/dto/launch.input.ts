import { z } from 'zod';
import { ColumnType, DEFAULT_QUOTA, Quota } from '#wire';

const Query = z
  .string()
  .min(1)
  .max(32 * 1024);
const SqlName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, 'a letter and up to 62 of A-Z a-z 0-9 _');
const DAY_SECONDS = 86_400;

const common = {
  description: z.string().max(2000).default(''),
  condition: Query.optional().describe('EFILTER: takes part where this holds, judged by each client'),
  quota: Quota.partial()
    .strict()
    .optional()
    .describe(`Overrides of ${JSON.stringify(DEFAULT_QUOTA)}`),
  expires_in_seconds: z
    .number()
    .int()
    .min(60)
    .max(90 * DAY_SECONDS)
    .optional(),
  spread_seconds: z
    .number()
    .int()
    .min(0)
    .max(7 * DAY_SECONDS)
    .default(0)
    .describe('Clients wait up to this long before they upload'),
  external_ref: z.string().max(200).optional().describe('Your own reference: a ticket or playbook run'),
};

/** Running processes: name, pid, ppid, start time, command line, executable, user. */
export const ListProcessesInput = z
  .strictObject({ type: z.literal('ListProcesses'), ...common })
  .meta({ id: 'ListProcessesInput' });

/** Rows of one EFILTER query, in a collection whose columns you declare; query columns have the same names. */
export const CollectInput = z
  .strictObject({
    type: z.literal('Collect'),
    ...common,
    query: Query.describe('EFILTER, such as: select Name as name, pid from pslist() where pid > 100'),
    query_parameters: z.union([z.array(z.json()).max(100), z.record(z.string(), z.json())]).optional(),
    collection: z.strictObject({
      name: SqlName,
      columns: z
        .array(z.strictObject({ name: SqlName, type: ColumnType }))
        .min(1)
        .max(200),
      indexes: z.array(SqlName).max(16).default([]),
    }),
  })
  .meta({ id: 'CollectInput' });

/** What is asked of a client or a hunt. */
export const LaunchInput = z.discriminatedUnion('type', [ListProcessesInput, CollectInput]).meta({ id: 'LaunchInput' });
export type LaunchInput = z.infer<typeof LaunchInput>;
