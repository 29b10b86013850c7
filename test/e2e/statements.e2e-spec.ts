import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessWorld } from '../support/access-world.js';
import { type Caller, insertRun } from '../support/api.js';
import { statementsOf } from '../support/statements.js';

/* By REST; test/e2e/graphql.e2e-spec.ts counts the same by GraphQL. */
let world: AccessWorld;
let caller: Caller;
/** Hunts that 10 and 100 clients took part in, each with a file in the bucket. */
const hunts = new Map<number, string>();
/** Clients with 10 and with 100 flows, each with a collection. */
const clients = new Map<number, string>();

beforeAll(async () => {
  world = await AccessWorld.make();
  caller = await world.api.as({ role: 'Examiner', scope: 'label:counted' });
  for (const n of [10, 100]) {
    const hunt = await world.hunt('counted');
    for (let i = 0; i < n; i++) {
      const client = await world.client('counted');
      await insertRun(world.api.sql, hunt, client, 'Done', 1);
      await world.collection(hunt, client);
    }
    hunts.set(n, hunt);
    const busy = await world.client('counted');
    for (let i = 0; i < n; i++) {
      const flow = await world.flow(busy);
      await insertRun(world.api.sql, flow, busy, 'Done', 1);
      await world.collection(flow, busy);
    }
    clients.set(n, busy);
  }
  for (let i = 0; i < 100; i++) await world.hunt('counted');
}, 240_000);
afterAll(() => world.api.close());

describe('SQL statements by REST', () => {
  /** Paths of 10 and of 100; how many there are in the answer. */
  const shapes: [string, (n: number) => string, 'items' | 'rows' | 'points' | undefined][] = [
    ['a page of hunts', (n) => `/hunts?limit=${String(n)}`, 'items'],
    ['a hunt', (n) => `/hunts/${hunts.get(n)!}`, undefined],
    ['the clients of a hunt', (n) => `/hunts/${hunts.get(n)!}/clients?limit=1000`, 'items'],
    ['the recruitment of a hunt', (n) => `/hunts/${hunts.get(n)!}/recruitment?points=${String(n)}`, 'points'],
    ['the collections of a hunt', (n) => `/collections?flow_id=${hunts.get(n)!}&limit=1000`, 'items'],
    ['the rows of a hunt', (n) => `/hunts/${hunts.get(n)!}/rows?limit=1000`, 'rows'],
    ['a page of clients', (n) => `/clients?limit=${String(n)}`, 'items'],
    ['a client', (n) => `/clients/${clients.get(n)!}`, undefined],
    ['its flows', (n) => `/flows?client_id=${clients.get(n)!}&limit=1000`, 'items'],
    ['its collections', (n) => `/collections?client_id=${clients.get(n)!}&limit=1000`, 'items'],
  ];

  it.each(shapes)('of %s are as many for 100 as for 10', async (_what, path, list) => {
    await caller.http.get(`/api/v1${path(10)}`); // the token’s last use is written down once a minute
    const counts: number[] = [];
    for (const n of [10, 100]) {
      let body: Record<string, unknown[]> = {};
      counts.push(
        await statementsOf(async () => {
          const answer = await caller.http.get(`/api/v1${path(n)}`);
          expect(answer.status).toBe(200);
          body = answer.body as typeof body;
        }),
      );
      if (list !== undefined) expect(body[list]).toHaveLength(n);
    }
    expect(counts[1]).toBe(counts[0]);
    expect(counts[0]).toBeGreaterThan(1);
    expect(counts[0]).toBeLessThan(10);
  });
});
