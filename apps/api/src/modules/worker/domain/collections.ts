import { type CollectionSpec, collectionsOfSpec, parseJson, parseMessage, Spec, type StatusTicket } from '#wire';
import { cleanText } from './clean-text.js';
import { claimedCollections, type PresentObject, rowsOf } from './claims.js';

/** A result collection as it is pinned. */
export interface PinnedCollection {
  flowId: string;
  clientId: string;
  attempt: number;
  name: string;
  key: string;
  etag: string;
  storedBytes: number;
  storedSha256: string;
  contentBytes: number;
  contentSha256: string;
  /** The spec's own, never the file's. */
  schema: CollectionSpec;
  rowCounts: Record<string, number>;
  rows: number;
  droppedColumns: string[];
  nullCoerced: number;
  reportedAt: string;
}

/** A generous bound: the worker itself has signed it. */
const MAX_SPEC_BYTES = 1024 * 1024;

/** The collections that a signed spec lets a client report, by name. */
export const declaredCollections = (specPayload: string): ReadonlyMap<string, CollectionSpec> =>
  collectionsOfSpec(parseMessage(Spec, parseJson(specPayload, 'the spec', MAX_SPEC_BYTES), 'the spec'));

/** Every collection of a ticket whose object is there, pinned to what the bucket has now. */
export const pinCollections = (
  ticket: StatusTicket,
  at: Date,
  declared: ReadonlyMap<string, CollectionSpec>,
  objects: ReadonlyMap<string, PresentObject>,
): PinnedCollection[] => {
  return claimedCollections(ticket).flatMap((claim) => {
    const present = objects.get(claim.key);
    const schema = declared.get(claim.name);
    if (present === undefined || schema === undefined) return [];
    return {
      flowId: ticket.flow_id,
      clientId: ticket.client_id,
      attempt: ticket.attempt,
      name: claim.name,
      key: claim.key,
      etag: present.etag,
      storedBytes: claim.stored_bytes,
      storedSha256: claim.stored_sha256,
      contentBytes: claim.content_bytes,
      contentSha256: claim.content_sha256,
      schema,
      rowCounts: Object.fromEntries(Object.entries(claim.rows).map(([table, n]) => [cleanText(table), n])),
      rows: rowsOf(claim),
      droppedColumns: claim.dropped_columns.map(cleanText),
      nullCoerced: claim.null_coerced,
      reportedAt: at.toISOString(),
    };
  });
};
