import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HTTP_CONFIG } from '../../apps/api/src/platform/config/tokens.js';
import type { HttpConfig } from '../../apps/api/src/platform/config/env.js';
import { type Caller, startTestApi, type TestApi } from '../support/api.js';
import { makePerson, PASSWORD, type Pair, type Person, signIn, withToken } from '../support/people.js';

interface Problem {
  code: string;
  detail: string;
  errors?: { pointer: string }[];
}

let api: TestApi;
let admin: Caller;

beforeAll(async () => {
  api = await startTestApi();
  admin = await api.as({ role: 'Administrator', scope: '*' });
});
afterAll(() => api.close());

const count = async (table: string, where: string, ...values: unknown[]): Promise<number> => {
  const { rows } = await api.sql.query<{ n: string }>(`SELECT count(*) AS n FROM ${table} WHERE ${where}`, values);
  return Number(rows[0]?.n);
};
const login = (email: string, password: string) => api.anonymous.post('/api/v1/auth/login').send({ email, password });
const refresh = (token: string) => api.anonymous.post('/api/v1/auth/refresh').send({ refresh_token: token });
const me = (token: string) => withToken(api, token).get('/api/v1/me');
const codeOf = (answer: { status: number; body: unknown }): [number, string] => [
  answer.status,
  (answer.body as Problem).code,
];

describe('signing in', () => {
  it('gives a short access token that stands for the user, and a refresh token; password and secrets lie hashed', async () => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const pair = await signIn(api, { ...person, email: person.email.toUpperCase() });
    expect(pair.expires_in).toBe(600);
    const self = await me(pair.access_token);
    expect(self.body).toMatchObject({
      user_id: person.userId,
      token_id: null,
      grants: [{ role: 'Viewer', scope: '*' }],
    });
    const { rows } = await api.sql.query<{ password_hash: string; refresh: string }>(
      `SELECT u.password_hash, r.secret_hash AS refresh FROM users u JOIN sessions s ON s.user_id = u.id
       JOIN refresh_tokens r ON r.session_id = s.id WHERE u.id = $1`,
      [person.userId],
    );
    expect(rows[0]?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(rows[0]?.refresh).not.toContain(pair.refresh_token.split('.')[1]);
    expect(
      await count('audit_events', `actor = $1 AND action = 'auth.login' AND outcome = 'done'`, person.userId),
    ).toBe(1);
  });

  it('answers the same, in about the same time, for a wrong password, no such user, a disabled one and a service account', async () => {
    const person = await makePerson(admin);
    const disabled = await makePerson(admin);
    await admin.http.patch(`/api/v1/users/${disabled.userId}`).send({ disabled: true });
    const bodies = await Promise.all(
      [
        login(person.email, 'wrong password here'),
        login('nobody@example.org', PASSWORD),
        login(disabled.email, PASSWORD),
        login('\u0430nn@example.org', PASSWORD),
      ].map(async (asked) => {
        const answer = await asked;
        return [answer.status, { ...(answer.body as object), instance: '' }];
      }),
    );
    expect(bodies[0]).toMatchObject([401, { code: 'auth/bad-credentials' }]);
    for (const other of bodies) expect(other).toEqual(bodies[0]);

    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    for (let i = 0; i < 5; i++)
      for (const kind of ['known', 'unknown'] as const) {
        await api.sql.query('DELETE FROM login_attempts');
        const begun = performance.now();
        await login(kind === 'known' ? person.email : `nobody-${String(i)}@example.org`, 'wrong password here');
        times[kind].push(performance.now() - begun);
      }
    const median = (of: number[]): number => of.sort((a, b) => a - b)[2]!;
    // Without the hash for nobody the difference is more than tenfold.
    expect(median(times.unknown) / median(times.known)).toBeGreaterThan(1 / 3);
  });

  it('waits longer after each wrong password, also for who is not there, and guesses at the same time count', async () => {
    const person = await makePerson(admin);
    for (const email of [person.email, `not-there-${randomBytes(4).toString('hex')}@example.org`]) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => login(email, 'wrong password here')));
      const statuses = answers.map((a) => a.status).sort();
      expect(statuses.filter((s) => s === 401)).toHaveLength(5);
      expect(statuses.filter((s) => s === 429)).toHaveLength(7);
      const refused = answers.find((a) => a.status === 429)!;
      expect((refused.body as Problem).code).toBe('auth/too-many-attempts');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    }
    // The right password does not help while it is locked.
    await api.sql.query(`UPDATE login_attempts SET locked_until = now() + interval '1 hour'`);
    expect((await login(person.email, PASSWORD)).status).toBe(429);
    await api.sql.query(`UPDATE login_attempts SET locked_until = now(), failures = 9`);
    expect((await login(person.email, 'wrong password here')).status).toBe(401);
    const { rows } = await api.sql.query<{ seconds: number }>(
      `SELECT extract(epoch FROM locked_until - last_at)::float8 AS seconds FROM login_attempts WHERE failures = 10`,
    );
    expect(rows[0]?.seconds).toBe(32);
    await api.sql.query('DELETE FROM login_attempts');
    expect((await login(person.email, PASSWORD)).status).toBe(200);
    expect(await count('login_attempts', 'TRUE')).toBe(0);
  });
});

describe('an access token', () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = (): number => Math.floor(Date.now() / 1000);
  let person: Person;
  let claims: Record<string, unknown>;
  let config: HttpConfig;
  const hmac = (algorithm: string, key: Buffer | string, header: object, payload: object): string => {
    const text = `${encode(header)}.${encode(payload)}`;
    return `${text}.${createHmac(algorithm, key).update(text).digest('base64url')}`;
  };
  const key = (): Buffer => Buffer.from(config.REKALL_SESSION_KEY, 'hex');
  const made = (change: object): string =>
    hmac('sha256', key(), { alg: 'HS256', typ: 'JWT' }, { ...claims, ...change });

  beforeAll(async () => {
    config = api.app.get<HttpConfig>(HTTP_CONFIG);
    person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const pair = await signIn(api, person);
    claims = JSON.parse(Buffer.from(pair.access_token.split('.')[1]!, 'base64url').toString()) as Record<
      string,
      unknown
    >;
  });

  it('made as ours is taken, so that what follows is refused for its fault alone', async () => {
    expect((await me(made({}))).status).toBe(200);
  });

  const FAULTS: [string, () => string][] = [
    ['alg none', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`],
    ['alg none with a signature', () => hmac('sha256', key(), { alg: 'none' }, claims)],
    ['alg NonE', () => `${encode({ alg: 'NonE' })}.${encode(claims)}.`],
    ['HS512 with our key', () => hmac('sha512', key(), { alg: 'HS512' }, claims)],
    [
      'RS256 by a key of its own',
      () => {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        const text = `${encode({ alg: 'RS256' })}.${encode(claims)}`;
        return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
      },
    ],
    [
      'HS256 over a public key as secret',
      () => {
        const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        return hmac('sha256', publicKey.export({ type: 'spki', format: 'pem' }), { alg: 'HS256' }, claims);
      },
    ],
    [
      'a key in its own header',
      () =>
        hmac(
          'sha256',
          'mine',
          { alg: 'HS256', jwk: { kty: 'oct', k: Buffer.from('mine').toString('base64url') } },
          claims,
        ),
    ],
    ['the hex of our key as secret', () => hmac('sha256', config.REKALL_SESSION_KEY, { alg: 'HS256' }, claims)],
    ['an empty secret', () => hmac('sha256', '', { alg: 'HS256' }, claims)],
    ['an end in the past', () => made({ exp: now() - 1 })],
    ['no end', () => made({ exp: undefined })],
    ['an end that is a text', () => made({ exp: '9999999999' })],
    ['a begin in the future', () => made({ nbf: now() + 60 })],
    ['no begin', () => made({ nbf: undefined })],
    ['a foreign audience', () => made({ aud: 'somebody-else' })],
    ['several audiences, ours among them', () => made({ aud: ['rekall-api', 'somebody-else'] })],
    ['no audience', () => made({ aud: undefined })],
    ['a foreign issuer', () => made({ iss: `rekall:${'0'.repeat(32)}` })],
    ['no issuer', () => made({ iss: undefined })],
    ['a session that is not there', () => made({ sid: 'S_0000000000000000' })],
    ['somebody else’s session', () => made({ sub: admin.userId })],
    ['a user id that is SQL', () => made({ sub: `U_' OR '1'='1` })],
    ['an altered payload', () => made({}).replace(/\.[^.]+\./, `.${encode({ ...claims, sub: admin.userId })}.`)],
    ['four parts', () => `${made({})}.x`],
    ['two parts', () => made({}).split('.').slice(0, 2).join('.')],
    ['a lone surrogate', () => hmac('sha256', key(), { alg: 'HS256' }, { ...claims, sub: '\ud800' })],
  ];
  it.each(FAULTS)('is refused with %s', async (_what, token) => {
    expect(codeOf(await me(token()))).toEqual([401, 'auth/invalid-token']);
  });

  it('is refused in the query string and in a body', async () => {
    for (const name of ['access_token', 'token', 'authorization', 'jwt']) {
      const answer = await api.anonymous.get('/api/v1/me').query({ [name]: made({}) });
      expect(codeOf(answer)).toEqual([401, 'auth/invalid-token']);
      const inQuery = await api.anonymous.get('/api/v1/me').query({ [name]: admin.token });
      expect(inQuery.status).toBe(401);
      const inBody = await api.anonymous.post('/api/v1/hunts').send({ [name]: admin.token });
      expect(inBody.status).toBe(401);
    }
  });

  it('of a user who is deleted or disabled, or whose session has ended, is refused at once', async () => {
    const deleted = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const first = await signIn(api, deleted);
    const token = (
      await withToken(api, first.access_token)
        .post('/api/v1/tokens')
        .send({ name: 'x', expires_at: new Date(Date.now() + 3_600_000).toISOString() })
    ).body as { token: string };
    expect([(await me(first.access_token)).status, (await me(token.token)).status]).toEqual([200, 200]);
    await api.sql.query('DELETE FROM users WHERE id = $1', [deleted.userId]);
    expect([(await me(first.access_token)).status, (await me(token.token)).status]).toEqual([401, 401]);
    expect((await refresh(first.refresh_token)).status).toBe(401);

    const disabled = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const second = await signIn(api, disabled);
    await admin.http.patch(`/api/v1/users/${disabled.userId}`).send({ disabled: true }).expect(200);
    expect((await me(second.access_token)).status).toBe(401);
    await admin.http.patch(`/api/v1/users/${disabled.userId}`).send({ disabled: false }).expect(200);
    expect((await me(second.access_token)).status).toBe(401); // back, but signed out

    const left = await signIn(api, disabled);
    await api.anonymous.post('/api/v1/auth/logout').send({ refresh_token: left.refresh_token }).expect(204);
    expect((await me(left.access_token)).status).toBe(401);
    expect(codeOf(await refresh(left.refresh_token))).toEqual([401, 'auth/invalid-refresh-token']);
  });
});

describe('a refresh token', () => {
  it('is good once: a second use ends the session and all that came of it, and is on record', async () => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const first = await signIn(api, person);
    const elsewhere = await signIn(api, person);
    const second = (await refresh(first.refresh_token)).body as Pair;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await me(second.access_token)).status).toBe(200);
    expect(codeOf(await refresh(first.refresh_token))).toEqual([401, 'auth/invalid-refresh-token']);
    expect((await refresh(second.refresh_token)).status).toBe(401);
    expect([(await me(first.access_token)).status, (await me(second.access_token)).status]).toEqual([401, 401]);
    expect((await me(elsewhere.access_token)).status).toBe(200); // another signing in is not touched
    expect(
      await count('audit_events', `actor = $1 AND action = 'auth.refresh-reuse' AND outcome = 'denied'`, person.userId),
    ).toBe(1);
  });

  it('used twice at the same time is used once', async () => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const first = await signIn(api, person);
    const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(first.refresh_token)));
    expect(answers.map((a) => a.status).sort()).toEqual([200, 401, 401, 401, 401, 401]);
    const won = answers.find((a) => a.status === 200)!.body as Pair;
    expect((await me(won.access_token)).status).toBe(401);
  });

  it('is no access token, nor an access token one', async () => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const pair = await signIn(api, person);
    expect((await me(pair.refresh_token)).status).toBe(401);
    expect((await refresh(pair.access_token)).status).toBe(400); // longer than any refresh token
    expect((await refresh(admin.token)).status).toBe(401);
    expect((await refresh(pair.refresh_token.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')))).status).toBe(401);
    expect((await refresh(pair.refresh_token)).status).toBe(200); // a wrong secret ends nothing
  });

  it('ends with its time', async () => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const pair = await signIn(api, person);
    await api.sql.query('UPDATE refresh_tokens SET expires_at = now() WHERE id = $1', [
      pair.refresh_token.split('.')[0],
    ]);
    expect((await refresh(pair.refresh_token)).status).toBe(401);
  });
});

describe('a password', () => {
  it('is changed by who knows it; all sessions end, and API tokens stay', async () => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const pair = await signIn(api, person);
    const other = await signIn(api, person);
    const http = withToken(api, pair.access_token);
    const wrong = await http
      .post('/api/v1/me/password')
      .send({ present_password: 'not this one', new_password: 'another good password' });
    expect(codeOf(wrong)).toEqual([403, 'auth/wrong-password']);
    const change = { present_password: PASSWORD, new_password: 'another good password' };
    await http.post('/api/v1/me/password').send(change).expect(204);
    for (const { access_token, refresh_token } of [pair, other]) {
      expect((await me(access_token)).status).toBe(401);
      expect((await refresh(refresh_token)).status).toBe(401);
    }
    expect((await login(person.email, PASSWORD)).status).toBe(401);
    expect((await login(person.email, change.new_password)).status).toBe(200);
  });

  it('is never set by an API token alone', async () => {
    const { http, userId } = await api.as({ role: 'Investigator', scope: '*' });
    const answer = await http.post('/api/v1/me/password').send({ present_password: PASSWORD, new_password: PASSWORD });
    expect(codeOf(answer)).toEqual([409, 'auth/no-password']);
    expect(await count('users', 'id = $1 AND password_hash IS NOT NULL', userId)).toBe(0);
  });

  it.each([
    ['too short', 'eleven char', 400],
    ['of 1 kB and more', 'x'.repeat(1025), 400],
    ['of 100 kB', 'x'.repeat(100_000), 413],
    ['of 1 MB', 'x'.repeat(1024 * 1024), 413],
    ['of 10 MB', 'x'.repeat(10 * 1024 * 1024), 413],
  ])('%s is refused before anything is hashed', async (_what, password, status) => {
    const atLogin = await login('ann@example.org', password);
    expect(atLogin.status).toBe(password.length < 20 ? 401 : status);
    const atCreation = await admin.http.post('/api/v1/users').send({ name: 'long', email: 'l@example.org', password });
    expect([400, 413]).toContain(atCreation.status);
    expect(await count('users', `name = 'long'`)).toBe(0);
  });

  it('is the same however its characters are composed', async () => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    await admin.http.patch(`/api/v1/users/${person.userId}`).send({ password: 'pässword-of-ann' }).expect(200);
    expect((await login(person.email, 'pa\u0308ssword-of-ann')).status).toBe(200);
  });
});

describe('a body before signing in', () => {
  it('of 10 MB without a length is cut off, on every route that is open', async () => {
    await api.app.listen(0, '127.0.0.1');
    const { port } = api.app.getHttpServer().address() as AddressInfo;
    for (const path of ['auth/login', 'auth/refresh', 'auth/logout', 'hunts']) {
      const asked = request({
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: `/api/v1/${path}`,
        headers: { 'content-type': 'application/json' },
      });
      asked.on('error', () => undefined); // the server may close while we still send
      asked.write(`{"email":"`);
      const chunk = Buffer.alloc(64 * 1024, 'x');
      let sent = 0;
      const feed = (): void => {
        while (sent < 10 * 1024 * 1024 && !asked.destroyed) {
          sent += chunk.length;
          if (!asked.write(chunk)) return void asked.once('drain', feed);
        }
        asked.end('"}');
      };
      feed();
      const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
      expect(response.statusCode, path).toBe(413);
      response.resume();
      asked.destroy();
    }
  });
});
