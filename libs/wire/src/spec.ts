import { z } from 'zod';
import { CollectionSpec } from './collection-spec.js';
import { ClientId, FlowId, Instant, isHuntId, Label } from './ids.js';
import { resultsPrefix, statusPrefix } from './bucket-key.js';

/** An EFILTER text; parsed by the agent before it runs, checked by the server before it is signed. */
const Query = z
  .string()
  .min(1)
  .max(32 * 1024);
const QueryParameters = z.union([z.array(z.json()).max(100), z.record(z.string(), z.json())]);

const actionBase = {
  /** EFILTER: the action runs only where this holds. */
  condition: Query.optional(),
};

/** Runs one query of the map, the first whose mode the agent offers, into a collection with one table. */
export const CollectAction = z.object({
  __type__: z.literal('Collect'),
  ...actionBase,
  queries: z
    .record(z.string().regex(/^mode_[a-z0-9_]{1,60}$/), Query)
    .refine((q) => Object.keys(q).length > 0, 'no query'),
  query_parameters: QueryParameters.optional(),
  collection: CollectionSpec,
});
export type CollectAction = z.infer<typeof CollectAction>;

/** A directory listing; symlinks are never followed. `depth` 1 is the directory itself. */
export const ListDirectoryAction = z.object({
  __type__: z.literal('ListDirectory'),
  ...actionBase,
  path: z.string().min(1).max(4096),
  depth: z.int().min(1).max(1000).default(1),
  one_device: z.boolean().default(true),
  filter: Query.optional(),
});
export type ListDirectoryAction = z.infer<typeof ListDirectoryAction>;

const Range = z.object({ min: z.number().optional(), max: z.number().optional() });
/** What a found file must also be. Times are seconds since 1970. */
export const FileCondition = z.discriminatedUnion('__type__', [
  z.object({ __type__: z.literal('Size'), ...Range.shape }),
  z.object({ __type__: z.literal('ModificationTime'), ...Range.shape }),
  z.object({ __type__: z.literal('AccessTime'), ...Range.shape }),
  z.object({ __type__: z.literal('InodeChangeTime'), ...Range.shape }),
  z.object({ __type__: z.literal('Owner'), uid: z.int().optional(), gid: z.int().optional() }),
  z.object({ __type__: z.literal('Mode'), mask: z.int(), value: z.int() }),
  z.object({ __type__: z.literal('ContentsLiteral'), literal: z.base64(), first_bytes: z.int().positive().optional() }),
  z.object({
    __type__: z.literal('ContentsRegex'),
    regex: z.string().max(4096),
    first_bytes: z.int().positive().optional(),
  }),
]);
export type FileCondition = z.infer<typeof FileCondition>;

/** Globs (`*`, `?`, `[]`, `{a,b}`, `**N`, `%%users.homedir%%`), then conditions, then stat, hash or upload. */
export const FileFinderAction = z.object({
  __type__: z.literal('FileFinder'),
  ...actionBase,
  globs: z.array(z.string().min(1).max(4096)).min(1).max(100),
  conditions: z.array(FileCondition).max(20).default([]),
  do: z.enum(['stat', 'hash', 'upload']).default('stat'),
  max_file_bytes: z.int().positive().optional(),
});
export type FileFinderAction = z.infer<typeof FileFinderAction>;

export const GetFilesAction = z.object({
  __type__: z.literal('GetFiles'),
  ...actionBase,
  paths: z.array(z.string().min(1).max(4096)).min(1).max(1000),
  max_file_bytes: z.int().positive().optional(),
});
export type GetFilesAction = z.infer<typeof GetFilesAction>;

/** What the machine is: kernel, names, users, interfaces. Reported in the Startup ticket or as a collection. */
export const InterrogateAction = z.object({ __type__: z.literal('Interrogate'), ...actionBase });
export type InterrogateAction = z.infer<typeof InterrogateAction>;

export const CollectArtifactsAction = z.object({
  __type__: z.literal('CollectArtifacts'),
  ...actionBase,
  artifacts: z
    .array(z.object({ name: z.string().min(1).max(200), definition: z.json() }))
    .min(1)
    .max(100),
});
export type CollectArtifactsAction = z.infer<typeof CollectArtifactsAction>;

export const Action = z.discriminatedUnion('__type__', [
  CollectAction,
  ListDirectoryAction,
  FileFinderAction,
  GetFilesAction,
  InterrogateAction,
  CollectArtifactsAction,
]);
export type Action = z.infer<typeof Action>;

export const FLOW_TYPES = [
  'ListProcesses',
  'ListDirectory',
  'FileFinder',
  'GetFiles',
  'Collect',
  'CollectArtifacts',
  'Interrogate',
] as const;
export const FlowType = z.enum(FLOW_TYPES);
export type FlowType = z.infer<typeof FlowType>;

/** What a flow may use on one client. Over a limit: Error, "Resource exceeded". */
export const Quota = z.object({
  cpu_seconds: z.number().positive().max(86_400),
  wall_seconds: z.number().positive().max(604_800),
  memory_bytes: z.int().positive(),
  rows: z.int().positive(),
  bytes: z.int().positive(),
});
export type Quota = z.infer<typeof Quota>;

/** The defaults of a flow: bytes is what a collection may hold stored (1 GiB). */
export const DEFAULT_QUOTA: Quota = {
  cpu_seconds: 300,
  wall_seconds: 3600,
  memory_bytes: 512 * 1024 * 1024,
  rows: 10_000_000,
  bytes: 1024 * 1024 * 1024,
};

export const Target = z.discriminatedUnion('__type__', [
  z.object({ __type__: z.literal('Client'), client_id: ClientId }),
  z.object({ __type__: z.literal('Labels'), labels: z.array(Label).min(1).max(8) }),
]);
export type Target = z.infer<typeof Target>;

/** `below`: a client takes part when its sample position is lower. */
export const Sample = z.object({ below: z.string().regex(/^[0-9a-f]{16}$/) });
export type Sample = z.infer<typeof Sample>;

/** How a last attempt may have ended for a retry to run. `none`: this client has not run it. */
export const RetryOutcome = z.enum(['Error', 'Crashed', 'Cancelled', 'Rejected', 'none']);
export type RetryOutcome = z.infer<typeof RetryOutcome>;

/** The client of a flow; a hunt's prefixes name none, so any id does. */
const targetClient = (target: Target): string =>
  target.__type__ === 'Client' ? target.client_id : 'C.0000000000000000';

/** Refinements also run over ids that failed their pattern: no key may be built from those. */
const idsAreWell = (s: { flow_id: string; target: Target }): boolean =>
  FlowId.safeParse(s.flow_id).success && ClientId.safeParse(targetClient(s.target)).success;

/**
 * The intent of a flow or hunt: signed once when it is launched or approved, never changed. The SHA-256 of the
 * payload's bytes is the `spec_digest`. What the server alone needs (creator, case, approvals) is never in it.
 */
export const Spec = z
  .looseObject({
    __type__: FlowType,
    version: z.literal(1),
    flow_id: FlowId,
    actions: z.array(Action).min(1).max(100),
    condition: Query.optional(),
    target: Target,
    sample: Sample.optional(),
    quota: Quota,
    spread_seconds: z.int().nonnegative().max(604_800).default(0),
    report_skips: z.boolean().default(false),
    retry: z.object({ only_if_last: z.array(RetryOutcome).min(1) }).optional(),
    /** Where tickets and results go; the agent refuses any other place than the ones its id gives. */
    key_prefixes: z.object({ tickets: z.string().max(900), results: z.string().max(900) }),
    created_at: Instant,
    expires_at: Instant,
    /** Capabilities without which an agent must not run it. */
    requires: z
      .array(z.string().regex(/^[a-z][a-z0-9_.]{0,99}$/))
      .max(200)
      .default([]),
  })
  .refine((s) => (s.target.__type__ === 'Labels') === isHuntId(s.flow_id), {
    path: ['target'],
    message: 'a hunt has labels, a flow a client',
  })
  .refine((s) => idsAreWell(s) && s.key_prefixes.tickets === statusPrefix(s.flow_id), {
    path: ['key_prefixes', 'tickets'],
    message: 'tickets of this flow do not go there',
  })
  .refine((s) => idsAreWell(s) && s.key_prefixes.results === resultsPrefix(s.flow_id, targetClient(s.target)), {
    path: ['key_prefixes', 'results'],
    message: 'results of this flow do not go there',
  })
  .refine((s) => s.expires_at > s.created_at, { path: ['expires_at'], message: 'expires before it is created' });
export type Spec = z.infer<typeof Spec>;

/** What each action of the spec type needs; an entry's `requires` is this plus its sources. */
export const actionCapability = (action: Action['__type__']): string => `action.${action.toLowerCase()}.1`;
