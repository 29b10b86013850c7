import { z } from 'zod';
import type { QuarantineEntry } from '../domain/quarantine-entry.js';

export const QuarantineModel = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    key: z.string(),
    reason: z.string(),
    detail: z.string(),
    client_id: z.string().nullable().describe('Whose name was used; says nothing about who sent it'),
    flow_id: z.string().nullable(),
    archive_key: z.string().nullable().describe('The object under quarantine/ that holds the bytes'),
  })
  .meta({ id: 'QuarantineEntry' });

export const renderQuarantine = (q: QuarantineEntry): z.infer<typeof QuarantineModel> => ({
  id: String(q.id),
  at: q.at.toISOString(),
  key: q.key,
  reason: q.reason,
  detail: q.detail,
  client_id: q.clientId,
  flow_id: q.flowId,
  archive_key: q.archiveKey,
});
