import type { RowColumns } from '#efilter';
import { LISTING_COLLECTION } from '#wire';
import { rowColumnsOf } from './environment.js';

/** Rows that a bare condition such as `st_size > 100` can be about, by the name of what has them. */
export const ROW_KINDS = ['listing'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/** What the rows of each kind have, for `check`. `listing`: what the filter of ListDirectory sees of each entry. */
export const ROW_COLUMNS: Readonly<Record<RowKind, RowColumns>> = {
  listing: rowColumnsOf(LISTING_COLLECTION.tables.flatMap(({ name, columns }) => (name === 'entries' ? columns : []))),
};
