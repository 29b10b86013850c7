import { z } from 'zod';

/** `?limit=&cursor=` of every list. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(50).describe('Rows of a page'),
  cursor: z.string().max(4000).optional().describe('next_cursor of the page before'),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** A page of a list. `next_cursor` is null on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Position in a list that is newest first: the time that an object was made, and its id. */
export const NewestPosition = z.tuple([z.iso.datetime(), z.string()]);
export type NewestPosition = z.infer<typeof NewestPosition>;

export const newestPosition = ({ createdAt, id }: { createdAt: Date; id: string }): NewestPosition => [
  createdAt.toISOString(),
  id,
];

/** What a list reads below of; undefined on the first page. */
export const below = (after: NewestPosition | undefined): { at: Date; id: string } | undefined =>
  after === undefined ? undefined : { at: new Date(after[0]), id: after[1] };
