/** Everything that can be allowed. `resource.action`; docs/permissions.md says who has which. */
export const PERMISSIONS = {
  'me.read': 'See one’s own user, grants and permissions',
  'me.password': 'Change one’s own password',
  'tokens.manage': 'Make, list and revoke one’s own API tokens',
  'queries.check': 'Check and explain queries, without running them',
  'clients.read': 'List and see clients',
  'clients.label': 'Give labels of one’s own scope to clients of it, and take them away',
  'flows.read': 'List and see flows on clients',
  'flows.create': 'Launch a flow on a client',
  'flows.cancel': 'Cancel a flow on a client',
  'hunts.read': 'List and see hunts, with the clients of one’s own scope',
  'hunts.create': 'Create a hunt over labels of one’s own scope',
  'hunts.stop': 'Stop a hunt over labels of one’s own scope',
  'collections.read': 'Read rows of result collections and download them',
  'bucket.read': 'List the bucket and read any object in it',
  'quarantine.read': 'See tickets that were put aside',
  'audit.read': 'Search the audit log',
  'health.read': 'See queue ages, grants and other inner state',
  'users.read': 'See users, and grants of one’s own scope',
  'users.manage': 'Make and disable users and service accounts, and make tokens for service accounts',
  'grants.manage': 'Give and take away grants that one holds oneself',
} as const;

export type Permission = keyof typeof PERMISSIONS;

/** The roles to start from. */
export const ROLES = [
  'Viewer',
  'Examiner',
  'Investigator',
  'Hunter',
  'Approver',
  'Auditor',
  'Administrator',
  'Service',
] as const;
export type RoleName = (typeof ROLES)[number];

export const isRole = (text: string): text is RoleName => (ROLES as readonly string[]).includes(text);

const SELF: Permission[] = ['me.read', 'me.password', 'tokens.manage'];
const VIEW: Permission[] = [...SELF, 'queries.check', 'clients.read', 'hunts.read'];
const EXAMINE: Permission[] = [...VIEW, 'flows.read', 'collections.read'];

/** What each role holds, within the scope of the grant that gives it. */
export const ROLE_PERMISSIONS: Record<RoleName, readonly Permission[]> = {
  Viewer: VIEW,
  Examiner: EXAMINE,
  Investigator: [...EXAMINE, 'clients.label', 'flows.create', 'flows.cancel'],
  Hunter: [...EXAMINE, 'hunts.create', 'hunts.stop'],
  Approver: VIEW,
  Auditor: [...SELF, 'users.read', 'quarantine.read', 'audit.read'],
  Administrator: [
    ...EXAMINE,
    'clients.label',
    'flows.create',
    'flows.cancel',
    'hunts.create',
    'hunts.stop',
    'bucket.read',
    'quarantine.read',
    'audit.read',
    'health.read',
    'users.read',
    'users.manage',
    'grants.manage',
  ],
  Service: ['me.read', 'health.read'],
};
