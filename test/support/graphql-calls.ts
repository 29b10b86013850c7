import { randomBytes } from 'node:crypto';
import type { Asker } from './access-calls.js';
import type { Case } from './access-table.js';
import { type AccessWorld, MINE, MINE_TOO, type Standing, THEIRS } from './access-world.js';

/** A GraphQL request of a cell. */
export interface GraphqlCall {
  query: string;
  variables?: Record<string, unknown>;
  /** What a list has in it, or has not. */
  object?: string;
}

type Make = (which: Case, world: AccessWorld, asker: Asker) => Promise<GraphqlCall> | GraphqlCall;

const standing = (which: Case, world: AccessWorld): Standing =>
  which === 'other' ? world.theirs : which === 'gone' ? world.gone : world.mine;
const fresh = (): string => `x-${randomBytes(6).toString('hex')}`;
const soon = (): string => new Date(Date.now() + 600_000).toISOString();
const NO_ID = 'not-an-id';

const list =
  (field: string, fields: string, object: (at: Standing, world: AccessWorld, asker: Asker) => string): Make =>
  (which, world, asker) => ({
    query: `query ($first: Int!) { ${field}(first: $first) { nodes { ${fields} } } }`,
    variables: { first: which === 'bad' ? 0 : 1000 },
    object: object(standing(which, world), world, asker),
  });

const one =
  (field: string, fields: string, id: (at: Standing) => string, object?: (at: Standing) => string): Make =>
  (which, world) => {
    const at = standing(which, world);
    return {
      query: `query ($id: ID!) { ${field}(id: $id) { ${fields} } }`,
      variables: { id: which === 'bad' ? NO_ID : id(at) },
      ...(object === undefined ? {} : { object: object(at) }),
    };
  };

const clientOf = (at: Standing): string => at.clientId;
const flowOf = (at: Standing): string => at.flowId;
const huntOf = (at: Standing): string => at.huntId;
const collectionOf = (at: Standing): string => at.collectionId;
const idFor = async (which: Case, own: () => Promise<string>, other: string): Promise<string> =>
  which === 'own' ? own() : which === 'bad' ? NO_ID : other;

const looked =
  (field: string): Make =>
  (which) => ({
    query: `query ($query: String!) { ${field}(query: $query) { text } }`,
    variables: { query: which === 'bad' ? 'select,, ppid from pslist()' : 'select pid from pslist()' },
    object: 'SELECT pid FROM pslist()',
  });

const queries: Record<string, Make> = {
  'Query.validateQuery': looked('validateQuery'),
  'Query.explainQuery': looked('explainQuery'),
  'Query.me': () => ({ query: '{ me { id permissions grants { role scope } } }' }),
  'Query.clients': list('clients', 'id', clientOf),
  'Query.client': one('client', 'id', clientOf, clientOf),
  'Query.labels': (which) => ({
    query: 'query ($first: Int!) { labels(first: $first) { nodes { label clients } } }',
    variables: { first: which === 'bad' ? 0 : 1000 },
    object: `"${which === 'other' ? THEIRS : MINE}"`,
  }),
  'Query.flows': list('flows', 'id state', flowOf),
  'Query.flow': one('flow', 'id state', flowOf, flowOf),
  'Query.hunts': list('hunts', 'id', huntOf),
  'Query.hunt': one('hunt', 'id state', huntOf, huntOf),
  'Query.collections': list('collections', 'id', collectionOf),
  'Query.collection': one('collection', 'id tables { name }', collectionOf, collectionOf),
  'Query.files': list('files', 'id url', (at) => at.fileId),
  'Query.file': one(
    'file',
    'id url',
    (at) => at.fileId,
    (at) => at.fileId,
  ),
  'Query.clientUsage': list('clientUsage', 'clientId bytes', clientOf),
  'Query.orphans': list('orphans', 'key', (at) => at.orphanKey),
  'Query.quarantine': list('quarantine', 'key', (at) => at.quarantineKey),
  'Query.grants': list('grants', 'id', (at) => at.grantId),
  'Query.audit': (which) => ({
    query: 'query ($first: Int!) { audit(first: $first) { nodes { id } } }',
    variables: { first: which === 'bad' ? 0 : 1 },
  }),
  'Query.users': (which, world) => ({
    query: 'query ($first: Int!) { users(first: $first) { nodes { id } } }',
    variables: { first: which === 'bad' ? 0 : 1000 },
    object: which === 'gone' ? world.goneUser : world.standingUser,
  }),
  'Query.user': (which, world) => ({
    query: 'query ($id: ID!) { user(id: $id) { id name } }',
    variables: { id: which === 'bad' ? NO_ID : which === 'gone' ? world.goneUser : world.standingUser },
  }),
  'Query.tokens': (which, world, asker) => ({
    query: 'query ($first: Int!, $userId: ID) { tokens(first: $first, userId: $userId) { nodes { id } } }',
    variables: {
      first: which === 'bad' ? 1001 : 1000,
      userId: which === 'other' ? world.standingUser : which === 'gone' ? world.goneUser : null,
    },
    object: asker.token.split('.')[0]!,
  }),
};

const mutations: Record<string, Make> = {
  'Mutation.changeLabels': async (which, world) => ({
    query: 'mutation ($input: LabelsInput!) { changeLabels(input: $input) { clientId labels } }',
    // One that is not within scope among others that are: nothing may change.
    variables: {
      input: {
        clients: [
          await world.client(MINE),
          await idFor(which, () => world.client(MINE), standing(which, world).clientId),
        ],
        add: [MINE_TOO],
      },
    },
  }),
  'Mutation.launchFlow': async (which, world) => ({
    query: 'mutation ($id: ID!) { launchFlow(clientId: $id, input: { type: "ListProcesses" }) { id } }',
    variables: { id: await idFor(which, () => world.client(MINE), standing(which, world).clientId) },
  }),
  'Mutation.cancelFlow': async (which, world) => ({
    query: 'mutation ($id: ID!) { cancelFlow(id: $id) { id state } }',
    variables: {
      id: await idFor(which, async () => world.flow(await world.client(MINE)), standing(which, world).flowId),
    },
  }),
  'Mutation.createHunt': (which) => ({
    query: 'mutation ($input: HuntInput!) { createHunt(input: $input) { id } }',
    variables: {
      input: { type: 'ListProcesses', labels: which === 'bad' ? [] : [which === 'other' ? THEIRS : MINE] },
    },
  }),
  'Mutation.stopHunt': async (which, world) => ({
    query: 'mutation ($id: ID!) { stopHunt(id: $id) { id state } }',
    variables: { id: await idFor(which, () => world.hunt(MINE), standing(which, world).huntId) },
  }),
  'Mutation.createUser': (which) => ({
    query: 'mutation ($input: UserInput!) { createUser(input: $input) { id } }',
    variables: { input: { name: which === 'bad' ? '' : fresh(), kind: 'service' } },
  }),
  'Mutation.updateUser': async (which, world) => ({
    query: 'mutation ($id: ID!, $patch: UserPatch!) { updateUser(id: $id, patch: $patch) { id } }',
    variables: {
      id: which === 'bad' ? NO_ID : which === 'gone' ? world.goneUser : await world.user(),
      patch: { name: fresh() },
    },
  }),
  'Mutation.createGrant': async (which, world) => ({
    query: 'mutation ($input: GrantInput!) { createGrant(input: $input) { id } }',
    variables: {
      input: {
        userId: which === 'gone' ? world.goneUser : await world.user(),
        role: which === 'bad' ? 'Root' : 'Viewer',
        scope: `label:${which === 'other' ? THEIRS : MINE}`,
      },
    },
  }),
  'Mutation.deleteGrant': async (which, world) => ({
    query: 'mutation ($id: ID!) { deleteGrant(id: $id) }',
    variables: {
      id: await idFor(
        which,
        async () => world.grant(await world.user(), 'Viewer', `label:${MINE}`),
        standing(which, world).grantId,
      ),
    },
  }),
  'Mutation.createToken': (which, world, asker) => ({
    query: 'mutation ($input: TokenInput!) { createToken(input: $input) { token { id } secret } }',
    variables: {
      input: {
        name: fresh(),
        expiresAt: which === 'bad' ? 'soon' : soon(),
        grants: [{ role: asker.role, scope: `label:${which === 'other' ? THEIRS : MINE}` }],
        ...(which === 'gone' ? { userId: world.goneUser } : {}),
      },
    },
  }),
  'Mutation.revokeToken': async (which, world, asker) => {
    const query = 'mutation ($id: ID!) { revokeToken(id: $id) }';
    if (which === 'bad') return { query, variables: { id: NO_ID } };
    const { id } = await world.token(which === 'own' ? asker.userId : world.standingUser);
    if (which === 'gone') await world.api.sql.query('DELETE FROM api_tokens WHERE id = $1', [id]);
    return { query, variables: { id } };
  },
};

const fields: Record<string, Make> = {
  'Client.detail': one('client', 'detail { identity }', clientOf),
  'Client.flows': one('client', 'flows { nodes { id } }', clientOf, flowOf),
  'Flow.client': one('flow', 'client { id }', flowOf, clientOf),
  'Flow.collections': one('flow', 'collections { nodes { id } }', flowOf),
  'Hunt.partial': one('hunt', 'partial', huntOf),
  'Hunt.stats': one('hunt', 'stats { done }', huntOf),
  'Hunt.recruitment': one('hunt', 'recruitment { finished }', huntOf),
  'Hunt.clients': one('hunt', 'clients { nodes { clientId } }', huntOf, clientOf),
  'Hunt.collections': one('hunt', 'collections { nodes { id } }', huntOf, collectionOf),
  'Hunt.rows': one('hunt', 'rows { rows }', huntOf, clientOf),
  'HuntClient.client': one('hunt', 'clients { nodes { client { id } } }', huntOf, clientOf),
  'HuntClient.collections': one('hunt', 'clients { nodes { collections { nodes { id } } } }', huntOf, collectionOf),
  'Collection.client': one('collection', 'client { id }', collectionOf, clientOf),
  'Collection.rows': one('collection', 'rows { rows }', collectionOf, () => '7000000000111'),
};

/** How each operation and each field is asked for in each case. */
export const GRAPHQL_CALLS: Readonly<Record<string, Make>> = { ...queries, ...mutations, ...fields };
