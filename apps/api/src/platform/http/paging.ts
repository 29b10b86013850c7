import { z } from 'zod';

const DIGITS = /^\d{1,9}$/;

/**
 * A whole number in a query: plain decimal digits and nothing else (no sign, space, exponent or other base).
 * @param fallback when it is not given
 */
export const decimal = (least: number, most: number, fallback: number) =>
  z
    .preprocess(
      (value) => (typeof value === 'string' && DIGITS.test(value) ? Number(value) : value),
      z
        .number({ error: `expected a number of plain decimal digits, ${least} to ${most}` })
        .int()
        .min(least)
        .max(most)
        .meta({ default: fallback }),
    )
    .default(fallback);

/** `?limit=&cursor=` of every list. */
export const PageQuery = z.strictObject({
  limit: decimal(1, 1000, 50).describe('Rows of a page'),
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
