import { DomainError } from '../errors/domain-error.js';
import { type Permission, PERMISSIONS, ROLE_PERMISSIONS, type RoleName } from './permission.js';
import type { GrantInForce, Principal } from './principal.js';

/** The part of the fleet that a permission reaches. Nothing in it means nothing is allowed. */
export interface Scope {
  all: boolean;
  labels: readonly string[];
  clients: readonly string[];
}

/**
 * What a caller may touch with one permission: `own` by the user's grants and, for a token with grants of its own,
 * `token` as well; both must hold. Repositories turn it into SQL for lists and single objects alike.
 */
export interface Reach {
  own: Scope;
  token?: Scope;
}

const NOTHING: Scope = { all: false, labels: [], clients: [] };

const workOut = (grants: readonly GrantInForce[], permission: Permission): Scope => {
  const scopes = grants.filter((g) => ROLE_PERMISSIONS[g.role].includes(permission)).map((g) => g.scope);
  if (scopes.length === 0) return NOTHING;
  const after = (prefix: string) => [
    ...new Set(scopes.filter((s) => s.startsWith(prefix)).map((s) => s.slice(prefix.length))),
  ];
  return { all: scopes.includes('*'), labels: after('label:'), clients: after('client:') };
};

/** What a list of grants was found to give. Lists are never changed, and kept as long as the grants are the same. */
const known = new WeakMap<readonly GrantInForce[], Map<Permission, Scope>>();

const scopeOf = (grants: readonly GrantInForce[], permission: Permission): Scope => {
  const before = known.get(grants) ?? new Map<Permission, Scope>();
  known.set(grants, before);
  const scope = before.get(permission) ?? workOut(grants, permission);
  before.set(permission, scope);
  return scope;
};

/** The reach of one permission. Unknown scope kinds allow nothing. */
export const reachOf = (principal: Principal, permission: Permission): Reach => {
  const own = scopeOf(principal.grants, permission);
  return principal.tokenGrants === undefined ? { own } : { own, token: scopeOf(principal.tokenGrants, permission) };
};

const isEmpty = (scope: Scope): boolean => !scope.all && scope.labels.length === 0 && scope.clients.length === 0;

/** True when the permission reaches anything at all: what a route asks before a service looks at objects. */
export const holdsSomewhere = (principal: Principal, permission: Permission): boolean => {
  const reach = reachOf(principal, permission);
  return !isEmpty(reach.own) && (reach.token === undefined || !isEmpty(reach.token));
};

/** All permissions that reach anything. */
export const heldPermissions = (principal: Principal): Permission[] =>
  (Object.keys(PERMISSIONS) as Permission[]).filter((name) => holdsSomewhere(principal, name));

/** True when the permission reaches the whole fleet. */
export const holdsEverywhere = (principal: Principal, permission: Permission): boolean => {
  const reach = reachOf(principal, permission);
  return reach.own.all && (reach.token === undefined || reach.token.all);
};

const coversLabel = (scope: Scope, label: string): boolean => scope.all || scope.labels.includes(label);

/** True when every client of these labels lies within reach; the label `All` needs `*`. */
export const coversLabels = (principal: Principal, permission: Permission, labels: readonly string[]): boolean => {
  const reach = reachOf(principal, permission);
  const covered = (scope: Scope) => labels.every((label) => (label === 'All' ? scope.all : coversLabel(scope, label)));
  return labels.length > 0 && covered(reach.own) && (reach.token === undefined || covered(reach.token));
};

/** True when a grant's scope lies within reach. A client's scope is covered by `*` and its own id only: labels change. */
export const coversScope = (reach: Reach, scope: string): boolean => {
  const covered = ({ all, labels, clients }: Scope) =>
    all || labels.some((label) => scope === `label:${label}`) || clients.some((id) => scope === `client:${id}`);
  return covered(reach.own) && (reach.token === undefined || covered(reach.token));
};

/** True when the caller holds all that a grant would give, over all of its scope, for at least as long. */
export const holdsGrant = (
  principal: Principal,
  grant: { role: RoleName; scope: string; validUntil: Date | null },
): boolean => {
  const lasting = ({ validUntil: until }: GrantInForce): boolean =>
    until === null || (grant.validUntil !== null && until >= grant.validUntil);
  const { grants, tokenGrants } = principal;
  const limited: Principal = {
    ...principal,
    grants: grants.filter(lasting),
    ...(tokenGrants === undefined ? {} : { tokenGrants: tokenGrants.filter(lasting) }),
  };
  return ROLE_PERMISSIONS[grant.role].every((permission) => coversScope(reachOf(limited, permission), grant.scope));
};

/** True when the reach is the whole fleet: an answer to a narrower one says that it is a part. */
export const isWhole = (reach: Reach): boolean => reach.own.all && (reach.token === undefined || reach.token.all);

/** Throws `access/denied` unless the permission reaches something. */
export const requireSomewhere = (principal: Principal, permission: Permission): void => {
  if (!holdsSomewhere(principal, permission)) throw denied(permission);
};

export const denied = (permission: Permission): DomainError =>
  new DomainError(
    'forbidden',
    'access/denied',
    `This needs the permission ${permission}; ask an administrator for a role that holds it.`,
    {
      more: { permission },
    },
  );
