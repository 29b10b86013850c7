import { type Entry, type EntryState, isHuntId, type SignedFile } from '#wire';

const DAY_MS = 86_400_000;
/** How long a flow stays in its file as `closed` after its end: late results still find a grant. */
const CLOSED_DAYS = 14;

/** A flow or hunt as far as its entry in a job file goes, with its highest attempt. */
export interface LiveFlow {
  id: string;
  clientId: string | null;
  labels: string[];
  entryState: EntryState;
  createdAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
  /** Answered for good by everybody whom it concerns: its entry makes room for others when the file has none. */
  settled: boolean;
  attempt: number;
  spec: SignedFile;
  /** The most bytes that one result object of it may have. */
  maxObjectBytes: number;
}

/** The state that an entry has at `now`; undefined when it is no longer in the file. */
export const entryStateAt = (
  flow: Pick<LiveFlow, 'entryState' | 'expiresAt' | 'endedAt'>,
  now: Date,
): EntryState | undefined => {
  const expired = now >= flow.expiresAt;
  switch (flow.entryState) {
    case 'cancelled':
      return expired ? undefined : 'cancelled';
    case 'open':
    case 'closed': {
      const end = flow.endedAt !== null && flow.endedAt < flow.expiresAt ? flow.endedAt : flow.expiresAt;
      if (flow.entryState === 'open' && !expired) return 'open';
      return now.getTime() < end.getTime() + CLOSED_DAYS * DAY_MS ? 'closed' : undefined;
    }
  }
};

/** The entry, and whether it needs an upload right: what is cancelled delivers nothing. */
export const entryOf = (flow: LiveFlow, now: Date): Entry | undefined => {
  const state = entryStateAt(flow, now);
  if (state === undefined) return undefined;
  const grant = isHuntId(flow.id) ? flow.id : (flow.clientId ?? '');
  return {
    flow_id: flow.id,
    attempt: flow.attempt,
    state,
    spec: flow.spec,
    grants: state === 'cancelled' ? [] : [grant],
  };
};

/** One order for every rendering of the same file. */
export const inFileOrder = (flows: readonly LiveFlow[]): LiveFlow[] =>
  [...flows].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1));

/** What an entry takes in the signed file: as JSON, within a text that is JSON again, and the comma after it. */
const bytesOf = (entry: Entry): number => Buffer.byteLength(JSON.stringify(JSON.stringify(entry))) - 2 + 1;

/**
 * The entries without as many of the settled ones, those that ended first first, as it takes to save so many bytes.
 * Undefined when they do not save enough. Their grants stay in the file: who has something to deliver still can.
 */
export const makeRoom = <T extends { flow: LiveFlow; entry: Entry }>(
  live: readonly T[],
  excessBytes: number,
): T[] | undefined => {
  const settled = live
    .filter(({ flow }) => flow.settled)
    .sort(
      (a, b) => (a.flow.endedAt?.getTime() ?? 0) - (b.flow.endedAt?.getTime() ?? 0) || (a.flow.id < b.flow.id ? -1 : 1),
    );
  const leaving = new Set<T>();
  let saved = 0;
  for (const one of settled) {
    if (saved >= excessBytes) break;
    leaving.add(one);
    saved += bytesOf(one.entry);
  }
  return saved >= excessBytes ? live.filter((one) => !leaving.has(one)) : undefined;
};
