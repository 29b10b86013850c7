import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgent } from '#embedded';
import { EXAMPLES } from '../../apps/playground/page/examples.js';
import { PASSWORD } from '../support/people.js';
import { type Answer, eventually, WholeSystem } from '../support/whole-system.js';

/* People at work over real agents, their evidence in a real bucket: who sees which part, and what analysts ask. */

interface Items<T> {
  items: T[];
  next_cursor: string | null;
  partial?: boolean;
}
interface Hunt {
  hunt_id: string;
  state: string;
  partial: boolean;
  stats: { done: number; error: number; expected: number; rows: string };
}
interface Stored {
  collection_id: string;
  client_id: string;
  key: string;
  stored_sha256: string;
  content_sha256: string;
}
interface Part {
  client_id: string;
  state: string;
  rows: string;
}
interface Rows {
  rows: Record<string, unknown>[];
  partial: boolean;
  next_cursor: string | null;
}

let system: WholeSystem;
/** Client ids by the label that an administrator gave. */
const fleet: Record<'red' | 'blue', string[]> = { red: [], blue: [] };
let huntId: string;

type Call = <T>(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<Answer<T>>;
/** Requests of somebody else than the administrator. */
const callAs =
  (token: string): Call =>
  (method, path, body) =>
    system.call(method, path, body, { authorization: `Bearer ${token}` });

const graphql = async (token: string, query: string, variables: object = {}) => {
  const response = await fetch(`${system.api!.ready}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as { data: Record<string, unknown> | null; errors?: { message: string }[] };
};

const person = async (name: string, scope: string): Promise<string> => {
  const email = `${name}@example.org`;
  const made = await system.call<{ user_id: string }>('POST', '/users', { name, email, password: PASSWORD });
  const grant = { user_id: made.body.user_id, role: 'Examiner', scope };
  expect((await system.call('POST', '/grants', grant)).status).toBe(201);
  return (await system.call<{ access_token: string }>('POST', '/auth/login', { email, password: PASSWORD })).body
    .access_token;
};

const startHunt = async (body: object): Promise<string> => {
  const { status, body: hunt } = await system.call<Hunt>('POST', '/hunts', { labels: ['All'], ...body });
  expect(status).toBe(201);
  return hunt.hunt_id;
};
const completed = (id: string): Promise<Hunt> =>
  eventually(`the end of ${id}`, async () => {
    const { body } = await system.call<Hunt>('GET', `/hunts/${id}`);
    return body.state === 'Completed' ? body : undefined;
  });

/** An agent whose own configuration claims a label. */
const startClaimingAgent = async (): Promise<void> => {
  const config = JSON.parse(await readFile(join(system.dir, 'agent.json'), 'utf8')) as object;
  const configFile = join(system.dir, 'claiming.json');
  await writeFile(configFile, JSON.stringify({ ...config, labels: ['red'] }));
  const state = join(system.dir, 'agents', 'claiming');
  await mkdir(state, { recursive: true, mode: 0o700 });
  system.agents.push(await startAgent({ name: 'claiming agent', configFile, args: ['--state', state], env: {} }));
};

beforeAll(async () => {
  system = await WholeSystem.make();
  await system.startWorker();
  await system.startApi();
  await Promise.all([system.startAgent(1), system.startAgent(2), startClaimingAgent()]);
  const clients = await eventually('three clients', async () => {
    const { items } = (await system.call<Items<{ client_id: string; claimed_labels: string[] }>>('GET', '/clients'))
      .body;
    return items.length === 3 ? items : undefined;
  });
  // The one that claims to be red is blue: claims give nobody anything.
  for (const { client_id: id, claimed_labels: claims } of clients)
    fleet[claims.includes('red') ? 'blue' : 'red'].push(id);
  for (const label of ['red', 'blue'] as const)
    await system.call('POST', '/clients/labels', { clients: fleet[label], add: [label] });

  const failing = await startHunt({
    type: 'Collect',
    description: 'more rows than it may have',
    query: 'select pid from pslist()',
    quota: { rows: 1 },
    collection: { name: 'pids', columns: [{ name: 'pid', type: 'int' }] },
  });
  expect((await completed(failing)).stats).toMatchObject({ error: 3 });
  const { body: flow } = await system.call<{ flow_id: string }>('POST', `/clients/${fleet.red[0]!}/flows`, {
    type: 'ListProcesses',
  });
  await eventually('the flow', async () => {
    const { body } = await system.call<{ terminal: boolean }>('GET', `/flows/${flow.flow_id}`);
    return body.terminal ? true : undefined;
  });
  const nonce = '0'.repeat(32);
  await system.bucket.put(`tickets/FlowStatus/${flow.flow_id}/${fleet.blue[0]!}/${nonce}-1.json`, '{"forged":true}');
  await eventually('the forged ticket put aside', async () => {
    const { items } = (await system.call<Items<unknown>>('GET', '/quarantine')).body;
    return items.length > 0 ? true : undefined;
  });
  huntId = await startHunt({ type: 'ListProcesses', description: 'over all' });
  expect((await completed(huntId)).stats).toMatchObject({ done: 3 });
}, 240_000);
afterAll(() => system.close(), 60_000);

/** What somebody sees of the hunt, by each door. */
const seen = async (token: string) => {
  const call = callAs(token);
  const hunt = (await call<Hunt>('GET', `/hunts/${huntId}`)).body;
  const parts = (await call<Items<Part>>('GET', `/hunts/${huntId}/clients`)).body;
  const curve = (
    await call<{ points: { finished: number }[]; partial: boolean }>('GET', `/hunts/${huntId}/recruitment`)
  ).body;
  const stored = (await call<Items<Stored>>('GET', `/collections?flow_id=${huntId}`)).body;
  const rows: Rows['rows'] = [];
  const partial = [hunt.partial, parts.partial, curve.partial, stored.partial];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Rows = (await call<Rows>('GET', `/hunts/${huntId}/rows?limit=100${cursor}`)).body;
    rows.push(...page.rows);
    partial.push(page.partial);
    cursor = page.next_cursor === null ? null : `&cursor=${page.next_cursor}`;
  }
  const rest = {
    partial: [...new Set(partial)],
    done: hunt.stats.done,
    expected: hunt.stats.expected,
    total: hunt.stats.rows,
    clients: parts.items.map((c) => c.client_id).sort(),
    finished: curve.points.at(-1)?.finished,
    collections: stored.items.map((c) => c.client_id).sort(),
    rows: rows.length,
    rowClients: [...new Set(rows.map((row) => row['client_id'] as string))].sort(),
  };

  const query = `query ($id: ID!) { hunt(id: $id) {
    partial stats { done expected rows } recruitment { finished }
    clients { nodes { clientId } } collections { nodes { clientId } }
    rows(first: 1000) { rows partial pageInfo { hasNextPage } } } }`;
  const answer = await graphql(token, query, { id: huntId });
  expect(answer.errors).toBeUndefined();
  const node = answer.data!['hunt'] as {
    partial: boolean;
    stats: { done: string; expected: string; rows: string };
    recruitment: { finished: string }[];
    clients: { nodes: { clientId: string }[] };
    collections: { nodes: { clientId: string }[] };
    rows: { rows: Record<string, unknown>[]; partial: boolean; pageInfo: { hasNextPage: boolean } };
  };
  expect(node.rows.pageInfo.hasNextPage).toBe(false);
  const byGraphql = {
    partial: [...new Set([node.partial, node.rows.partial])],
    done: Number(node.stats.done),
    expected: Number(node.stats.expected),
    total: node.stats.rows,
    clients: node.clients.nodes.map((c) => c.clientId).sort(),
    finished: Number(node.recruitment.at(-1)?.finished),
    collections: node.collections.nodes.map((c) => c.clientId).sort(),
    rows: node.rows.rows.length,
    rowClients: [...new Set(node.rows.rows.map((row) => row['client_id'] as string))].sort(),
  };
  return { rest, byGraphql };
};

/** What downloading a collection answers: the hash of what is in the file, or the status of the refusal. */
const downloaded = async (token: string, { collection_id: id }: Stored): Promise<string | number> => {
  const headers = { authorization: `Bearer ${token}` };
  const url = `${system.api!.ready}/api/v1/collections/${id}/download`;
  const answer = await fetch(url, { headers, redirect: 'manual' });
  const location = answer.headers.get('location');
  if (location === null) return answer.status;
  const file = await fetch(location);
  return createHash('sha256')
    .update(gunzipSync(Buffer.from(await file.arrayBuffer())))
    .digest('hex');
};

describe('two people with different labels, and one hunt over All', () => {
  it('see each their own clients, rows and totals only, by REST, GraphQL and download, and are told that it is a part', async () => {
    const all = (await system.call<Items<Stored>>('GET', `/collections?flow_id=${huntId}`)).body.items;
    expect(all).toHaveLength(3);
    const rowsOf = new Map<string, number>();
    for (const { client_id: id, rows } of (await system.call<Items<Part>>('GET', `/hunts/${huntId}/clients`)).body
      .items)
      rowsOf.set(id, Number(rows));
    const totals: number[] = [];
    for (const label of ['red', 'blue'] as const) {
      const token = await person(`${label}-analyst`, `label:${label}`);
      const own = fleet[label].toSorted();
      const total = own.reduce((sum, id) => sum + rowsOf.get(id)!, 0);
      const { rest, byGraphql } = await seen(token);
      expect(rest).toEqual({
        partial: [true],
        done: own.length,
        expected: own.length,
        total: String(total),
        clients: own,
        finished: own.length,
        collections: own,
        rows: total,
        rowClients: own,
      });
      expect(byGraphql).toEqual(rest);
      for (const stored of all)
        expect(await downloaded(token, stored)).toBe(own.includes(stored.client_id) ? stored.content_sha256 : 404);
      const key = encodeURIComponent(all[0]!.key);
      expect((await callAs(token)('GET', `/bucket/object?key=${key}`)).status).toBe(403); // nor past the hunt
      totals.push(total);
    }
    const { rest, byGraphql } = await seen(system.token);
    expect(rest).toMatchObject({ partial: [false], done: 3, expected: 3, rows: totals[0]! + totals[1]! });
    expect(byGraphql).toEqual(rest);
    expect(rest.clients).toEqual([...fleet.red, ...fleet.blue].sort());
  });
});

/** Every list in an answer, with its path. */
const listsOf = (value: unknown, path = ''): [string, unknown[]][] => {
  if (Array.isArray(value)) return [[path, value], ...value.flatMap((inner) => listsOf(inner, `${path}[]`))];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => listsOf(inner, path === '' ? name : `${path}.${name}`));
};

describe('the playground’s ten questions', () => {
  /** By name: a list that must have something in it, and other variables than the defaults, where those find nothing here. */
  const NOT_EMPTY: Record<string, { lists: string[]; variables?: object }> = {
    HuntRows: { lists: ['hunts.nodes', 'hunts.nodes[].rows.rows', 'hunts.nodes[].rows.columns'] },
    WhoRunsIt: { lists: ['hunts.nodes[].rows.rows'], variables: { where: "cmdline =~ 'main.js'" } },
    HuntProgress: { lists: ['hunts.nodes', 'hunts.nodes[].recruitment'] },
    WhatFailed: { lists: ['hunts.nodes[].clients.nodes'] },
    FindHosts: { lists: ['clients.nodes', 'clients.nodes[].labels', 'clients.nodes[].detail.capabilities'] },
    ClientHistory: { lists: ['clients.nodes[].flows.nodes', 'clients.nodes[].flows.nodes[].collections.nodes'] },
    ClaimsAndQuarantine: { lists: ['clients.nodes[].claims', 'quarantine.nodes'] },
    Evidence: { lists: ['collections.nodes', 'collections.nodes[].tables', 'collections.nodes[].tables[].columns'] },
    WhoLooked: { lists: ['read.nodes', 'refused.nodes'] },
    StartHunt: { lists: ['createHunt.labels'] },
  };
  const named = EXAMPLES.map((text): [string, string] => [/(?:query|mutation) (\w+)/.exec(text)?.[1] ?? text, text]);

  it('are ten', () => {
    expect(named.map(([name]) => name)).toEqual(Object.keys(NOT_EMPTY));
  });

  // The mutation is last: after it, the newest hunt has no rows yet.
  it.each(named)('%s is answered without an error and not with nothing', async (name, text) => {
    const expected = NOT_EMPTY[name]!;
    const asIs = await graphql(system.token, text);
    expect(asIs.errors).toBeUndefined();
    const { data, errors } =
      expected.variables === undefined ? asIs : await graphql(system.token, text, expected.variables);
    expect(errors).toBeUndefined();
    const lists = listsOf(data);
    for (const path of expected.lists) {
      const found = lists.filter(([at]) => at === path).reduce((sum, [, list]) => sum + list.length, 0);
      expect([path, found > 0]).toEqual([path, true]);
    }
  });
});
