import { randomBytes } from 'node:crypto';
import { type AccessWorld, FILE_TEXT, MINE, MINE_TOO, type Standing, THEIRS } from './access-world.js';
import type { Case } from './access-table.js';
import { PASSWORD } from './people.js';

/** A request of a cell. */
export interface Call {
  path: string;
  body?: object;
  /** What a list has in it, or has not. */
  object?: string;
  /** Another caller than the cell's. */
  token?: string;
}

/** Who asks. */
export interface Asker {
  userId: string;
  token: string;
  role: string;
}

type Make = (which: Case, world: AccessWorld, asker: Asker) => Promise<Call> | Call;

const standing = (which: Case, world: AccessWorld): Standing =>
  which === 'other' ? world.theirs : which === 'gone' ? world.gone : world.mine;
const fresh = (): string => `x-${randomBytes(6).toString('hex')}`;
const soon = (): string => new Date(Date.now() + 600_000).toISOString();
const NO_ID = 'not-an-id';

/** A list: its query is malformed in the bad case. */
const list =
  (path: string, object: (at: Standing, world: AccessWorld, asker: Asker) => string | Promise<string>): Make =>
  async (which, world, asker) => ({
    path: `${path}?limit=${which === 'bad' ? 'many' : '1000'}`,
    object: await object(standing(which, world), world, asker),
  });
/** Something under the id of a standing object. */
const one =
  (path: (id: string) => string, id: (at: Standing) => string, object?: (at: Standing) => string): Make =>
  (which, world) => {
    const at = standing(which, world);
    return { path: path(which === 'bad' ? NO_ID : id(at)), ...(object === undefined ? {} : { object: object(at) }) };
  };
const clientOf = (at: Standing): string => at.clientId;
const flowOf = (at: Standing): string => at.flowId;
const huntOf = (at: Standing): string => at.huntId;
const fileOf = (at: Standing): string => at.fileId;
const collectionOf = (at: Standing): string => at.collectionId;

/** A change of a client: one's own is a new one, with a label of one's own scope. */
const clientFor = async (which: Case, world: AccessWorld): Promise<string> =>
  which === 'own' ? world.client(MINE) : which === 'bad' ? NO_ID : standing(which, world).clientId;

const users: Record<string, Make> = {
  'GET /users': (which, world) => ({
    path: `/users?limit=${which === 'bad' ? '0' : '1000'}`,
    object: which === 'gone' ? world.goneUser : world.standingUser,
  }),
  'POST /users': (which) => ({ path: '/users', body: { name: which === 'bad' ? '' : fresh(), kind: 'service' } }),
  'GET /users/:user_id': (which, world) => ({
    path: `/users/${which === 'bad' ? NO_ID : which === 'gone' ? world.goneUser : world.standingUser}`,
  }),
  'PATCH /users/:user_id': async (which, world) => ({
    path: `/users/${which === 'bad' ? NO_ID : which === 'gone' ? world.goneUser : await world.user()}`,
    body: { name: fresh() },
  }),
  'GET /grants': list('/grants', (at) => at.grantId),
  'POST /grants': async (which, world) => ({
    path: '/grants',
    body: {
      user_id: which === 'gone' ? world.goneUser : await world.user(),
      role: which === 'bad' ? 'Root' : 'Viewer',
      scope: `label:${which === 'other' ? THEIRS : MINE}`,
    },
  }),
  'DELETE /grants/:grant_id': async (which, world) => ({
    path: `/grants/${
      which === 'own'
        ? await world.grant(await world.user(), 'Viewer', `label:${MINE}`)
        : which === 'bad'
          ? NO_ID
          : standing(which, world).grantId
    }`,
  }),
};

const auth: Record<string, Make> = {
  'POST /auth/login': async (which, world, { role }) => {
    const email = `${fresh()}@example.org`;
    const user = which === 'bad' ? undefined : await world.user({ email, grant: [role, '*'] });
    if (which === 'gone') await world.api.sql.query('DELETE FROM users WHERE id = $1', [user]);
    return { path: '/auth/login', body: { email: which === 'bad' ? 5 : email, password: PASSWORD } };
  },
  'POST /auth/refresh': async (which, world) => refreshing('/auth/refresh', which, world),
  'POST /auth/logout': async (which, world) => refreshing('/auth/logout', which, world),
  'GET /me': () => ({ path: '/me' }),
  'POST /me/password': async (which, world, { role }) => ({
    path: '/me/password',
    body: { present_password: PASSWORD, new_password: which === 'bad' ? 'short' : 'another good password' },
    token: (await world.token(await world.user({ grant: [role, `label:${MINE}`] }))).token,
  }),
  'GET /tokens': (which, world, asker) => ({
    path: `/tokens?limit=${which === 'bad' ? '1001' : '1000'}${
      which === 'other' ? `&user_id=${world.standingUser}` : which === 'gone' ? `&user_id=${world.goneUser}` : ''
    }`,
    object: asker.token.split('.')[0]!,
  }),
  'POST /tokens': (which, world, asker) => ({
    path: '/tokens',
    body: {
      name: fresh(),
      expires_at: which === 'bad' ? 'soon' : soon(),
      grants: [{ role: asker.role, scope: `label:${which === 'other' ? THEIRS : MINE}` }],
      ...(which === 'gone' ? { user_id: world.goneUser } : {}),
    },
  }),
  'DELETE /tokens/:token_id': async (which, world, asker) => {
    if (which === 'bad') return { path: `/tokens/${NO_ID}` };
    const { id } = await world.token(which === 'own' ? asker.userId : world.standingUser);
    if (which === 'gone') await world.api.sql.query('DELETE FROM api_tokens WHERE id = $1', [id]);
    return { path: `/tokens/${id}` };
  },
};

const refreshing = async (path: string, which: Case, world: AccessWorld): Promise<Call> => {
  if (which === 'bad') return { path, body: { refresh_token: [] } };
  const user = await world.user();
  const token = await world.refreshToken(user);
  if (which === 'gone') await world.api.sql.query('DELETE FROM users WHERE id = $1', [user]);
  return { path, body: { refresh_token: token } };
};

const fleet: Record<string, Make> = {
  'GET /clients': list('/clients', clientOf),
  'GET /clients/:client_id': one((id) => `/clients/${id}`, clientOf),
  'GET /labels': (which) => ({
    path: `/labels?limit=${which === 'bad' ? 'many' : '1000'}`,
    object: `"${which === 'other' ? THEIRS : MINE}"`,
  }),
  'POST /clients/labels': async (which, world) => ({
    path: '/clients/labels',
    // One that is not within scope among others that are: nothing may change.
    body: { clients: [await world.client(MINE), await clientFor(which, world)], add: [MINE_TOO] },
  }),
  'PUT /clients/:client_id/labels/:label': async (which, world) => ({
    path: `/clients/${await clientFor(which, world)}/labels/${MINE_TOO}`,
  }),
  'DELETE /clients/:client_id/labels/:label': async (which, world) => ({
    path: `/clients/${await clientFor(which, world)}/labels/${MINE}`,
  }),
  'POST /clients/:client_id/flows': async (which, world) => ({
    path: `/clients/${await clientFor(which, world)}/flows`,
    body: { type: 'ListProcesses' },
  }),
  'GET /flows': list('/flows', flowOf),
  'GET /flows/:flow_id': one((id) => `/flows/${id}`, flowOf),
  'POST /flows/:flow_id/cancel': async (which, world) => ({
    path: `/flows/${
      which === 'own'
        ? await world.flow(await world.client(MINE))
        : which === 'bad'
          ? NO_ID
          : standing(which, world).flowId
    }/cancel`,
  }),
  'POST /hunts': (which) => ({
    path: '/hunts',
    body: { type: 'ListProcesses', labels: which === 'bad' ? [] : [which === 'other' ? THEIRS : MINE] },
  }),
  'GET /hunts': list('/hunts', huntOf),
  'GET /hunts/:hunt_id': one((id) => `/hunts/${id}`, huntOf),
  'GET /hunts/:hunt_id/clients': one((id) => `/hunts/${id}/clients`, huntOf, clientOf),
  'GET /hunts/:hunt_id/recruitment': one((id) => `/hunts/${id}/recruitment`, huntOf),
  'POST /hunts/:hunt_id/stop': async (which, world) => ({
    path: `/hunts/${which === 'own' ? await world.hunt(MINE) : which === 'bad' ? NO_ID : standing(which, world).huntId}/stop`,
    body: {},
  }),
};

const query =
  (path: string): Make =>
  (which) => ({
    path,
    body: { query: which === 'bad' ? 'select,, ppid from pslist()' : 'select pid from pslist()' },
  });

const queries: Record<string, Make> = {
  'POST /queries/validate': query('/queries/validate'),
  'POST /queries/explain': query('/queries/explain'),
};

const evidence: Record<string, Make> = {
  'GET /hunts/:hunt_id/rows': one((id) => `/hunts/${id}/rows`, huntOf, clientOf),
  'GET /collections': list('/collections', collectionOf),
  'GET /collections/:collection_id': one((id) => `/collections/${id}`, collectionOf),
  'GET /collections/:collection_id/rows': one(
    (id) => `/collections/${id}/rows`,
    collectionOf,
    () => '7000000000111',
  ),
  'GET /collections/:collection_id/download': one((id) => `/collections/${id}/download`, collectionOf),
  'GET /files': list('/files', fileOf),
  'GET /files/:file_id': one((id) => `/files/${id}`, fileOf),
  'GET /files/:file_id/content': one(
    (id) => `/files/${id}/content`,
    fileOf,
    () => FILE_TEXT,
  ),
  'GET /uploads/usage': list('/uploads/usage', clientOf),
  'GET /uploads/orphans': list('/uploads/orphans', (at) => at.orphanKey),
  'GET /bucket': async (which, world) => ({
    path: `/bucket?prefix=${which === 'gone' ? 'hunts/H_gone/' : 'hunts/'}&limit=${which === 'bad' ? 'x' : '1000'}`,
    object: await world.keyOf(world.mine.collectionId),
  }),
  'GET /bucket/object': async (which, world) => ({
    path: `/bucket/object${
      which === 'bad' ? '' : `?key=${which === 'gone' ? 'hunts/gone' : await world.keyOf(world.mine.collectionId)}`
    }`,
  }),
  'GET /quarantine': list('/quarantine', (at) => at.quarantineKey),
  'GET /audit': (which) => ({ path: `/audit?limit=${which === 'bad' ? '0' : '1'}` }),
};

const health: Record<string, Make> = {
  'GET /health/live': () => ({ path: '/health/live' }),
  'GET /health/ready': () => ({ path: '/health/ready' }),
  'GET /health/status': () => ({ path: '/health/status' }),
};

/** How each route is called in each case. */
export const CALLS: Readonly<Record<string, Make>> = {
  ...health,
  ...auth,
  ...users,
  ...fleet,
  ...queries,
  ...evidence,
};
