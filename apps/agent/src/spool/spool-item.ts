import { z } from 'zod';
import { CollectionResult, FileResult, FINAL_STATES, FlowId, Hex32, Instant } from '#wire';

/** One upload on its way: described here, its bytes in a file beside it. It exists once its descriptor does. */
export const SpoolItem = z.object({
  __type__: z.literal('SpoolItem'),
  version: z.literal(1),
  /** Counts up: the order in which things were put in. */
  id: z.string().regex(/^\d{12}$/),
  kind: z.enum(['ticket', 'result']),
  key: z.string().min(1).max(900),
  content_type: z.string().max(100),
  bytes: z.int().nonnegative(),
  created_at: Instant,
  /** Not uploaded before (`spread_seconds`). */
  not_before: Instant.optional(),
  /** Absent for Startup tickets. */
  flow: z.object({ flow_id: FlowId, attempt: z.int().min(1) }).optional(),
  /** The outcome that this ticket tells: the last item of its flow. */
  final: z.enum(FINAL_STATES).optional(),
  /** What the flow's ticket will say of this result. */
  collection: CollectionResult.optional(),
  /** The same of an uploaded file. */
  file: FileResult.optional(),
  /** The list of the flow's files, where they are too many for the ticket itself. */
  files_collection: CollectionResult.optional(),
  /** A part of a large file: it does not wait for the final ticket. */
  part: z.object({ nonce: Hex32, number: z.int().nonnegative() }).optional(),
});
export type SpoolItem = z.infer<typeof SpoolItem>;

/** What the caller says of a new item. */
export type NewItem = Omit<SpoolItem, '__type__' | 'version' | 'id' | 'bytes' | 'created_at'>;
