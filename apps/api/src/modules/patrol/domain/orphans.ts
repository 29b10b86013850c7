import { parseResultKey, parseTicketKey, type ResultKey } from '#wire';

const DAY_MS = 86_400_000;
/** A flow stays in job files, with its grants, for so long after its end (wire.md, section 3). */
const DELIVERS_MS = 14 * DAY_MS;

/** An object under an agents' prefix. */
export interface UploadedObject {
  key: string;
  bytes: number;
  lastModified: Date;
  /** Undefined: a key that no honest agent writes. */
  result: ResultKey | undefined;
}

/** Whose name is in a key under an agents' prefix, also in one that no honest agent writes; undefined: nobody's. */
export const clientOfKey = (key: string): string | undefined =>
  parseResultKey(key)?.clientId ?? parseTicketKey(key)?.clientId ?? /^(C\.[0-9a-f]{16})\//.exec(key)?.[1];

/** The key of the index that a part of a large file belongs to; undefined for what is no part. */
export const indexKeyOf = (key: string): string | undefined => {
  const [, start] = /^(.+\/[0-9a-f]{32}\/)part-\d{5}\.gz$/.exec(key) ?? [];
  return start === undefined ? undefined : `${start}index.json`;
};

/** What is known of the flow or hunt that a key names. */
export type FlowStanding = { kind: 'known'; endedAt: Date | null } | { kind: 'none' };

/** What Postgres says of one object. */
export interface Knowledge {
  flow: FlowStanding;
  /** A ticket named it, and it was pinned. */
  pinned: boolean;
  /** The client has ended its run of the flow: its ticket, or its `files` collection, may name any file. */
  answered: boolean;
  /** A ticket that the client signed for the flow was put aside: it may name any object, and people may look into it. */
  putAside: boolean;
}

/**
 * Whether nothing names the object and nothing can any more: its own grant has ended, its flow is over, and so are the
 * grants of late deliveries. A flow that may still deliver, however long a large file or a spool takes, has no orphans.
 */
export function isOrphan(object: UploadedObject, known: Knowledge, now: Date, grantMs: number): boolean {
  if (object.lastModified.getTime() + grantMs > now.getTime() || known.pinned) return false;
  if (object.result === undefined) return true;
  if (known.flow.kind === 'none') return true;
  const { endedAt } = known.flow;
  if (endedAt === null || endedAt.getTime() + DELIVERS_MS + grantMs > now.getTime()) return false;
  if (known.putAside) return false;
  return object.result.kind !== 'files' || !known.answered;
}
