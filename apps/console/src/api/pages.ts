import { z } from 'zod';
import type { ApiClient, Query } from './client.js';
import { RowsPage } from './models.js';

/** The largest page that the API gives. */
const LARGEST_PAGE = 1_000;

/** Up to `limit` items of a list, page after page; `more` when there are further ones. */
export const listItems = async <T>(
  api: ApiClient,
  path: string,
  query: Query,
  item: z.ZodType<T>,
  limit: number,
): Promise<{ items: T[]; more: boolean }> => {
  const page = z.looseObject({ items: z.array(item), next_cursor: z.string().nullable() });
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const asked = Math.min(limit - items.length, LARGEST_PAGE);
    const { items: found, next_cursor } = await api.get(path, { ...query, limit: asked, cursor }, page);
    items.push(...found);
    cursor = next_cursor ?? undefined;
  } while (cursor !== undefined && items.length < limit);
  return { items, more: cursor !== undefined };
};

/** Up to `limit` rows of evidence; what the pages say of columns, failures and a partial view is put together. */
export const listRows = async (
  api: ApiClient,
  path: string,
  query: Query,
  limit: number,
): Promise<RowsPage & { more: boolean }> => {
  const all: RowsPage = { columns: [], rows: [], next_cursor: null, partial: false, failures: [] };
  let cursor: string | undefined;
  do {
    const asked = Math.min(limit - all.rows.length, LARGEST_PAGE);
    const page = await api.get(path, { ...query, limit: asked, cursor }, RowsPage);
    if (all.columns.length === 0) all.columns = page.columns;
    all.rows.push(...page.rows);
    all.failures.push(...page.failures);
    all.partial ||= page.partial;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && all.rows.length < limit);
  return { ...all, more: cursor !== undefined };
};
