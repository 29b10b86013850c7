import type { ClientRecord, EntryState, FlowRecord, HuntState, SignedFile } from '#wire';

/** Flows of these clients' and labels' files. */
export interface QueueScope {
  clientIds: readonly string[];
  labels: readonly string[];
}

/** A flow that has something to be signed or recorded. */
export interface PendingFlow {
  id: string;
  type: string;
  description: string;
  creator: string;
  createdAt: Date;
  endedAt: Date | null;
  clientId: string | null;
  labels: string[];
  huntState: string | null;
  request: unknown;
  externalRef: string | null;
}

export interface AttemptRow {
  flowId: string;
  attempt: number;
  specDigest: string;
  specPayload: string;
  protectedPart: string | null;
  signature: string | null;
  sampleBelow: string | null;
}

export interface FlowChangeRow {
  flowId: string;
  seq: number;
  change: string;
  by: string;
  at: Date;
  entryState: EntryState;
  huntState: string | null;
}

export interface ClientChangeRow {
  clientId: string;
  seq: number;
  change: string;
  by: string;
  at: Date;
  identity: string;
  queue: string;
  registeredAt: Date;
  acceptance: string;
  tombstoneAt: Date | null;
  labels: { label: string; at: string; by: string }[];
}

/** A flow or hunt after a change, with all that a rebuild needs and no spec holds. */
export const renderFlowRecord = (
  deployment: string,
  flow: PendingFlow,
  change: FlowChangeRow,
  attempts: { attempt: number; spec_digest: string; spec: SignedFile }[],
): string => {
  const record: FlowRecord = {
    __type__: 'FlowRecord',
    version: 1,
    deployment,
    flow_id: flow.id,
    seq: change.seq,
    change: change.change,
    at: change.at.toISOString(),
    by: change.by,
    creator: flow.creator,
    description: flow.description,
    created_at: flow.createdAt.toISOString(),
    entry_state: change.entryState,
    ...(change.huntState === null ? {} : { hunt_state: change.huntState as HuntState }),
    ...(flow.endedAt === null ? {} : { ended_at: flow.endedAt.toISOString() }),
    attempts,
    request: flow.request,
    ...(flow.externalRef === null ? {} : { external_ref: flow.externalRef }),
  };
  return JSON.stringify(record);
};

/** What is said of a client after a change. */
export const renderClientRecord = (deployment: string, change: ClientChangeRow): string => {
  const record: ClientRecord = {
    __type__: 'ClientRecord',
    version: 1,
    deployment,
    client_id: change.clientId,
    seq: change.seq,
    change: change.change,
    at: change.at.toISOString(),
    by: change.by,
    identity: change.identity,
    queue: change.queue,
    registered_at: change.registeredAt.toISOString(),
    acceptance: change.acceptance as ClientRecord['acceptance'],
    labels: change.labels.map((l) => l.label),
    label_details: change.labels,
    tombstone: change.tombstoneAt !== null,
    ...(change.tombstoneAt === null ? {} : { tombstone_at: change.tombstoneAt.toISOString() }),
  };
  return JSON.stringify(record);
};
