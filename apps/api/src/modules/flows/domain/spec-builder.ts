import {
  actionCapability,
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
import { checkedQuery, launchAction } from './launch-action.js';

const DAY_MS = 86_400_000;
/** How long a flow waits for its client and a hunt for its fleet, when the caller does not say. */
const DEFAULT_LIFE_MS = { flow: 7 * DAY_MS, hunt: 7 * DAY_MS };

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
  const conditionSources = input.condition === undefined ? [] : checkedQuery(input.condition, '/condition');
  const { action, sources, capabilities } = launchAction(input);
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
        ...capabilities,
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
