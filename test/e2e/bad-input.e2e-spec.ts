import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpConfig } from '../../apps/api/src/platform/config/env.js';
import { HTTP_CONFIG } from '../../apps/api/src/platform/config/tokens.js';
import { readPermissions } from '../support/access-table.js';
import { AccessWorld, MINE, THEIRS } from '../support/access-world.js';
import type { Caller } from '../support/api.js';
import { makePerson, PASSWORD, type Pair, signIn, withToken } from '../support/people.js';

/*
 * A checklist of bad input: each item sent to the running application by both doors where it has two, each refused with
 * its code, and nothing changed. What each module makes of its own input is tested beside it.
 */
let world: AccessWorld;
let admin: Caller;
let pair: Pair;
let claims: Record<string, unknown>;
let key: Buffer;

beforeAll(async () => {
  world = await AccessWorld.make();
  admin = await world.api.as({ role: 'Administrator', scope: '*' });
  pair = await signIn(world.api, await makePerson(admin, { role: 'Administrator', scope: '*' }));
  claims = JSON.parse(Buffer.from(pair.access_token.split('.')[1]!, 'base64url').toString()) as typeof claims;
  key = Buffer.from(world.api.app.get<HttpConfig>(HTTP_CONFIG).REKALL_SESSION_KEY, 'hex');
}, 120_000);
afterAll(() => world.api.close());

type Sent = supertest.Response;
/** The status and the code of an answer, whichever door gave it. */
const said = ({ status, body }: Sent): string => {
  const { code, errors } = body as { code?: string; errors?: { extensions?: { code?: string } }[] };
  return `${String(status)} ${code ?? errors?.[0]?.extensions?.code ?? ''}`;
};
/** Sends all of an item; each is refused with this and nothing has changed. */
const refused = async (expected: string, sent: readonly (() => PromiseLike<Sent>)[]): Promise<void> => {
  const before = await world.fingerprint();
  for (const send of sent) {
    const answer = await send();
    expect([answer.request.method, answer.request.url, said(answer)]).toEqual([
      answer.request.method,
      answer.request.url,
      expected,
    ]);
    expect((answer.body as { data?: unknown }).data ?? null).toBeNull();
  }
  expect(await world.fingerprint()).toBe(before);
};
const graphql =
  (query: string, variables: object = {}) =>
  (): PromiseLike<Sent> =>
    admin.http.post('/graphql').send({ query, variables });
const get = (path: string) => (): PromiseLike<Sent> => admin.http.get(`/api/v1${path}`);
const post = (path: string, body: object) => (): PromiseLike<Sent> => admin.http.post(`/api/v1${path}`).send(body);

describe('credentials', () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const hs256 = (payload: object, secret: Buffer | string = key, alg = 'HS256'): string => {
    const text = `${encode({ alg, typ: 'JWT' })}.${encode(payload)}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const rs256 = (): string => {
    const text = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
  };
  const byBothDoors = (token: string) => [
    () => withToken(world.api, token).get('/api/v1/me'),
    () => withToken(world.api, token).post('/graphql').send({ query: '{ me { id } }' }),
  ];

  it('made as ours are taken, so that the next are refused for their fault alone', async () => {
    for (const send of byBothDoors(hs256(claims))) expect((await send()).status).toBe(200);
  });

  it.each<[string, () => string]>([
    ['alg: none', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`],
    ['alg: none, signed', () => hs256(claims, key, 'none')],
    ['RS256 where HS256 is ours', rs256],
    [
      'HS256 over a public key',
      () =>
        hs256(
          claims,
          generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }),
        ),
    ],
    ['expired', () => hs256({ ...claims, exp: now - 1 })],
    ['not yet valid', () => hs256({ ...claims, nbf: now + 60 })],
    ['of a foreign audience', () => hs256({ ...claims, aud: 'another-api' })],
    ['of a foreign issuer', () => hs256({ ...claims, iss: 'rekall:another' })],
  ])('%s', (_what, token) => refused('401 auth/invalid-token', byBothDoors(token())));

  it('a refresh token used twice', async () => {
    const own = await signIn(world.api, await makePerson(admin, { role: 'Viewer', scope: '*' }));
    const refresh = () => world.api.anonymous.post('/api/v1/auth/refresh').send({ refresh_token: own.refresh_token });
    expect((await refresh()).status).toBe(200);
    expect(said(await refresh())).toBe('401 auth/invalid-refresh-token');
    await refused('401 auth/invalid-token', byBothDoors(own.access_token));
  });

  it('a token of a deleted user', async () => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const own = await signIn(world.api, person);
    const { token } = await world.token(person.userId);
    await world.api.sql.query('DELETE FROM users WHERE id = $1', [person.userId]);
    await refused('401 auth/invalid-token', [...byBothDoors(own.access_token), ...byBothDoors(token)]);
  });

  it('a token in the query string', () =>
    refused(
      '401 auth/invalid-token',
      ['token', 'access_token', 'authorization'].flatMap((name) => [
        () => world.api.anonymous.get('/api/v1/me').query({ [name]: admin.token }),
        () =>
          world.api.anonymous
            .post('/graphql')
            .query({ [name]: admin.token })
            .send({ query: '{ me { id } }' }),
      ]),
    ));
});

/** Every list of REST, as docs/permissions.md has it; a hunt’s own lists with a hunt. */
const lists = (): string[] =>
  readPermissions()
    .routes.filter(({ route, cases }) => route.startsWith('GET ') && cases.get('bad') !== undefined)
    .map(({ route }) => route.slice('GET '.length))
    .filter((path) => !/_id$/.test(path) && !/download|content|object|recruitment/.test(path))
    .map((path) => path.replace(':hunt_id', world.mine.huntId).replace(':collection_id', world.mine.collectionId));

describe('what is asked of lists', () => {
  it('are at least ten', () => {
    expect(lists().length).toBeGreaterThanOrEqual(10);
    for (const known of ['/clients', '/hunts', '/flows', '/audit', '/users']) expect(lists()).toContain(known);
  });

  it('sorted by a column that is not offered', () =>
    refused('400 request/invalid', [
      ...lists().flatMap((path) => ['order_by', 'sort', 'order'].map((name) => get(`${path}?${name}=secret_hash`))),
      graphql('{ clients(orderBy: "identity") { nodes { id } } }'),
      graphql('{ hunts(sort: { field: "creator" }) { nodes { id } } }'),
    ]));

  it('with the cursor of another user, of another query, or of nobody', async () => {
    const other = await world.api.as({ role: 'Administrator', scope: '*' });
    const sent: (() => PromiseLike<Sent>)[] = [];
    let cursors = 0;
    const paged = lists().filter((path) => path !== '/bucket'); // the bucket’s list goes on by key
    for (const path of paged) {
      const { next_cursor: cursor } = (await admin.http.get(`/api/v1${path}?limit=1`)).body as { next_cursor?: string };
      sent.push(get(`${path}?cursor=x`), get(`${path}?cursor=${'A'.repeat(80)}`));
      if (typeof cursor !== 'string') continue;
      cursors++;
      const tampered = `${cursor.slice(0, -2)}${cursor.endsWith('AA') ? 'BB' : 'AA'}`;
      const elsewhere = paged.find((list) => list !== path)!;
      sent.push(
        () => other.http.get(`/api/v1${path}?cursor=${cursor}`),
        get(`${elsewhere}?cursor=${cursor}`),
        get(`${path}?cursor=${tampered}`),
      );
    }
    expect(cursors).toBeGreaterThanOrEqual(6);
    const clients = (await admin.http.get('/api/v1/clients?limit=1')).body as { next_cursor: string };
    const query = 'query ($after: String) { clients(after: $after) { nodes { id } } }';
    const after = { after: clients.next_cursor };
    const before = await world.fingerprint();
    for (const send of [
      ...sent,
      () => other.http.post('/graphql').send({ query, variables: after }),
      graphql(query.replace('clients(', 'hunts('), after),
      graphql(query.replace('(after:', `(label: "${MINE}", after:`), after),
    ]) {
      const answer = await send();
      const code = said(answer).split(' ')[1];
      expect([answer.request.url, code]).toEqual([answer.request.url, 'request/bad-cursor']);
    }
    expect(await world.fingerprint()).toBe(before);
  });

  it('of 1e9 at once, of none, and of less', () =>
    refused('400 request/invalid', [
      ...lists().flatMap((path) =>
        ['1e9', '1000000000', '0', '-1', 'NaN', '1.5', ''].map((n) => get(`${path}?limit=${n}`)),
      ),
      ...['1000000000', '0', '-1'].map((n) => graphql(`{ clients(first: ${n}) { nodes { id } } }`)),
      graphql('query ($n: Int!) { hunts(first: $n) { nodes { id } } }', { n: 1e9 }),
    ]));

  it('for values that an enumeration does not have', () =>
    refused('400 request/invalid', [
      get(`/hunts/${world.mine.huntId}/clients?state=Finished`),
      get('/audit?outcome=maybe'),
      get('/audit?action=hunts.destroy'),
      post('/hunts', { type: 'Rootkit', labels: ['All'] }),
      post(`/hunts/${world.mine.huntId}/stop`, { running: 'explode' }),
      post('/users', { name: 'x', kind: 'robot' }),
      post('/grants', { user_id: world.standingUser, role: 'Root', scope: '*' }),
      post('/grants', { user_id: world.standingUser, role: 'viewer', scope: '*' }),
      post(`/clients/${world.mine.clientId}/flows`, {
        type: 'Collect',
        query: 'select pid from pslist()',
        collection: { name: 'x', columns: [{ name: 'pid', type: 'integer' }] },
      }),
    ]));

  it('for such values by GraphQL', async () => {
    const before = await world.fingerprint();
    for (const query of [
      `{ hunt(id: "${world.mine.huntId}") { clients(state: "Finished") { nodes { hostname } } } }`,
      '{ audit(outcome: "maybe") { nodes { at } } }',
      'mutation { createHunt(input: { type: "Rootkit", labels: ["All"] }) { id } }',
      `mutation { stopHunt(id: "${world.mine.huntId}", running: "explode") { id } }`,
      'mutation { createUser(input: { name: "x", kind: "robot" }) { id } }',
      `mutation { createGrant(input: { userId: "${world.standingUser}", role: "Root", scope: "*" }) { id } }`,
    ]) {
      const answer = await graphql(query)();
      expect([query, said(answer).split(' ')[1]]).toEqual([query, 'request/invalid']);
    }
    expect(await world.fingerprint()).toBe(before);
  });
});

describe('queries', () => {
  const nested = Array.from({ length: 5 }).reduce<string>(
    (inner) => `flows(first: 1) { nodes { client { ${inner} } } }`,
    'id',
  );
  it('too deep, and with too many aliases', () =>
    refused('400 request/too-complex', [
      graphql(`{ client(id: "${world.mine.clientId}") { ${nested} } }`),
      graphql(`{ client(id: "${world.mine.clientId}") { ...f } } fragment f on Client { ${nested} }`),
      graphql(`{ ${Array.from({ length: 31 }, (_, i) => `a${String(i)}: me { id }`).join(' ')} }`),
      graphql('query A { me { id } } query B { me { id } }'),
    ]));

  it('with fragments in circles', () =>
    refused('400 request/invalid', [
      graphql('{ me { ...a } } fragment a on Me { id ...a }'),
      graphql('{ me { ...a } } fragment a on Me { ...b } fragment b on Me { ...c } fragment c on Me { ...a }'),
    ]));

  it('in batches', async () => {
    const one = { query: '{ me { id } }' };
    for (const body of [[one], [one, one], Array(1000).fill(one)]) {
      const answer = await admin.http.post('/graphql').send(body);
      expect([answer.status, answer.text.includes('"me"')]).toEqual([400, false]);
    }
  });
});

describe('people', () => {
  const roles = {
    role: 'Administrator',
    grants: [{ role: 'Administrator', scope: '*' }],
    user_id: 'U_0000000000000000',
  };

  it('a role in the update of a profile', () =>
    refused('400 request/invalid', [
      ...Object.entries(roles).map(
        ([name, value]) =>
          () =>
            admin.http.patch(`/api/v1/users/${world.standingUser}`).send({ name: 'x', [name]: value }),
      ),
      () =>
        admin.http
          .post('/api/v1/me/password')
          .send({ present_password: PASSWORD, new_password: PASSWORD, role: 'Administrator' }),
      graphql(
        `mutation { updateUser(id: "${world.standingUser}", input: { name: "x", role: "Administrator" }) { id } }`,
      ),
      graphql('mutation ($p: UserPatch!) { updateUser(id: "U_0000000000000000", input: $p) { id } }', {
        p: { name: 'x', role: 'Administrator' },
      }),
    ]));

  it.each([
    ['a Cyrillic a', '\u0430nn@example.org'],
    ['a Kelvin sign', '\u212Aim@example.org'],
    ['full-width letters', '\uFF41nn@example.org'],
    ['a dotless i', 'ann@example.\u0131nfo'],
  ])('an e-mail address with %s', async (_what, email) => {
    await refused('400 request/invalid', [
      post('/users', { name: 'look-alike', email }),
      () => admin.http.patch(`/api/v1/users/${world.standingUser}`).send({ email }),
    ]);
    const before = await world.fingerprint();
    const answer = await graphql(
      'mutation ($e: String!) { createUser(input: { name: "look-alike", email: $e }) { id } }',
      {
        e: email,
      },
    )();
    expect(said(answer).split(' ')[1]).toBe('request/invalid');
    expect(await world.fingerprint()).toBe(before);
  });

  it('a password of 1 MB', async () => {
    const password = 'x'.repeat(1024 * 1024);
    const before = await world.fingerprint();
    const { anonymous } = world.api;
    for (const send of [
      () => anonymous.post('/api/v1/auth/login').send({ email: 'ann@example.org', password }),
      post('/users', { name: 'x', email: 'x@example.org', password }),
      () => admin.http.patch(`/api/v1/users/${world.standingUser}`).send({ password }),
      post('/me/password', { present_password: password, new_password: password }),
      graphql(
        'mutation ($p: String!) { createUser(input: { name: "x", email: "x@example.org", password: $p }) { id } }',
        {
          p: password,
        },
      ),
    ])
      expect((await send()).status).toBe(413);
    const long = 'x'.repeat(200_000); // within what a body may have
    expect(said(await post('/users', { name: 'x', email: 'x@example.org', password: long })())).toBe(
      '400 request/invalid',
    );
    expect(await world.fingerprint()).toBe(before);
  });

  it('10 MB before anybody has signed in', async () => {
    const body = { query: 'x'.repeat(10 * 1024 * 1024), email: 'x', password: 'x', refresh_token: 'x' };
    for (const path of [
      '/graphql',
      '/api/v1/auth/login',
      '/api/v1/auth/refresh',
      '/api/v1/auth/logout',
      '/api/v1/hunts',
    ]) {
      const answer = await world.api.anonymous.post(path).send(body);
      expect([path, answer.status]).toEqual([path, 413]);
    }
  });
});

describe('text that is none', () => {
  it('half a surrogate pair, in values, in names of fields, and in what a URL says', async () => {
    await refused('400 request/invalid', [
      post('/users', { name: 'x\ud800' }),
      post('/users', { name: 'x', 'kind\udc00': 'service' }),
      post('/hunts', { type: 'ListProcesses', labels: ['\ud800'] }),
      post('/hunts', { type: 'ListProcesses', labels: ['All'], description: 'a\udfff' }),
      post('/grants', { user_id: world.standingUser, role: 'Viewer', scope: 'label:\ud800' }),
      post('/clients/labels', { clients: [world.mine.clientId], add: ['\ud800'] }),
      graphql('{ clients(hostname: "\\ud800") { nodes { id } } }'),
      graphql('query ($h: String) { clients(hostname: $h) { nodes { id } } }', { h: '\ud800' }),
    ]);
    // Bytes that are no UTF-8 in a path or a query: never a 5xx, never something found.
    for (const path of ['/clients/%ED%A0%80', '/clients?hostname=%ED%A0%80', '/clients/C.%ff', '/hunts/%c3%28/rows']) {
      const answer = await admin.http.get(`/api/v1${path}`);
      expect([path, answer.status < 500]).toEqual([path, true]);
      expect(answer.text).not.toContain(world.mine.clientId);
      expect(answer.text).not.toContain(THEIRS);
    }
  });
});
