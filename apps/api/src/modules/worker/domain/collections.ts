import type { CollectionResult, CollectionSpec, Spec, StatusTicket } from '#wire';
import { cleanText } from './clean-text.js';
import { type PresentObject, rowsOf } from './judge.js';

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
  /** The spec's own; what the spec does not declare has no tables, so nothing of it is read. */
  schema: unknown;
  rowCounts: Record<string, number>;
  rows: number;
  droppedColumns: string[];
  nullCoerced: number;
  reportedAt: string;
}

/** The collections that a spec declares, by name. */
export const declaredCollections = (spec: Spec): Map<string, CollectionSpec> =>
  new Map(
    spec.actions.flatMap((action) =>
      action.__type__ === 'Collect' ? [[action.collection.name, action.collection]] : [],
    ),
  );

/** Every collection of a ticket whose object is there, pinned to what the bucket has now. */
export const pinCollections = (
  ticket: StatusTicket,
  at: Date,
  declared: ReadonlyMap<string, CollectionSpec>,
  objects: ReadonlyMap<string, PresentObject>,
): PinnedCollection[] => {
  const claims: CollectionResult[] = [
    ...ticket.collections,
    ...(ticket.files_collection === undefined ? [] : [ticket.files_collection]),
  ];
  return claims.flatMap((claim) => {
    const present = objects.get(claim.key);
    if (present === undefined) return [];
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
      schema: declared.get(claim.name) ?? { __type__: 'Collection', name: claim.name, tables: [] },
      rowCounts: Object.fromEntries(Object.entries(claim.rows).map(([table, n]) => [cleanText(table), n])),
      rows: rowsOf(claim),
      droppedColumns: claim.dropped_columns.map(cleanText),
      nullCoerced: claim.null_coerced,
      reportedAt: at.toISOString(),
    };
  });
};
