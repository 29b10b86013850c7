import { type Permission, PERMISSIONS } from '../../../platform/access/permission.js';

/** Acts that are no permission of their own. */
const OTHER_ACTIONS = [
  'access.unauthenticated',
  'auth.login',
  'auth.logout',
  'auth.refresh',
  'auth.refresh-reuse',
  'clients.queue',
  'clients.register',
  'database.behind',
  'database.rebuild',
  'flows.recount',
  'grants.create',
  'grants.delete',
  'hunts.complete',
  'orphans.remove',
  'tokens.create',
  'tokens.revoke',
  'users.create',
  'users.update',
] as const;

/** What can be on record, and be searched for: a permission that was used or refused, or an act. */
export type AuditAction = Permission | (typeof OTHER_ACTIONS)[number];
export const AUDIT_ACTIONS: readonly AuditAction[] = [...(Object.keys(PERMISSIONS) as Permission[]), ...OTHER_ACTIONS];

/** What an act can be on. */
export const AUDIT_OBJECT_KINDS = [
  'audit',
  'client',
  'collection',
  'database',
  'file',
  'files',
  'flow',
  'grant',
  'hunt',
  'labels',
  'object',
  'orphans',
  'quarantine',
  'route',
  'session',
  'token',
  'user',
] as const;
export type AuditObjectKind = (typeof AUDIT_OBJECT_KINDS)[number];
