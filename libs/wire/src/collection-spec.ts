import { z } from 'zod';

/** Table, column and index names: they become SQL identifiers. */
const SqlName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'a name is a letter or _ and up to 62 of A-Z a-z 0-9 _');

/**
 * Column types. In SQLite: int INTEGER, float REAL, unicode TEXT, bytes BLOB, epoch REAL (seconds since 1970, UTC),
 * bool INTEGER (0 or 1), json TEXT.
 */
export const ColumnType = z.enum(['int', 'float', 'unicode', 'bytes', 'epoch', 'bool', 'json']);
export type ColumnType = z.infer<typeof ColumnType>;

export const ColumnSpec = z.object({ name: SqlName, type: ColumnType, description: z.string().max(1000).optional() });
export type ColumnSpec = z.infer<typeof ColumnSpec>;

export const Table = z
  .object({
    name: SqlName,
    columns: z.array(ColumnSpec).min(1).max(200),
    /** Names of columns that get an index. */
    indexes: z.array(SqlName).max(16).default([]),
  })
  .refine(
    (t) => new Set(t.columns.map((c) => c.name.toLowerCase())).size === t.columns.length,
    'a column name appears twice',
  )
  .refine((t) => t.indexes.every((i) => t.columns.some((c) => c.name === i)), 'an index names no column')
  .refine(
    (t) => t.name.toLowerCase() !== 'metadata' && !t.name.toLowerCase().startsWith('sqlite_'),
    'this table name is reserved',
  );
export type Table = z.infer<typeof Table>;

/** The shape of a result collection, sent by the server: one SQLite file, a `metadata` table and these tables. */
export const CollectionSpec = z
  .object({
    __type__: z.literal('Collection'),
    /** Groups collections of many clients on export; also the `<name>` of its key. */
    name: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'a collection name is a letter and up to 63 of A-Z a-z 0-9 _ -'),
    tables: z.array(Table).min(1).max(16),
  })
  .refine(
    (c) => new Set(c.tables.map((t) => t.name.toLowerCase())).size === c.tables.length,
    'a table name appears twice',
  );
export type CollectionSpec = z.infer<typeof CollectionSpec>;

/** Rows of the table `metadata` (key TEXT PRIMARY KEY, value TEXT) that every collection carries. */
export const METADATA_KEYS = [
  'schema',
  'client_id',
  'flow_id',
  'attempt',
  'spec_digest',
  'query',
  'created_at',
  'finished_at',
  'agent_version',
] as const;
export type MetadataKey = (typeof METADATA_KEYS)[number];
