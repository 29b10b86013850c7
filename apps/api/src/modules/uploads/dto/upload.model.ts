import { z } from 'zod';
import { ClientId } from '#wire';
import type { ClientUsage, Orphan } from '../domain/upload.js';

const Big = z.string().regex(/^\d+$/);

export const UsageModel = z.object({ client_id: ClientId, bytes: Big, objects: Big }).meta({ id: 'ClientUsage' });

export const OrphanModel = z
  .object({
    key: z.string(),
    bytes: Big,
    client_id: z.string().nullable().describe('Whose name is in the key; says nothing about who wrote it'),
    flow_id: z.string().nullable(),
    first_seen_at: z.iso.datetime().describe('It is removed a week later, when it is still one'),
    seen_at: z.iso.datetime(),
  })
  .meta({ id: 'Orphan' });

/** Where a list of usage goes on. */
export const UsagePosition = z.tuple([Big, ClientId]);
export type UsagePosition = z.infer<typeof UsagePosition>;

export const usagePosition = ({ bytes, clientId }: ClientUsage): UsagePosition => [String(bytes), clientId];
export const belowUsage = (after: UsagePosition | undefined): { bytes: bigint; clientId: string } | undefined =>
  after === undefined ? undefined : { bytes: BigInt(after[0]), clientId: after[1] };

export const renderUsage = (u: ClientUsage): z.infer<typeof UsageModel> => ({
  client_id: u.clientId,
  bytes: String(u.bytes),
  objects: String(u.objects),
});

export const renderOrphan = (o: Orphan): z.infer<typeof OrphanModel> => ({
  key: o.key,
  bytes: String(o.bytes),
  client_id: o.clientId,
  flow_id: o.flowId,
  first_seen_at: o.firstSeenAt.toISOString(),
  seen_at: o.seenAt.toISOString(),
});
