import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, insertClient, startTestApi, type TestApi } from '../support/api.js';
import { makePerson, PASSWORD, signIn, withToken } from '../support/people.js';

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
const me = (token: string) => withToken(api, token).get('/api/v1/me');
const codeOf = (answer: { status: number; body: unknown }): [number, string] => [
  answer.status,
  (answer.body as Problem).code,
];

describe('users', () => {
  it.each([
    ['a role', { role: 'Administrator' }],
    ['grants', { grants: [{ role: 'Administrator', scope: '*' }] }],
    ['an id', { user_id: 'U_0000000000000000' }],
    ['a hash', { password_hash: '$argon2id$' }],
    ['a kind', { kind: 'service' }],
    ['__proto__', JSON.parse('{"__proto__":{"role":"Administrator"}}') as object],
  ])('take no %s in an update of a profile', async (_what, more) => {
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    const before = await api.sql.query('SELECT * FROM users WHERE id = $1', [person.userId]);
    const text = JSON.stringify(more).replace(/^\{/, '{"name":"changed",');
    const answer = await admin.http
      .patch(`/api/v1/users/${person.userId}`)
      .set('content-type', 'application/json')
      .send(text);
    expect(answer.status).toBe(400);
    expect((await api.sql.query('SELECT * FROM users WHERE id = $1', [person.userId])).rows).toEqual(before.rows);
    expect(await count('grants', `subject_id = $1 AND role <> 'Viewer'`, person.userId)).toBe(0);
  });

  it.each([
    ['a Cyrillic letter', '\u0430dmin@example.org'],
    ['a Kelvin sign', '\u212Aim@example.org'],
    ['full-width letters', '\uFF41dmin@example.org'],
    ['a dotless i in the domain', 'admin@example.\u0131nfo'],
    ['a zero-width joiner', 'ad\u200Dmin@example.org'],
    ['a lone surrogate', 'a\ud800@example.org'],
  ])('take no e-mail with %s', async (_what, email) => {
    const answer = await admin.http.post('/api/v1/users').send({ name: 'look-alike', email, password: PASSWORD });
    expect(answer.status).toBe(400);
    expect(await count('users', `name = 'look-alike'`)).toBe(0);
  });

  it.each([
    ['a lone surrogate', { name: 'x\udc00' }, '/name'],
    ['a NUL', { name: 'x\0y' }, '/name'],
    ['a right-to-left override', { name: 'x\u202Ey' }, '/name'],
    ['an unknown kind', { name: 'x', kind: 'robot' }, '/kind'],
    ['a password for a service account', { name: 'x', kind: 'service', password: PASSWORD }, '/kind'],
  ])('take no %s', async (_what, body, pointer) => {
    const answer = await admin.http.post('/api/v1/users').send(body);
    expect(answer.status).toBe(400);
    expect((answer.body as Problem).errors?.map((e) => e.pointer)).toContain(pointer);
  });

  it('have their own name and e-mail each, also when made at the same time and in capitals', async () => {
    const email = `twin-${randomBytes(4).toString('hex')}@example.org`;
    const answers = await Promise.all(
      ['A', 'B', 'C'].map((name) =>
        admin.http
          .post('/api/v1/users')
          .send({ name: `${email}-${name}`, email: name === 'A' ? email : email.toUpperCase() }),
      ),
    );
    expect(answers.map((a) => a.status).sort()).toEqual([201, 409, 409]);
    expect(answers.filter((a) => a.status === 409).map((a) => (a.body as Problem).code)).toEqual(
      Array(2).fill('user/email-taken'),
    );
  });

  it('are made once for one Idempotency-Key, of which nothing is left that a password could be guessed from', async () => {
    const body = {
      name: `once-${randomBytes(4).toString('hex')}`,
      email: `${randomBytes(4).toString('hex')}@example.org`,
      password: PASSWORD,
    };
    const send = () => admin.http.post('/api/v1/users').set('Idempotency-Key', body.name).send(body);
    const [first, again] = [await send(), await send()];
    expect([first.status, again.status]).toEqual([201, 201]);
    expect((again.body as { user_id: string }).user_id).toBe((first.body as { user_id: string }).user_id);
    const other = await admin.http
      .post('/api/v1/users')
      .set('Idempotency-Key', body.name)
      .send({ ...body, password: 'quite another password' });
    expect(other.status).toBe(201); // the hash of the body does not depend on it
  });
});

describe('grants', () => {
  it('are enforced within their time only', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const late = await makePerson(admin, { role: 'Viewer', scope: '*', valid_from: soon });
    expect((await me((await signIn(api, late)).access_token)).status).toBe(403);
    await api.sql.query(`UPDATE grants SET valid_from = now() - interval '1 s' WHERE subject_id = $1`, [late.userId]);
    const { access_token: token } = await signIn(api, late);
    expect((await me(token)).status).toBe(200);
    await api.sql.query(`UPDATE grants SET valid_until = now() WHERE subject_id = $1`, [late.userId]);
    expect((await me(token)).status).toBe(403);
  });

  it('give nothing that their giver does not hold: neither role, nor scope, nor time', async () => {
    const until = new Date(Date.now() + 3_600_000);
    const manager = await makePerson(admin, {
      role: 'Administrator',
      scope: 'label:web',
      valid_until: until.toISOString(),
    });
    const http = withToken(api, (await signIn(api, manager)).access_token);
    const subject = await makePerson(admin);
    const give = (grant: object) =>
      http.post('/api/v1/grants').send({
        user_id: subject.userId,
        role: 'Viewer',
        scope: 'label:web',
        valid_until: until.toISOString(),
        ...grant,
      });
    for (const beyond of [
      { scope: '*' },
      { scope: 'label:db' },
      { scope: `client:${await insertClient(api.sql, ['web'])}` },
      { valid_until: undefined },
      { valid_until: new Date(until.getTime() + 1000).toISOString() },
      { role: 'Administrator', scope: '*' },
    ])
      expect(codeOf(await give(beyond))).toEqual([403, 'grant/exceeds-own']);
    expect(await count('grants', 'subject_id = $1', subject.userId)).toBe(0);
    expect(
      await count('audit_events', `actor = $1 AND action = 'grants.manage' AND outcome = 'denied'`, manager.userId),
    ).toBe(6);
    expect((await give({ role: 'Hunter' })).status).toBe(201);
    expect((await give({ role: 'Administrator', user_id: manager.userId, valid_until: undefined })).status).toBe(403); // nor to oneself
    const hunter = withToken(api, (await signIn(api, subject)).access_token);
    expect(
      (await hunter.post('/api/v1/grants').send({ user_id: subject.userId, role: 'Viewer', scope: 'label:web' }))
        .status,
    ).toBe(403);
  });

  it('are managed within one’s own scope only, also those of roles that one holds elsewhere', async () => {
    const manager = await makePerson(
      admin,
      { role: 'Administrator', scope: 'label:web' },
      { role: 'Viewer', scope: 'label:db' },
    );
    const http = withToken(api, (await signIn(api, manager)).access_token);
    const subject = await makePerson(admin, { role: 'Viewer', scope: 'label:db' });
    const given = await http
      .post('/api/v1/grants')
      .send({ user_id: manager.userId, role: 'Viewer', scope: 'label:db', valid_until: '2100-01-01T00:00:00Z' });
    expect(codeOf(given)).toEqual([403, 'grant/exceeds-own']);
    const { rows } = await api.sql.query<{ id: string }>('SELECT id FROM grants WHERE subject_id = $1', [
      subject.userId,
    ]);
    expect((await http.delete(`/api/v1/grants/${rows[0]!.id}`)).status).toBe(404);
    expect(await count('grants', 'subject_id = $1', subject.userId)).toBe(1);
  });

  it('given again are the same; with another validity they are not', async () => {
    const subject = await makePerson(admin);
    const grant = { user_id: subject.userId, role: 'Viewer', scope: 'label:x' };
    const [first, again] = [
      await admin.http.post('/api/v1/grants').send(grant),
      await admin.http.post('/api/v1/grants').send(grant),
    ];
    expect((again.body as { grant_id: string }).grant_id).toBe((first.body as { grant_id: string }).grant_id);
    const other = await admin.http
      .post('/api/v1/grants')
      .send({ ...grant, valid_until: new Date(Date.now() + 1e6).toISOString() });
    expect(codeOf(other)).toEqual([409, 'grant/exists']);
  });

  it.each([
    ['an unknown role', { role: 'Root' }],
    ['a role in other case', { role: 'administrator' }],
    ['an unknown scope', { scope: 'org:all' }],
    ['a pattern as scope', { scope: 'label:*' }],
    ['the label of all', { scope: 'label:All' }],
    ['a scope with a line end', { scope: 'label:web\n' }],
    ['a lone surrogate', { scope: 'label:\ud800' }],
    ['an unknown field', { admin: true }],
    ['an end before its begin', { valid_until: '2001-01-01T00:00:00Z' }],
  ])('take no %s', async (_what, change) => {
    const answer = await admin.http
      .post('/api/v1/grants')
      .send({ user_id: admin.userId, role: 'Viewer', scope: '*', ...change });
    expect(answer.status).toBe(400);
  });
});

describe('the last administrator', () => {
  it('stays: neither grant nor user goes, also when two take each other away at once', async () => {
    const own = await startTestApi();
    try {
      const [one, two] = [
        await own.as({ role: 'Administrator', scope: '*' }),
        await own.as({ role: 'Administrator', scope: '*' }),
      ];
      const grantOf = async (caller: Caller): Promise<string> => {
        const answer = await one.http.get('/api/v1/grants').query({ user_id: caller.userId });
        return (answer.body as { items: { grant_id: string }[] }).items[0]!.grant_id;
      };
      const [first, second] = [await grantOf(one), await grantOf(two)];
      const answers = await Promise.all([
        one.http.delete(`/api/v1/grants/${second}`),
        two.http.delete(`/api/v1/grants/${first}`),
      ]);
      const statuses = answers.map((a) => a.status).sort();
      expect(statuses[0]).toBe(204);
      expect([403, 404, 409]).toContain(statuses[1]);
      const left = answers[0].status === 204 ? one : two;
      const grant = answers[0].status === 204 ? first : second;
      expect(codeOf(await left.http.delete(`/api/v1/grants/${grant}`))).toEqual([409, 'grant/last-administrator']);
      expect(codeOf(await left.http.patch(`/api/v1/users/${left.userId}`).send({ disabled: true }))).toEqual([
        409,
        'grant/last-administrator',
      ]);
      expect((await left.http.get('/api/v1/users')).status).toBe(200);
      // One who is administrator for a time only does not count.
      const brief = await left.http.post('/api/v1/users').send({ name: 'brief', kind: 'service' });
      const until = new Date(Date.now() + 3_600_000).toISOString();
      await left.http
        .post('/api/v1/grants')
        .send({
          user_id: (brief.body as { user_id: string }).user_id,
          role: 'Administrator',
          scope: '*',
          valid_until: until,
        })
        .expect(201);
      expect((await left.http.delete(`/api/v1/grants/${grant}`)).status).toBe(409);
    } finally {
      await own.close();
    }
  });
});

describe('a token', () => {
  const soon = (): string => new Date(Date.now() + 1_800_000).toISOString();

  it('shows its secret once, and may do what both its owner and itself may, now', async () => {
    const web = await insertClient(api.sql, ['web']);
    const db = await insertClient(api.sql, ['db']);
    const person = await makePerson(
      admin,
      { role: 'Investigator', scope: 'label:web' },
      { role: 'Investigator', scope: 'label:db' },
    );
    const http = withToken(api, (await signIn(api, person)).access_token);
    const made = await http
      .post('/api/v1/tokens')
      .send({ name: 'narrow', expires_at: soon(), grants: [{ role: 'Viewer', scope: 'label:web' }] });
    expect(made.status).toBe(201);
    const { token, token_id: id } = made.body as { token: string; token_id: string };
    const listed = await http.get('/api/v1/tokens');
    expect(listed.text).not.toContain(token.split('.')[1]);
    expect((listed.body as { items: object[] }).items).toMatchObject([
      { token_id: id, grants: [{ role: 'Viewer', scope: 'label:web' }] },
    ]);
    const narrow = withToken(api, token);
    const lastUse = async () =>
      ((await http.get('/api/v1/tokens')).body as { items: { last_used_at: string | null }[] }).items[0]!.last_used_at;
    expect(await lastUse()).toBeNull();
    expect((await narrow.get(`/api/v1/clients/${web}`)).status).toBe(200);
    expect(Math.abs(Date.now() - Date.parse((await lastUse())!))).toBeLessThan(60_000);
    expect((await narrow.get(`/api/v1/clients/${db}`)).status).toBe(404);
    expect((await narrow.post(`/api/v1/clients/${web}/flows`).send({ type: 'ListProcesses' })).status).toBe(403);
    await api.sql.query(`DELETE FROM grants WHERE subject_id = $1 AND scope = 'label:web'`, [person.userId]);
    expect((await narrow.get(`/api/v1/clients/${web}`)).status).toBe(404); // its owner may not any more
    await http.delete(`/api/v1/tokens/${id}`).expect(204);
    await http.delete(`/api/v1/tokens/${id}`).expect(204);
    expect((await narrow.get('/api/v1/me')).status).toBe(401);
  });

  it('never exceeds who makes it, nor the token that makes it', async () => {
    const person = await makePerson(admin, { role: 'Hunter', scope: 'label:web' });
    const http = withToken(api, (await signIn(api, person)).access_token);
    for (const grants of [
      [{ role: 'Hunter', scope: '*' }],
      [{ role: 'Investigator', scope: 'label:web' }],
      [{ role: 'Viewer', scope: 'label:db' }],
    ])
      expect(codeOf(await http.post('/api/v1/tokens').send({ name: 'x', expires_at: soon(), grants }))).toEqual([
        403,
        'token/exceeds-own',
      ]);
    const viewer = await http
      .post('/api/v1/tokens')
      .send({ name: 'v', expires_at: soon(), grants: [{ role: 'Viewer', scope: 'label:web' }] });
    const narrow = withToken(api, (viewer.body as { token: string }).token);
    const wide = { name: 'w', expires_at: new Date(Date.now() + 60_000).toISOString() };
    expect((await narrow.post('/api/v1/tokens').send(wide)).status).toBe(403); // all of its owner's is more than it has
    expect(
      (await narrow.post('/api/v1/tokens').send({ ...wide, grants: [{ role: 'Viewer', scope: 'label:web' }] })).status,
    ).toBe(201);
    const longer = {
      name: 'l',
      expires_at: new Date(Date.now() + 7_200_000).toISOString(),
      grants: [{ role: 'Viewer', scope: 'label:web' }],
    };
    expect((await narrow.post('/api/v1/tokens').send(longer)).status).toBe(403);
    expect(await count('api_tokens', 'user_id = $1', person.userId)).toBe(2);
  });

  it.each([
    ['more than a year', () => new Date(Date.now() + 367 * 86_400_000).toISOString()],
    ['the past', () => new Date(Date.now() - 1000).toISOString()],
  ])('does not live for %s', async (_what, expires) => {
    const answer = await admin.http.post('/api/v1/tokens').send({ name: 'x', expires_at: expires() });
    expect(codeOf(answer)).toEqual([400, 'token/bad-expiry']);
  });

  it('of a service account is made by who manages users and holds all that it may; never one of another person', async () => {
    const service = (
      await admin.http.post('/api/v1/users').send({ name: `soar-${randomBytes(4).toString('hex')}`, kind: 'service' })
    ).body as { user_id: string };
    await admin.http
      .post('/api/v1/grants')
      .send({ user_id: service.user_id, role: 'Hunter', scope: 'label:web' })
      .expect(201);
    const made = await admin.http
      .post('/api/v1/tokens')
      .send({ user_id: service.user_id, name: 'playbook', expires_at: soon() });
    expect(made.status).toBe(201);
    const self = await me((made.body as { token: string }).token);
    expect(self.body).toMatchObject({ user_id: service.user_id, grants: [{ role: 'Hunter', scope: 'label:web' }] });
    const person = await makePerson(admin, { role: 'Viewer', scope: '*' });
    expect(
      codeOf(await admin.http.post('/api/v1/tokens').send({ user_id: person.userId, name: 'x', expires_at: soon() })),
    ).toEqual([403, 'token/not-a-service']);
    const local = await api.as({ role: 'Administrator', scope: 'label:web' });
    expect(
      (await local.http.post('/api/v1/tokens').send({ user_id: service.user_id, name: 'x', expires_at: soon() }))
        .status,
    ).toBe(403);
  });

  it('with narrower grants cannot take its owner’s account over by a new e-mail or password', async () => {
    const made = await admin.http
      .post('/api/v1/tokens')
      .send({ name: 'manager', expires_at: soon(), grants: [{ role: 'Administrator', scope: 'label:web' }] });
    const narrow = withToken(api, (made.body as { token: string }).token);
    expect(
      (await narrow.patch(`/api/v1/users/${admin.userId}`).send({ email: 'mine@example.org', password: PASSWORD }))
        .status,
    ).toBe(403);
    const until = new Date(Date.now() + 1_800_000).toISOString();
    const brief = await makePerson(admin, { role: 'Administrator', scope: '*', valid_until: until });
    const http = withToken(api, (await signIn(api, brief)).access_token);
    const taken = await http
      .patch(`/api/v1/users/${admin.userId}`)
      .send({ email: 'mine@example.org', password: PASSWORD });
    expect(codeOf(taken)).toEqual([403, 'user/exceeds-own']);
    expect(await count('users', 'id = $1 AND (email IS NOT NULL OR password_hash IS NOT NULL)', admin.userId)).toBe(0);
  });
});
