import { EfilterError, formatError, parse, sourcesOf } from '#efilter';
import {
  type Action,
  actionCapability,
  type CollectAction,
  DEFAULT_QUOTA,
  type Quota,
  resultsPrefix,
  type Sample,
  Spec,
  specDigest,
  statusPrefix,
  type Target,
} from '#wire';
import { DomainError } from '../../../platform/errors/domain-error.js';
import type { LaunchInput } from '../dto/launch.input.js';

/** The paper’s query, with what an analyst asks next: command line, executable and user. */
const LIST_PROCESSES: CollectAction = {
  __type__: 'Collect',
  queries: { mode_live_api: 'select Name as name, pid, ppid, start_time, cmdline, exe, username from pslist()' },
  collection: {
    __type__: 'Collection',
    name: 'pslist',
    tables: [
      {
        name: 'pslist',
        columns: [
          { name: 'name', type: 'unicode' },
          { name: 'pid', type: 'int' },
          { name: 'ppid', type: 'int' },
          { name: 'start_time', type: 'epoch' },
          { name: 'cmdline', type: 'unicode' },
          { name: 'exe', type: 'unicode' },
          { name: 'username', type: 'unicode' },
        ],
        indexes: ['pid'],
      },
    ],
  },
};

const DAY_MS = 86_400_000;
/** How long a flow waits for its client and a hunt for its fleet, when the caller does not say. */
const DEFAULT_LIFE_MS = { flow: 7 * DAY_MS, hunt: 7 * DAY_MS };

/** Parses a query for its caller: the error shows the place. */
const checkQuery = (text: string, pointer: string): readonly string[] => {
  try {
    return sourcesOf(parse(text));
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    throw new DomainError(
      'invalid',
      'efilter/parse',
      `The query at ${pointer} is not EFILTER:\n${formatError(error, text)}`,
      {
        errors: [{ pointer, code: 'efilter/parse', message: error.message }],
        more: { start: error.start, end: error.end },
        cause: error,
      },
    );
  }
};

/** Parameters are bound while parsing, so a query with them is parsed with them. */
const checkCollect = (input: Extract<LaunchInput, { type: 'Collect' }>): readonly string[] => {
  try {
    return sourcesOf(parse(input.query, input.query_parameters));
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    throw new DomainError(
      'invalid',
      'efilter/parse',
      `The query at /query is not EFILTER:\n${formatError(error, input.query)}`,
      {
        errors: [{ pointer: '/query', code: 'efilter/parse', message: error.message }],
        more: { start: error.start, end: error.end },
        cause: error,
      },
    );
  }
};

const collectAction = (input: Extract<LaunchInput, { type: 'Collect' }>): Action => ({
  __type__: 'Collect',
  queries: { mode_live_api: input.query },
  ...(input.query_parameters === undefined ? {} : { query_parameters: input.query_parameters }),
  collection: {
    __type__: 'Collection',
    name: input.collection.name,
    tables: [{ name: input.collection.name, columns: input.collection.columns, indexes: input.collection.indexes }],
  },
});

export interface Intent {
  flowId: string;
  target: Target;
  sample?: Sample | undefined;
  reportSkips: boolean;
  now: Date;
}

export interface BuiltSpec {
  spec: Spec;
  /** The exact text that is signed. */
  payload: string;
  digest: string;
}

const quotaOf = (asked: LaunchInput['quota']): Quota => ({
  cpu_seconds: asked?.cpu_seconds ?? DEFAULT_QUOTA.cpu_seconds,
  wall_seconds: asked?.wall_seconds ?? DEFAULT_QUOTA.wall_seconds,
  memory_bytes: asked?.memory_bytes ?? DEFAULT_QUOTA.memory_bytes,
  rows: asked?.rows ?? DEFAULT_QUOTA.rows,
  bytes: asked?.bytes ?? DEFAULT_QUOTA.bytes,
});

/**
 * A request as the intent that will be signed, byte for byte. Throws `efilter/parse` with the position for a query or
 * condition that is not EFILTER, `flow/invalid` for columns that a collection cannot have.
 */
export const buildSpec = (input: LaunchInput, intent: Intent): BuiltSpec => {
  const conditionSources = input.condition === undefined ? [] : checkQuery(input.condition, '/condition');
  const [action, sources] =
    input.type === 'ListProcesses' ? [LIST_PROCESSES, ['pslist']] : [collectAction(input), checkCollect(input)];
  const life =
    input.expires_in_seconds === undefined
      ? DEFAULT_LIFE_MS[intent.target.__type__ === 'Labels' ? 'hunt' : 'flow']
      : input.expires_in_seconds * 1000;
  const clientId = intent.target.__type__ === 'Client' ? intent.target.client_id : 'C.0000000000000000';
  const parsed = Spec.safeParse({
    __type__: input.type,
    version: 1,
    flow_id: intent.flowId,
    actions: [action],
    ...(input.condition === undefined ? {} : { condition: input.condition }),
    target: intent.target,
    ...(intent.sample === undefined ? {} : { sample: intent.sample }),
    quota: quotaOf(input.quota),
    spread_seconds: input.spread_seconds,
    report_skips: intent.reportSkips,
    key_prefixes: { tickets: statusPrefix(intent.flowId), results: resultsPrefix(intent.flowId, clientId) },
    created_at: intent.now.toISOString(),
    expires_at: new Date(intent.now.getTime() + life).toISOString(),
    requires: [
      ...new Set([
        actionCapability(action.__type__),
        ...[...sources, ...conditionSources].map((name) => `source.${name}.1`),
        ...(intent.sample === undefined ? [] : ['sample.1']),
      ]),
    ].sort(),
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new DomainError(
      'invalid',
      'flow/invalid',
      `The flow cannot be built: ${issue?.message ?? 'malformed'} (${issue?.path.map(String).join('.') ?? ''})`,
    );
  }
  const payload = JSON.stringify(parsed.data);
  return { spec: parsed.data, payload, digest: specDigest(payload) };
};
