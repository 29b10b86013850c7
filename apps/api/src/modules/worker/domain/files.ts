import { parseResultKey, type StatusTicket } from '#wire';
import type { PresentObject } from './claims.js';
import { cleanText } from './clean-text.js';

/** An uploaded file as it is pinned; `pathBytes` is base64. */
export interface PinnedFile {
  flowId: string;
  clientId: string;
  attempt: number;
  path: string;
  pathBytes: string;
  key: string;
  etag: string;
  storedBytes: number;
  storedSha256: string;
  contentBytes: number;
  contentSha256: string;
  parts: number | null;
  reportedAt: string;
}

/** Every file of a ticket whose object is there, where files lie, pinned to what the bucket has now. */
export const pinFiles = (ticket: StatusTicket, at: Date, objects: ReadonlyMap<string, PresentObject>): PinnedFile[] =>
  ticket.files.flatMap((claim) => {
    const present = objects.get(claim.key);
    if (present === undefined || parseResultKey(claim.key)?.kind !== 'files') return [];
    return {
      flowId: ticket.flow_id,
      clientId: ticket.client_id,
      attempt: ticket.attempt,
      path: cleanText(claim.path),
      pathBytes: claim.path_bytes,
      key: claim.key,
      etag: present.etag,
      storedBytes: claim.stored_bytes,
      storedSha256: claim.stored_sha256,
      contentBytes: claim.content_bytes,
      contentSha256: claim.content_sha256,
      parts: claim.parts ?? null,
      reportedAt: at.toISOString(),
    };
  });
