import { z } from 'zod';
import { Label } from '#wire';
import {
  CollectInput,
  FileFinderInput,
  GetFilesInput,
  InterrogateInput,
  ListDirectoryInput,
  ListProcessesInput,
} from '../../flows/index.js';

const target = {
  labels: z
    .array(Label)
    .min(1)
    .max(8)
    .refine((labels) => new Set(labels).size === labels.length, 'a label appears twice')
    .describe('Labels that people gave; All is every client'),
  limit: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .optional()
    .describe('At most so many of the clients registered now take part'),
};

/** A hunt: a flow, its labels, and how many clients at most. */
export const HuntInput = z
  .discriminatedUnion('type', [
    ListProcessesInput.extend(target),
    CollectInput.extend(target),
    ListDirectoryInput.extend(target),
    FileFinderInput.extend(target),
    GetFilesInput.extend(target),
    InterrogateInput.extend(target),
  ])
  .meta({ id: 'HuntInput' });
export type HuntInput = z.infer<typeof HuntInput>;

export const StopInput = z
  .strictObject({
    running: z
      .enum(['cancel', 'finish'])
      .default('cancel')
      .describe('What becomes of clients that run it now: cancelled, or may finish'),
    reason: z.string().max(2000).default(''),
  })
  .meta({ id: 'StopInput' });
export type StopInput = z.infer<typeof StopInput>;
