import { z } from 'zod';
import { ColumnType, DEFAULT_QUOTA, Quota } from '#wire';
import { FileConditionInput } from './file-condition.input.js';

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

const Path = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => path.startsWith('/') && !path.includes('\0'), 'an absolute path begins with /')
  .refine((path) => !path.split('/').includes('..'), '.. is not allowed');
const Glob = z
  .string()
  .min(1)
  .max(4096)
  .refine((glob) => /^(?:[/{]|%%users\.homedir%%)/.test(glob) && !glob.includes('\0'), 'an absolute path begins with /')
  .refine((glob) => !glob.split('/').includes('..'), '.. is not allowed')
  .refine((glob) => !/%%(?!users\.homedir%%)[^%/]*%%/.test(glob.replaceAll('%%users.homedir%%', '')), {
    message: 'only %%users.homedir%% is known',
  });
const MaxFileBytes = z.number().int().positive().optional().describe('Larger files are named, not read');

/** What a directory holds, deeper where asked; links are not followed. */
export const ListDirectoryInput = z
  .strictObject({
    type: z.literal('ListDirectory'),
    ...common,
    path: Path,
    depth: z.number().int().min(1).max(1000).default(1).describe('1 is the directory itself'),
    one_device: z.boolean().default(true).describe('Other file systems are left out'),
    filter: Query.optional().describe("EFILTER over the columns: st_size > 1000000 and filename =~ '[.]iso$'"),
  })
  .meta({ id: 'ListDirectoryInput' });

/** Files by globs (`*`, `?`, `[a-z]`, `{a,b}`, `**N`, `%%users.homedir%%`) that fulfil all conditions. */
export const FileFinderInput = z
  .strictObject({
    type: z.literal('FileFinder'),
    ...common,
    globs: z.array(Glob).min(1).max(100),
    conditions: z.array(FileConditionInput).max(20).default([]),
    do: z.enum(['stat', 'hash', 'upload']).default('stat'),
    max_file_bytes: MaxFileBytes,
  })
  .meta({ id: 'FileFinderInput' });

/** Files that are named one by one, whole. */
export const GetFilesInput = z
  .strictObject({
    type: z.literal('GetFiles'),
    ...common,
    paths: z.array(Path).min(1).max(1000),
    max_file_bytes: MaxFileBytes,
  })
  .meta({ id: 'GetFilesInput' });

/** What the machine is: kernel, names, users, interfaces. */
export const InterrogateInput = z
  .strictObject({ type: z.literal('Interrogate'), ...common })
  .meta({ id: 'InterrogateInput' });

/** What is asked of a client or a hunt. */
export const LaunchInput = z
  .discriminatedUnion('type', [
    ListProcessesInput,
    CollectInput,
    ListDirectoryInput,
    FileFinderInput,
    GetFilesInput,
    InterrogateInput,
  ])
  .meta({ id: 'LaunchInput' });
export type LaunchInput = z.infer<typeof LaunchInput>;
