import { z } from 'zod';
import type { CountBody, DescribeBody, GroupBody, PageBody } from './protocol.js';
import type { Json } from './types.js';

/*
 * What the bodies of answers must be: the process has read hostile bytes, so its answers are checked as any input.
 * What JSON.parse made is Json by construction: cells need no look.
 */

const Cells = z.array(z.custom<Json>());
const Natural = z.int().nonnegative();
const Stopped = z.enum(['time', 'response']);

export const DescribeAnswer: z.ZodType<DescribeBody> = z.object({
  rows: z.array(Natural),
  metadata: z.array(z.tuple([z.string(), z.string()])).max(64),
});

export const PageAnswer: z.ZodType<PageBody> = z.object({
  rows: z.array(Cells),
  next: z.int().exactOptional(),
  scanned: Natural,
  partial: Stopped.exactOptional(),
  tooLarge: Natural,
  mistyped: Natural,
});

export const CountAnswer: z.ZodType<CountBody> = z.object({
  count: Natural,
  scanned: Natural,
  next: z.int().exactOptional(),
  partial: Stopped.exactOptional(),
});

export const GroupAnswer: z.ZodType<GroupBody> = z.object({
  groups: z.array(z.object({ cells: Cells, count: Natural })),
  more: z.boolean(),
});
