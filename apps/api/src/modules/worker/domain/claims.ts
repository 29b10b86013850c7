import type { CollectionResult, StatusTicket } from '#wire';

/** An object in the bucket. */
export interface PresentObject {
  size: number;
  etag: string;
}

/** Every collection that a ticket names. */
export const claimedCollections = (ticket: StatusTicket): CollectionResult[] => [
  ...ticket.collections,
  ...(ticket.files_collection === undefined ? [] : [ticket.files_collection]),
];

/** Rows of a collection, summed over its tables. */
export const rowsOf = (collection: CollectionResult): number =>
  Object.values(collection.rows).reduce((sum, n) => sum + n, 0);
