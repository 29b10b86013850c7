import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessInventory } from '../../apps/api/src/platform/access/access-inventory.js';
import { type Askers, makeAskers } from '../support/access-askers.js';
import { type Asker, type Call, CALLS } from '../support/access-calls.js';
import { type Case, CASES, readPermissions, type RouteRow } from '../support/access-table.js';
import { AccessWorld } from '../support/access-world.js';

/** docs/permissions.md, written by hand; nothing here asks the policy. */
const { roles, routes } = readPermissions();

/** Reads of collected data and of the log: one event a request. */
const READS_ON_RECORD = [
  'GET /hunts/:hunt_id/rows',
  'GET /collections/:collection_id/rows',
  'GET /collections/:collection_id/download',
  'GET /files/:file_id/content',
  'GET /uploads/orphans',
  'GET /bucket',
  'GET /bucket/object',
  'GET /quarantine',
  'GET /audit',
];

/** Asked with POST for the length of what is asked; they change nothing and read no evidence. */
const COMPUTED = ['POST /queries/validate', 'POST /queries/explain'];

let world: AccessWorld;
/** By role: one over the labels of its own scope, one over everything. */
let askers: Map<string, Askers>;
let cells = 0;

beforeAll(async () => {
  world = await AccessWorld.make();
  askers = await makeAskers(world, roles.keys());
}, 120_000);
afterAll(async () => {
  await (world as AccessWorld | undefined)?.api.close();
  process.stderr.write(`access matrix: ${String(cells)} cells\n`);
});

interface Cell {
  row: RouteRow;
  which: Case;
  asker: Asker;
  holds: boolean;
}

const send = async (row: RouteRow, call: Call, asker: Asker): Promise<supertest.Response> => {
  const verb = row.route.split(' ')[0]!.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
  const asked = supertest(world.api.app.getHttpServer())[verb](`/api/v1${call.path}`);
  void asked.set('authorization', `Bearer ${call.token ?? asker.token}`).redirects(0);
  return verb === 'get' ? asked : asked.send(call.body ?? {});
};

/** One real request; answers what is wrong with what came of it. */
const faultsOf = async ({ row, which, asker, holds }: Cell): Promise<string[]> => {
  cells++;
  const promised = row.cases.get(which)!;
  const expected = holds ? promised : { status: 403, holds: undefined };
  const call = await CALLS[row.route]!(which, world, asker);
  const writes = !row.route.startsWith('GET ') && !COMPUTED.includes(row.route);
  const before = writes ? await world.fingerprint() : '';
  const answer = await send(row, call, asker);
  const changed = writes && (await world.fingerprint()) !== before;
  const audited = await world.audited(String(answer.headers['x-request-id']));
  // a download comes as bytes
  const text = Buffer.isBuffer(answer.body) ? answer.body.toString('utf8') : answer.text;
  const faults: string[] = [];
  const fault = (what: string): void => void faults.push(`${asker.role} ${which}: ${what}`);
  if (answer.status !== expected.status)
    fault(`expected ${String(expected.status)}, got ${String(answer.status)}: ${answer.text.slice(0, 300)}`);
  const fine = expected.status < 400;
  if (!fine && answer.type !== 'application/problem+json') fault(`a refusal of the type ${answer.type}`);
  if (!holds && (answer.body as { code?: string }).code !== 'access/denied') fault(`a refusal ${answer.text}`);
  if (expected.holds !== undefined && text.includes(call.object!) !== expected.holds)
    fault(`${call.object!} is ${expected.holds ? 'not ' : ''}in the answer`);
  if (!fine && call.object !== undefined && which !== 'bad' && row.cases.get('own')!.holds === true)
    if (text.includes(call.object)) fault(`the refusal has ${call.object} in it`);
  if (changed && !fine) fault('something has changed');
  if (!changed && fine && writes && which === 'own') fault('nothing has changed');
  if (fine && which === 'own' && (writes || READS_ON_RECORD.includes(row.route)) && audited.done !== 1)
    fault(`${String(audited.done)} events of what was done`);
  if (!fine && audited.done > 0) fault('an event of what was not done');
  if ([401, 403].includes(expected.status) && audited.denied !== 1)
    fault(`${String(audited.denied)} denials on record`);
  if (expected.status === 404 && which === 'other' && audited.denied !== 1)
    fault(`${String(audited.denied)} denials on record of what is there but hidden`);
  return faults;
};

describe('docs/permissions.md', () => {
  it('has a row for every handler of the running application, and no other', () => {
    const handlers = world.api.app
      .get(AccessInventory)
      .rows()
      .map(({ method, path }) => `${method} ${path}`);
    expect(routes.map((row) => row.route).sort()).toEqual(handlers.sort());
  });

  it('has eight roles, and a request for every row', () => {
    expect(roles.size).toBe(8);
    expect(routes.map((row) => row.route).filter((route) => CALLS[route] === undefined)).toEqual([]);
  });
});

describe('each cell is what is written', () => {
  it.each(routes.map((row) => [row.route, row] as const))(
    '%s',
    async (_route, row) => {
      const faults: string[] = [];
      const reads = row.route.startsWith('GET ') || COMPUTED.includes(row.route);
      const before = reads ? await world.fingerprint() : '';
      for (const [role, held] of roles) {
        const { fleet, all } = askers.get(role)!;
        const holds = row.needs.every((permission) => held.has(permission));
        for (const which of CASES) {
          if (!row.cases.has(which)) continue;
          const asker = row.scope === '*' && which !== 'other' ? all : fleet;
          faults.push(...(await faultsOf({ row, which, asker, holds })));
        }
      }
      if (reads && (await world.fingerprint()) !== before) faults.push('reading has changed something');
      expect(faults).toEqual([]);
    },
    60_000,
  );
});
