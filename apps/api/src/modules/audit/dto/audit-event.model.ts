import { z } from 'zod';
import { PageQuery } from '../../../platform/http/paging.js';
import type { AuditEvent } from '../domain/audit-event.js';
import { AUDIT_OUTCOMES } from '../domain/audit-record.js';
import { AUDIT_ACTIONS, AUDIT_OBJECT_KINDS } from '../domain/vocabulary.js';

const plain = /^[^\p{Cc}\p{Cs}]+$/u;
const time = z.iso.datetime({ offset: true, message: 'expected an ISO 8601 time with a zone' });

/** `GET /audit`: all that is given must hold. */
export const AuditQuery = PageQuery.extend({
  actor: z.string().max(200).regex(plain).optional().describe('A user id, system:worker, system:admin or anonymous'),
  action: z.enum(AUDIT_ACTIONS).optional(),
  object_kind: z.enum(AUDIT_OBJECT_KINDS).optional(),
  object_id: z.string().max(1024).regex(plain).optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  from: time.optional().describe('Events from this time on'),
  to: time.optional().describe('Events before this time'),
}).refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) < Date.parse(to), {
  path: ['to'],
  message: 'to must be after from',
});
export type AuditQuery = z.infer<typeof AuditQuery>;

export const AuditEventModel = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    actor: z.string(),
    token_id: z.string().nullable(),
    action: z.string(),
    object_kind: z.string(),
    object_id: z.string().nullable(),
    outcome: z.enum(AUDIT_OUTCOMES),
    request_id: z.string().nullable(),
    address: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
    seq: z.string().nullable().describe('Its place in the chain; null until it is chained, within two seconds'),
    chain_hash: z.string().nullable(),
  })
  .meta({ id: 'AuditEvent' });

export const renderAuditEvent = (e: AuditEvent): z.infer<typeof AuditEventModel> => ({
  id: String(e.id),
  at: e.at.toISOString(),
  actor: e.actor,
  token_id: e.tokenId,
  action: e.action,
  object_kind: e.objectKind,
  object_id: e.objectId,
  outcome: e.outcome,
  request_id: e.requestId,
  address: e.address,
  details: e.details as Record<string, unknown>,
  seq: e.seq === null ? null : String(e.seq),
  chain_hash: e.chainHash,
});
