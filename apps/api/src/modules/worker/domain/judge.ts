import {
  ALL_LABEL,
  type CollectionSpec,
  isCollectionBomb,
  isImpossibleContent,
  MAX_COLLECTION_RATIO,
  samplePosition,
  type StatusTicket,
  type StoredObject,
  ticketObjects,
} from '#wire';
import { claimedCollections, type PresentObject, rowsOf } from './claims.js';
import type { Fault } from './stored-ticket.js';

/** A client as intake knows it. */
export interface KnownClient {
  id: string;
  identity: string;
  acceptance: string;
  tombstoned: boolean;
  registeredAt: Date;
  labels: ReadonlySet<string>;
}

/** A flow or hunt as intake knows it. */
export interface KnownFlow {
  id: string;
  isHunt: boolean;
  clientId: string | null;
  labels: string[];
  createdAt: Date;
}

export interface KnownAttempt {
  specDigest: string;
  sampleBelow: string | null;
}

/** What a ticket is judged against. */
export interface Known {
  client: KnownClient;
  flow: KnownFlow | undefined;
  attempt: KnownAttempt | undefined;
  /** The collections that the attempt's spec declares. */
  declared: ReadonlyMap<string, CollectionSpec>;
  objects: ReadonlyMap<string, PresentObject>;
}

/** `rebuild`: the ticket was taken in before; what may have changed since (acceptance, objects purged) is no fault. */
export type Occasion = 'intake' | 'rebuild';

/** What a ticket says of its objects that cannot be, whatever is in them: bounds that keep counters honest. */
const impossible = (ticket: StatusTicket, occasion: Occasion): Fault | undefined => {
  const inflated = ticketObjects(ticket).find((o) => isImpossibleContent(o.key, o.stored_bytes, o.content_bytes));
  if (inflated !== undefined)
    return {
      reason: 'object_mismatch',
      detail: `${inflated.key}: ${inflated.content_bytes} bytes cannot come out of ${inflated.stored_bytes} stored ones`,
    };
  const bomb = claimedCollections(ticket).find((c) => isCollectionBomb(c.stored_bytes, c.content_bytes));
  if (occasion === 'intake' && bomb !== undefined)
    return {
      reason: 'object_mismatch',
      detail: `${bomb.key}: ${bomb.content_bytes} bytes out of ${bomb.stored_bytes} stored ones are more than ${MAX_COLLECTION_RATIO} times as many: no reader unpacks that`,
    };
  const crowded = claimedCollections(ticket).find((c) => rowsOf(c) > c.content_bytes);
  if (crowded !== undefined)
    return {
      reason: 'object_mismatch',
      detail: `${crowded.key}: ${rowsOf(crowded)} rows do not fit into ${crowded.content_bytes} bytes`,
    };
  return undefined;
};

const objectFault = (
  claim: StoredObject,
  present: PresentObject | undefined,
  occasion: Occasion,
): Fault | undefined => {
  if (present === undefined)
    return occasion === 'rebuild'
      ? undefined
      : { reason: 'object_missing', detail: `${claim.key} is not in the bucket` };
  if (present.size === claim.stored_bytes) return undefined;
  return {
    reason: 'object_mismatch',
    detail: `${claim.key}: the ticket says ${claim.stored_bytes} bytes, the bucket has ${present.size}`,
  };
};

/** A client reports what it was asked for, each under its own name; where it lies says that name too. */
const undeclared = (ticket: StatusTicket, declared: ReadonlyMap<string, CollectionSpec>): Fault | undefined => {
  const claim = claimedCollections(ticket).find((c) => !declared.has(c.name));
  if (claim === undefined) return undefined;
  return { reason: 'object_mismatch', detail: `${claim.key}: the spec declares no collection ${claim.name}` };
};

/** An object is claimed once: else counters would count it again. */
const repeated = (ticket: StatusTicket): Fault | undefined => {
  const seen = new Set<string>();
  for (const { key } of ticketObjects(ticket)) {
    if (seen.has(key)) return { reason: 'object_mismatch', detail: `${key} is claimed twice` };
    seen.add(key);
  }
  return undefined;
};

const targetFault = (flow: KnownFlow, attempt: KnownAttempt, client: KnownClient): Fault | undefined => {
  if (!flow.isHunt)
    return flow.clientId === client.id
      ? undefined
      : { reason: 'not_in_target', detail: `${flow.id} is for ${flow.clientId ?? 'nobody'}` };
  if (!flow.labels.includes(ALL_LABEL) && !flow.labels.some((label) => client.labels.has(label)))
    return { reason: 'not_in_target', detail: `${flow.id} is for ${flow.labels.join(', ')}` };
  if (attempt.sampleBelow === null) return undefined;
  if (samplePosition(flow.id, client.id) >= attempt.sampleBelow)
    return { reason: 'not_in_sample', detail: `the sample of ${flow.id} ends below this client` };
  if (client.registeredAt > flow.createdAt)
    return { reason: 'not_in_sample', detail: `registered after ${flow.id} took its sample` };
  return undefined;
};

/**
 * Why a sound status ticket of a known client is put aside, or undefined. Says nothing of the state machine: what comes
 * after a final state is no fault.
 */
export const judgeStatus = (
  ticket: StatusTicket,
  identity: string,
  known: Known,
  occasion: Occasion,
): Fault | undefined => {
  const { client, flow, attempt } = known;
  if (identity !== client.identity)
    return { reason: 'key_conflict', detail: `signed with key ${identity}; ${client.id} is ${client.identity}` };
  if (occasion === 'intake' && (client.acceptance !== 'accepted' || client.tombstoned))
    return {
      reason: 'not_accepted',
      detail: client.tombstoned ? 'the client was removed' : `the client is ${client.acceptance}`,
    };
  if (flow === undefined) return { reason: 'unknown_flow', detail: `there is no ${ticket.flow_id}` };
  if (attempt?.specDigest !== ticket.spec_digest)
    return {
      reason: 'digest_mismatch',
      detail:
        attempt === undefined
          ? `${flow.id} has no attempt ${ticket.attempt}`
          : `attempt ${ticket.attempt} of ${flow.id} has another spec`,
    };
  return (
    targetFault(flow, attempt, client) ??
    undeclared(ticket, known.declared) ??
    repeated(ticket) ??
    impossible(ticket, occasion) ??
    ticketObjects(ticket)
      .map((claim) => objectFault(claim, known.objects.get(claim.key), occasion))
      .find((fault) => fault !== undefined)
  );
};
