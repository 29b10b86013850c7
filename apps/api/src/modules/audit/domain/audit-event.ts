import type { AuditOutcome } from './audit-record.js';

/** An event as it is found. `seq` is its place in the chain; null until it has one. */
export interface AuditEvent {
  id: bigint;
  at: Date;
  actor: string;
  tokenId: string | null;
  action: string;
  objectKind: string;
  objectId: string | null;
  outcome: AuditOutcome;
  requestId: string | null;
  address: string | null;
  details: unknown;
  seq: bigint | null;
  chainHash: string | null;
}

/** What is searched for; all that is given must hold. `from` is included, `to` is not. */
export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  objectKind?: string | undefined;
  objectId?: string | undefined;
  outcome?: AuditOutcome | undefined;
  from?: string | undefined;
  to?: string | undefined;
}
