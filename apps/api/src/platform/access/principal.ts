import type { RoleName } from './permission.js';

/** A grant in force: role x scope. Scopes: `*`, `label:<label>`, `client:<client_id>`. */
export interface GrantInForce {
  role: RoleName;
  scope: string;
  /** When it ends; null: never. */
  validUntil: Date | null;
}

/** Who calls: the first argument of every service method. */
export interface Principal {
  userId: string;
  userName: string;
  tokenId?: string;
  /** Signed in with a password: the session. */
  sessionId?: string;
  /** The user's grants that are valid now. */
  grants: readonly GrantInForce[];
  /** A token's own grants, when it has any: it may do what both allow. */
  tokenGrants?: readonly GrantInForce[];
  requestId: string;
  address: string;
}
