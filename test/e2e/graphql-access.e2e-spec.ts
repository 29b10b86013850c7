import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessInventory } from '../../apps/api/src/platform/access/access-inventory.js';
import { type Askers, makeAskers } from '../support/access-askers.js';
import { type Asker, CALLS } from '../support/access-calls.js';
import { type Case, CASES, type FieldRow, readPermissions } from '../support/access-table.js';
import { AccessWorld, MINE } from '../support/access-world.js';
import { ask } from '../support/graphql.js';
import { GRAPHQL_CALLS } from '../support/graphql-calls.js';
import { withToken } from '../support/people.js';

/** docs/permissions.md, written by hand; nothing here asks the policy. */
const { roles, fields } = readPermissions();

let world: AccessWorld;
let askers: Map<string, Askers>;
let cells = 0;

beforeAll(async () => {
  world = await AccessWorld.make();
  askers = await makeAskers(world, roles.keys());
}, 120_000);
afterAll(async () => {
  await world.api.close();
  process.stderr.write(`GraphQL access matrix: ${String(cells)} cells\n`);
});

const askerOf = (row: FieldRow, which: Case, role: string): Asker => {
  const { fleet, all } = askers.get(role)!;
  return row.as.scope === '*' && which !== 'other' ? all : fleet;
};

/** The code of REST's own answer to the same; undefined when it is a good one. */
const restCode = async (row: FieldRow, which: Case, asker: Asker): Promise<string | undefined> => {
  const call = await CALLS[row.as.route]!(which, world, asker);
  const verb = row.as.route.split(' ')[0]!.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
  const asked = withToken(world.api, asker.token)[verb](`/api/v1${call.path}`);
  const answer = await (verb === 'get' ? asked : asked.send(call.body ?? {}));
  return answer.status < 400 ? undefined : (answer.body as { code: string }).code;
};

/** What leads to a field is asked first: without it, the answer is of that. */
const refusedAs = (row: FieldRow, which: Case, held: ReadonlySet<string>): string => {
  const [first, ...rest] = row.needs;
  const leadsTo = rest.length > 0 && held.has(first!) && (which === 'other' || which === 'gone');
  return leadsTo ? `${/^(Hunt|Flow|Client|Collection)/.exec(row.field)![0].toLowerCase()}/not-found` : 'access/denied';
};

/** One real request; answers what is wrong with what came of it. */
const faultsOf = async (row: FieldRow, which: Case, role: string, code: string | undefined): Promise<string[]> => {
  cells++;
  const asker = askerOf(row, which, role);
  const held = roles.get(role)!;
  const holds = row.needs.every((permission) => held.has(permission));
  const expected = holds ? code : refusedAs(row, which, held);
  const call = await GRAPHQL_CALLS[row.field]!(which, world, asker);
  const before = await world.fingerprint();
  const answer = await ask(withToken(world.api, asker.token), call.query, call.variables);
  const changed = (await world.fingerprint()) !== before;
  const audited = await world.audited(String(answer.response.headers['x-request-id']));
  const faults: string[] = [];
  const fault = (what: string): void => void faults.push(`${role} ${which}: ${what}: ${answer.response.text}`);
  const [got] = answer.codes;
  const early = which === 'bad' && got === 'request/invalid'; // said of the request itself, before who asks matters
  if (got !== expected && !early) fault(`expected ${String(expected)}, got ${String(got)}`);
  const fine = expected === undefined;
  const writes = row.field.startsWith('Mutation.');
  if (fine && which === 'own' && call.object !== undefined && !answer.response.text.includes(call.object))
    fault(`${call.object} is not in the answer`);
  const hidden = which === 'other' || which === 'gone' || !holds;
  if (hidden && call.object !== undefined && row.as.scope === 'fleet' && row.field.startsWith('Query.'))
    if (JSON.stringify(answer.data ?? null).includes(call.object)) fault(`${call.object} is in the answer`);
  if (changed && !(fine && writes)) fault('something has changed');
  if (!changed && fine && writes && which === 'own') fault('nothing has changed');
  if (fine && which === 'own' && writes && audited.done !== 1) fault(`${String(audited.done)} events of what was done`);
  if (!fine && writes && audited.done > 0) fault('an event of what was not done');
  if (expected === 'access/denied' && !early && audited.denied !== 1)
    fault(`${String(audited.denied)} denials on record`);
  if (holds && which === 'other' && got !== undefined && audited.denied !== 1)
    fault(`${String(audited.denied)} denials on record of what is there but hidden`);
  return faults;
};

describe('docs/permissions.md', () => {
  it('has a row for every operation and field with a resolver, and no other', () => {
    const handlers = world.api.app.get(AccessInventory).fields();
    expect(fields.map(({ field }) => field).sort()).toEqual(handlers.map(({ path }) => path).sort());
  });

  it('has a request for every row', () => {
    expect(fields.filter(({ field }) => GRAPHQL_CALLS[field] === undefined)).toEqual([]);
  });
});

describe('each cell answers as REST does', () => {
  it.each(fields.map((row) => [row.field, row] as const))(
    '%s',
    async (_field, row) => {
      const faults: string[] = [];
      const codes = new Map<Case, string | undefined>();
      for (const [role, held] of roles) {
        const holds = row.needs.every((permission) => held.has(permission));
        for (const which of CASES) {
          if (!row.as.cases.has(which)) continue;
          if (holds && !codes.has(which)) codes.set(which, await restCode(row, which, askerOf(row, which, role)));
          faults.push(...(await faultsOf(row, which, role, codes.get(which))));
        }
      }
      expect(faults).toEqual([]);
    },
    120_000,
  );
});

describe('a field that somebody may not see', () => {
  it('is null and refused, once on record for a whole list, and the rest is answered', async () => {
    const viewer = await world.api.as({ role: 'Viewer', scope: '*' });
    const answer = await ask<{ clients: { nodes: { id: string; flows: unknown }[] } }>(
      viewer.http,
      '{ clients { nodes { id flows { nodes { id } } } } }',
    );
    const nodes = answer.data!.clients.nodes;
    expect(nodes.length).toBeGreaterThan(2);
    expect(nodes.map(({ flows }) => flows)).toEqual(nodes.map(() => null));
    expect(new Set(answer.codes)).toEqual(new Set(['access/denied']));
    expect(answer.errors.map(({ path }) => path)).toContainEqual(['clients', 'nodes', 0, 'flows']);
    expect(await world.audited(String(answer.response.headers['x-request-id']))).toEqual({ done: 0, denied: 1 });
  });

  it('has nothing of what is beyond its own scope, where what leads to it reaches further', async () => {
    const asker = await world.api.as({ role: 'Viewer', scope: '*' }, { role: 'Examiner', scope: `label:${MINE}` });
    const { mine, theirs } = world;
    const query = `query ($mine: ID!, $theirs: ID!, $mineHunt: ID!, $theirHunt: ID!) {
      mine: client(id: $mine) { flows { nodes { id } } }
      theirs: client(id: $theirs) { id flows { nodes { id } } }
      mineHunt: hunt(id: $mineHunt) { collections { nodes { id } } clients { nodes { collections { nodes { id } } } } }
      theirHunt: hunt(id: $theirHunt) { collections { nodes { id } } clients { nodes { clientId collections { nodes { id } } } } }
    }`;
    const { data, errors } = await ask(asker.http, query, {
      mine: mine.clientId,
      theirs: theirs.clientId,
      mineHunt: mine.huntId,
      theirHunt: theirs.huntId,
    });
    expect(errors).toEqual([]);
    const collections = { nodes: [{ id: mine.collectionId }] };
    expect(data).toEqual({
      mine: { flows: { nodes: [{ id: mine.flowId }] } },
      theirs: { id: theirs.clientId, flows: { nodes: [] } },
      mineHunt: { collections, clients: { nodes: [{ collections }] } },
      theirHunt: {
        collections: { nodes: [] },
        clients: { nodes: [{ clientId: theirs.clientId, collections: { nodes: [] } }] },
      },
    });
  });
});

describe('what is not there and what is hidden', () => {
  it.each(['client', 'flow', 'hunt', 'collection'] as const)('look the same: %s', async (kind) => {
    const { fleet } = askers.get('Administrator')!;
    const http = withToken(world.api, fleet.token);
    const hidden = world.theirs[`${kind}Id`];
    const missing = hidden.replace(/.{8}$/, '00000000');
    const texts = [];
    for (const id of [hidden, missing]) {
      const answer = await ask(http, `query ($id: ID!) { ${kind}(id: $id) { id } }`, { id });
      expect(answer.codes).toEqual([`${kind}/not-found`]);
      texts.push(answer.response.text.replaceAll(id, 'ID'));
    }
    expect(texts[0]).toBe(texts[1]);
  });
});
