import { z } from 'zod';
import { ClientId, FlowId } from '#wire';
import { pageOf } from '../../../platform/http/paging.js';
import { type CollectedFile, contentUrl } from '../domain/collected-file.js';

export const FileId = z.string().regex(/^FI_[0-9a-f]{16}$/, 'a file id is FI_ and 16 hex digits');

const Big = z.string().regex(/^\d+$/);

export const FileModel = z
  .object({
    file_id: z.string(),
    flow_id: FlowId,
    client_id: ClientId,
    attempt: z.number().int(),
    path: z.string().describe('As the agent shows it'),
    path_bytes: z.string().describe('Exactly, in base64'),
    key: z.string().describe('Of a file in parts: that of its index.json'),
    stored_bytes: Big,
    stored_sha256: z.string(),
    content_bytes: Big,
    content_sha256: z.string(),
    parts: z.number().int().nullable().describe('null: one object'),
    reported_at: z.iso.datetime(),
    url: z.string().describe('Where its content is read, on this host'),
  })
  .meta({ id: 'CollectedFile' });

export const FilesModel = pageOf(FileModel).extend({
  partial: z.boolean().describe('You see a part of the fleet: files of other clients are not here'),
});

export const renderFile = (f: CollectedFile): z.infer<typeof FileModel> => ({
  file_id: f.id,
  flow_id: f.flowId,
  client_id: f.clientId,
  attempt: f.attempt,
  path: f.path,
  path_bytes: Buffer.from(f.pathBytes).toString('base64'),
  key: f.key,
  stored_bytes: String(f.storedBytes),
  stored_sha256: f.storedSha256,
  content_bytes: String(f.contentBytes),
  content_sha256: f.contentSha256,
  parts: f.parts,
  reported_at: f.reportedAt.toISOString(),
  url: contentUrl(f.id),
});
