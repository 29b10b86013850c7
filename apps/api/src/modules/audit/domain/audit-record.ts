import type { AuditAction, AuditObjectKind } from './vocabulary.js';

/** How an act ended. */
export const AUDIT_OUTCOMES = ['done', 'denied', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** One act on record. */
export interface AuditRecord {
  at: Date;
  /** A user id, `system:worker`, `system:admin`, or `anonymous`. */
  actor: string;
  tokenId?: string | undefined;
  /** A permission or an act: `hunts.create`, `access.unauthenticated`. */
  action: AuditAction;
  objectKind: AuditObjectKind;
  objectId?: string | undefined;
  outcome: AuditOutcome;
  requestId?: string | undefined;
  address?: string | undefined;
  /** Facts for people; never a secret, never collected data. */
  details: Record<string, string | number | boolean | null | string[]>;
}
