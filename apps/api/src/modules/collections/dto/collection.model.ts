import { z } from 'zod';
import { ClientId, FlowId } from '#wire';
import { pageOf } from '../../../platform/http/paging.js';
import { withoutNulls } from '../../../platform/http/validation.js';
import type { Collection } from '../domain/collection.js';
import type { RowsPage } from '../collections.service.js';

export const CollectionId = z.string().regex(/^CL_[0-9a-f]{16}$/, 'a collection id is CL_ and 16 hex digits');

/** What rows are asked for. */
export const rowsFilter = {
  table: z.string().max(63).optional().describe('The first one unless given'),
  where: z.string().min(1).max(32_768).optional().describe('EFILTER over the columns: pid > 100 and name =~ "ssh"'),
};
export const huntRowsFilter = { ...rowsFilter, collection: z.string().max(64).optional() };

/** The filter alone, of arguments in which null is the same as nothing. */
export const RowsFilter = z.preprocess(withoutNulls, z.object(rowsFilter));
export const HuntRowsFilter = z.preprocess(withoutNulls, z.object(huntRowsFilter));

const Big = z.string().regex(/^\d+$/);
const ColumnModel = z.object({ name: z.string(), type: z.string() });

export const CollectionModel = z
  .object({
    collection_id: z.string(),
    flow_id: FlowId,
    client_id: ClientId,
    attempt: z.number().int(),
    name: z.string(),
    key: z.string(),
    stored_bytes: Big,
    stored_sha256: z.string(),
    content_bytes: Big,
    content_sha256: z.string(),
    rows: Big,
    row_counts: z.unknown().describe('Rows of each table'),
    tables: z.array(z.object({ name: z.string(), columns: z.array(ColumnModel) })),
    dropped_columns: z.array(z.string()).describe('Columns of the query that the spec does not have'),
    null_coerced: Big.describe('Values of a wrong type, stored as NULL'),
    reported_at: z.iso.datetime(),
  })
  .meta({ id: 'Collection' });

export const CollectionsModel = pageOf(CollectionModel).extend({
  partial: z.boolean().describe('You see a part of the fleet: collections of other clients are not here'),
});

export const RowsModel = z
  .object({
    columns: z.array(ColumnModel),
    rows: z.array(z.record(z.string(), z.unknown())),
    next_cursor: z.string().nullable(),
    scanned: z.number().int().describe('Rows that were looked at for this page'),
    partial: z.boolean().describe('You see a part of the fleet: rows of other clients are not here'),
    failures: z
      .array(z.object({ client_id: ClientId, message: z.string() }))
      .describe('Clients whose file could not be read'),
  })
  .meta({ id: 'Rows' });

export const renderCollection = (c: Collection): z.infer<typeof CollectionModel> => ({
  collection_id: c.id,
  flow_id: c.flowId,
  client_id: c.clientId,
  attempt: c.attempt,
  name: c.name,
  key: c.key,
  stored_bytes: String(c.storedBytes),
  stored_sha256: c.storedSha256,
  content_bytes: String(c.contentBytes),
  content_sha256: c.contentSha256,
  rows: String(c.rows),
  row_counts: c.rowCounts,
  tables: c.schema.tables.map((t) => ({ name: t.name, columns: t.columns.map(({ name, type }) => ({ name, type })) })),
  dropped_columns: c.droppedColumns,
  null_coerced: String(c.nullCoerced),
  reported_at: c.reportedAt.toISOString(),
});

/** @param seal makes the opaque cursor of a position */
export const renderRows = <Next>(page: RowsPage<Next>, seal: (next: Next) => string): z.infer<typeof RowsModel> => ({
  columns: page.columns.map(({ name, type }) => ({ name, type })),
  rows: [...page.rows],
  next_cursor: page.next === undefined ? null : seal(page.next),
  scanned: page.scanned,
  partial: page.partial,
  failures: page.failures.map((f) => ({ client_id: f.clientId, message: f.message })),
});
