import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertClient, startTestApi, type TestApi } from '../support/api.js';

/* Grants are kept between requests; a change of them must hold from the next request on, whoever makes it, and however. */
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const grant = (subjectKind: 'user' | 'token', subjectId: string, scope: string): Promise<unknown> =>
  api.sql.query(
    `INSERT INTO grants (id, subject_kind, subject_id, role, scope, created_by) VALUES ($1, $2, $3, 'Viewer', $4, 'U_test')`,
    [`G_${randomBytes(8).toString('hex')}`, subjectKind, subjectId, scope],
  );

describe('grants', () => {
  it('count from the next request on after each kind of statement, in the database alone', async () => {
    const [one, two] = [await api.as(), await api.as()];
    const seen = async () => [
      (await one.http.get('/api/v1/clients')).status,
      (await two.http.get('/api/v1/clients')).status,
    ];
    expect(await seen()).toEqual([403, 403]);
    await grant('user', one.userId, '*');
    expect(await seen()).toEqual([200, 403]);
    await api.sql.query('UPDATE grants SET subject_id = $2 WHERE subject_id = $1', [one.userId, two.userId]);
    expect(await seen()).toEqual([403, 200]);
    await api.sql.query(`UPDATE grants SET role = 'Nothing' WHERE subject_id = $1`, [two.userId]);
    expect(await seen()).toEqual([403, 403]);
    await api.sql.query(`UPDATE grants SET role = 'Viewer' WHERE subject_id = $1`, [two.userId]);
    expect(await seen()).toEqual([403, 200]);
    await api.sql.query('DELETE FROM grants WHERE subject_id = $1', [two.userId]);
    expect(await seen()).toEqual([403, 403]);
    await grant('user', one.userId, '*');
    expect(await seen()).toEqual([200, 403]);
    await api.sql.query('TRUNCATE grants');
    expect(await seen()).toEqual([403, 403]);
    // A change that is undone is none.
    await api.sql.query('BEGIN');
    await grant('user', one.userId, '*');
    expect(await seen()).toEqual([403, 403]);
    await api.sql.query('ROLLBACK');
    expect(await seen()).toEqual([403, 403]);
  });

  it('of a token narrow it in every request, also while they change', async () => {
    const web = await insertClient(api.sql, ['h-web']);
    const db = await insertClient(api.sql, ['h-db']);
    await insertClient(api.sql, ['h-other']);
    const { http, token } = await api.as({ role: 'Viewer', scope: '*' });
    const id = token.split('.')[0]!;
    await grant('token', id, 'label:h-web');
    const seen = async (): Promise<string[]> =>
      ((await http.get('/api/v1/clients')).body as { items: { client_id: string }[] }).items.map((c) => c.client_id);
    expect(await seen()).toEqual([web]);
    for (let turn = 0; turn < 40; turn++) {
      const asked = Array.from({ length: 6 }, seen);
      const scope = turn % 2 === 0 ? 'label:h-db' : 'label:h-web';
      await api.sql.query('UPDATE grants SET scope = $2 WHERE subject_id = $1', [id, scope]);
      expect(await seen()).toEqual([turn % 2 === 0 ? db : web]);
      for (const answer of await Promise.all(asked)) expect([[web], [db]]).toContainEqual(answer);
    }
  });

  it('of a role that this version does not know still narrow a token', async () => {
    const { http, token } = await api.as({ role: 'Viewer', scope: '*' });
    expect((await http.get('/api/v1/clients')).status).toBe(200);
    await grant('token', token.split('.')[0]!, '*');
    await api.sql.query(`UPDATE grants SET role = 'OfTomorrow' WHERE subject_id = $1`, [token.split('.')[0]]);
    expect((await http.get('/api/v1/clients')).status).toBe(403);
  });
});
