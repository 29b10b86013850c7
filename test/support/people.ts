import { randomBytes } from 'node:crypto';
import supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';
import type { RoleName } from '../../apps/api/src/platform/access/permission.js';
import type { Caller, TestApi } from './api.js';

export const PASSWORD = 'correct horse battery staple';

/** Somebody who signs in with e-mail and password, made over REST by an administrator. */
export interface Person {
  userId: string;
  email: string;
  password: string;
}

/** What signing in answers. */
export interface Pair {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

/** Makes a person with grants. `admin` is an administrator of everything. */
export const makePerson = async (
  admin: Caller,
  ...grants: { role: RoleName; scope: string; valid_until?: string; valid_from?: string }[]
): Promise<Person> => {
  const name = `person-${randomBytes(6).toString('hex')}`;
  const email = `${name}@example.org`;
  const made = await admin.http.post('/api/v1/users').send({ name, email, password: PASSWORD });
  if (made.status !== 201) throw new Error(`user: ${made.text}`);
  const { user_id: userId } = made.body as { user_id: string };
  for (const grant of grants) {
    const given = await admin.http.post('/api/v1/grants').send({ user_id: userId, ...grant });
    if (given.status !== 201) throw new Error(`grant: ${given.text}`);
  }
  return { userId, email, password: PASSWORD };
};

export const signIn = async (api: TestApi, person: Person): Promise<Pair> => {
  const answer = await api.anonymous
    .post('/api/v1/auth/login')
    .send({ email: person.email, password: person.password });
  if (answer.status !== 200) throw new Error(`login: ${answer.text}`);
  return answer.body as Pair;
};

/** Requests with a bearer token of any kind. */
export const withToken = (api: TestApi, token: string): TestAgent => {
  const http = supertest.agent(api.app.getHttpServer());
  http.set('authorization', `Bearer ${token}`);
  return http;
};
