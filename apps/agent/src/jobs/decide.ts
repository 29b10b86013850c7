import {
  actionCapability,
  checkStartable,
  isHuntId,
  Refusal,
  samplePosition,
  type Spec,
  START_ALLOWANCE_MS,
} from '#wire';
import { sourceCapability } from '../capabilities.js';
import type { AttemptRecord } from '../state/agent-state.js';
import { localFileProblem } from '#locations/agent';
import { type JobEntry, localFileOf } from './job-entry.js';

/** What an agent knows when it judges an entry. */
export interface AgentView {
  clientId: string;
  agentVersion: string;
  capabilities: ReadonlySet<string>;
  /** What this version could do and the configuration does not allow. */
  denied: ReadonlySet<string>;
  /** The sources that a flow would read; asked only where something is denied. */
  sourcesIn: (spec: Spec) => readonly string[];
  /** What the configuration allows to be uploaded in a day; undefined: anything. */
  bytesPerDay: number | undefined;
  /** The folder in which jobs may write on this machine; undefined: nowhere. */
  localFolder: string | undefined;
  /** From the client's own JobFile; absent until the server registered it. */
  registeredAt: string | undefined;
  /** Flows created until then are not run; undefined when no state was lost. */
  lostAt: string | undefined;
  /** False once the Manifest's `not_after` has passed: nothing new is started. */
  mayStart: boolean;
  now: Date;
  attemptsOf: (flowId: string) => readonly AttemptRecord[];
}

/**
 * What to do about an entry. `final` means: record that outcome and tell it, nothing runs. `cancel`: it runs now, stop
 * it. `leave`: nothing to do.
 */
export type Decision =
  | { kind: 'run' }
  | { kind: 'cancel' }
  | { kind: 'final'; outcome: 'Rejected' | 'Skipped' | 'Cancelled'; reason: string }
  | { kind: 'leave'; why: string };

const leave = (why: string): Decision => ({ kind: 'leave', why });

/** Whether the spec targets this client, as read from a queue of that role. */
const isTargeted = (entry: JobEntry, clientId: string): boolean => {
  const { target } = entry.head;
  if (target.__type__ === 'Client')
    return entry.role.kind === 'own' && target.client_id === clientId && !isHuntId(entry.flowId);
  return entry.role.kind === 'label' && target.labels.includes(entry.role.label) && isHuntId(entry.flowId);
};

/** The sample rule: position below the bound, and registered no later than the hunt was created. */
export const inSample = (entry: JobEntry, clientId: string, registeredAt: string | undefined): boolean => {
  const { sample, created_at } = entry.head;
  if (sample === undefined) return true;
  if (registeredAt === undefined || Date.parse(registeredAt) > Date.parse(created_at)) return false;
  return samplePosition(entry.flowId, clientId) < sample.below;
};

const startRefusal = (entry: JobEntry, now: Date): string | undefined => {
  const { created_at, expires_at } = entry.head;
  if (entry.spec === undefined) {
    if (now.getTime() > Date.parse(expires_at)) return `expired at ${expires_at}`;
    if (now.getTime() + START_ALLOWANCE_MS < Date.parse(created_at)) return `dated ${created_at}, in the future`;
    return undefined;
  }
  try {
    checkStartable(entry.spec, now);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
};

/** What it names in `requires`, and its actions even where it does not name them: a new action can never fail open. */
const needs = (entry: JobEntry): string[] => [
  ...entry.head.requires,
  ...(entry.spec?.actions ?? []).map((action) => actionCapability(action.__type__)),
];

/** What it asks for beyond what the administrator of this machine allows; undefined when nothing. */
const forbidden = (entry: JobEntry, view: AgentView): string | undefined => {
  const { denied, bytesPerDay, sourcesIn, localFolder } = view;
  const { spec } = entry;
  const local = localFileOf(entry);
  const problem = local === undefined ? undefined : localFileProblem(localFolder, local.path);
  if (problem !== undefined) return `the configuration of this agent does not allow it: ${problem}`;
  const sources = denied.size === 0 || spec === undefined ? [] : sourcesIn(spec).map(sourceCapability);
  const name = [...needs(entry), ...sources].find((needed) => denied.has(needed));
  if (name !== undefined) return `the configuration of this agent does not allow ${name}`;
  if (spec !== undefined && bytesPerDay !== undefined && spec.quota.bytes > bytesPerDay)
    return `the configuration of this agent allows ${bytesPerDay} bytes a day, the flow may use ${spec.quota.bytes}`;
  return undefined;
};

/** The rule of a retry: judged by how the last attempt before it ended here. */
const retryAllows = (entry: JobEntry, earlier: readonly AttemptRecord[]): boolean => {
  const rule = entry.head.retry?.only_if_last;
  if (rule === undefined) return true;
  const last = earlier.toSorted((a, b) => b.attempt - a.attempt)[0];
  if (last === undefined) return rule.includes('none');
  return rule.some((outcome) => outcome === last.outcome);
};

/** Decides about one entry. Pure: the same view gives the same answer. */
export const decide = (entry: JobEntry, view: AgentView): Decision => {
  if (!isTargeted(entry, view.clientId)) return leave('it targets others');
  if (!inSample(entry, view.clientId, view.registeredAt)) return leave('this client is not in its sample');

  const attempts = view.attemptsOf(entry.flowId);
  const known = attempts.find((a) => a.attempt === entry.attempt);
  if (known !== undefined) {
    if (known.outcome !== undefined) return leave(`it ended here: ${known.outcome}`);
    return entry.state === 'cancelled' ? { kind: 'cancel' } : leave('it runs');
  }
  if (entry.state === 'closed') return leave('it is closed');
  const refusal = startRefusal(entry, view.now);
  if (refusal !== undefined) return leave(refusal);
  if (attempts.some((a) => a.attempt > entry.attempt)) return leave('a later attempt was seen');
  if (attempts.some((a) => a.outcome === undefined)) return leave('an earlier attempt runs');
  if (!retryAllows(entry, attempts)) return leave('its retry rule does not hold');
  if (entry.state === 'cancelled')
    return { kind: 'final', outcome: 'Cancelled', reason: 'cancelled before it started' };

  const { lostAt } = view;
  if (lostAt !== undefined && Date.parse(entry.head.created_at) <= Date.parse(lostAt))
    return { kind: 'final', outcome: 'Skipped', reason: 'state lost' };
  const refused = forbidden(entry, view);
  if (refused !== undefined) return { kind: 'final', outcome: 'Rejected', reason: refused };
  const lacking = needs(entry).find((name) => !view.capabilities.has(name));
  if (lacking !== undefined)
    return { kind: 'final', outcome: 'Rejected', reason: `agent ${view.agentVersion} lacks ${lacking}` };
  if (entry.spec === undefined)
    return {
      kind: 'final',
      outcome: 'Rejected',
      reason: `agent ${view.agentVersion} does not understand it: ${entry.problem ?? 'malformed'}`,
    };
  if (!view.mayStart) return leave('the Manifest is past its date: nothing new is started');
  return { kind: 'run' };
};

const isTargetedFlow = (entry: JobEntry): number => (isHuntId(entry.flowId) ? 1 : 0);

/** Targeted flows first, then the oldest; of one attempt that stands in several queues, the first that concerns us. */
export const orderEntries = (entries: readonly JobEntry[], clientId: string): JobEntry[] => {
  const seen = new Map<string, JobEntry>();
  for (const entry of entries) {
    const key = `${entry.flowId}/${entry.attempt}`;
    const before = seen.get(key);
    // Cancelled anywhere is cancelled; else what is closed or open as first read.
    if (
      before === undefined ||
      !isTargeted(before, clientId) ||
      (before.digest === entry.digest && entry.state === 'cancelled')
    )
      seen.set(key, entry);
  }
  return [...seen.values()].toSorted(
    (a, b) =>
      isTargetedFlow(a) - isTargetedFlow(b) ||
      Date.parse(a.head.created_at) - Date.parse(b.head.created_at) ||
      a.flowId.localeCompare(b.flowId) ||
      a.attempt - b.attempt,
  );
};
