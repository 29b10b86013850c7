import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '#embedded';
import { startTestApi } from '../support/api.js';
import { startConsole } from '../support/console-process.js';

let root: string;
let dir: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rekall-audit-'));
  await chmod(root, 0o711); // as root: Postgres is not root
  dir = join(root, 'deployment');
});
afterAll(() => rm(root, { recursive: true, force: true }));

const rekall = (...args: string[]) => startConsole(args).ended;

/** SQL as the superuser of the deployment’s own Postgres, with the triggers switched off; nothing else runs. */
const tamper = async (sql: string): Promise<void> => {
  const postgres = await startPostgres({ dir: join(dir, 'postgres') });
  const client = new Client({ connectionString: postgres.url('rekall', 'admin') });
  await client.connect();
  await client.query("SET session_replication_role = 'replica'");
  await client.query(sql);
  await client.end();
  await postgres.stop();
};

describe('rekall audit verify', () => {
  it('ends with 0 on the log as it was written, and with 1 and the event’s name when it was edited', async () => {
    expect(await rekall('init', '--dir', dir)).toMatchObject({ code: 0 });
    expect(await rekall('worker', '--once', '--dir', dir)).toMatchObject({ code: 0 });
    const intact = await rekall('audit', 'verify', '--dir', dir);
    expect(intact).toMatchObject({
      code: 0,
      stdout: '1 events chained, 1 of them sealed in 1 segments; 0 not chained yet\n',
    });
    await tamper(`UPDATE audit_events SET actor = 'U_somebody'`);
    const edited = await rekall('audit', 'verify', '--dir', dir);
    expect(edited.code).toBe(1);
    expect(edited.stdout).toContain(
      'edited     event 1 (seq 1) was edited: actor was "system:admin", is "U_somebody"\n',
    );
    expect(edited.stderr).toContain('the audit log is not what it was: 1 findings');
    const json = await rekall('audit', 'verify', '--dir', dir, '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ intact: false, findings: [{ kind: 'edited', event_ids: ['1'] }] });
  }, 240_000);
});

describe('rekall audit search', () => {
  it('prints what fits as table, CSV and JSON, and refuses what is no question', async () => {
    const api = await startTestApi();
    try {
      await api.app.listen(0, '127.0.0.1');
      const url = (await api.app.getUrl()).replace(/\/$/, '');
      const auditor = await api.as({ role: 'Auditor', scope: '*' });
      const viewer = await api.as({ role: 'Viewer', scope: '*' });
      await viewer.http.get('/api/v1/audit');
      const search = (...args: string[]) => rekall('audit', 'search', '--api', url, '--token', auditor.token, ...args);
      const table = await search('--actor', viewer.userId, '--outcome', 'denied');
      expect(table).toMatchObject({ code: 0 });
      expect(table.stdout).toMatch(/audit\.read +denied +route GET \/api\/v1\/audit/);
      const json = await search('--object', 'route:GET /api/v1/audit', '--from', '2026-01-01', '--json');
      expect(JSON.parse(json.stdout)).toMatchObject([
        { actor: viewer.userId, action: 'audit.read', outcome: 'denied' },
      ]);
      expect((await search('--csv', '--action', 'tokens.create')).stdout).toMatch(/^at,actor,action,outcome,/);
      expect(await search('--outcome', 'maybe')).toMatchObject({ code: 1 });
      expect(await search('--from', 'once')).toMatchObject({ code: 2 });
      expect(await search('--object', 'a b')).toMatchObject({ code: 2 });
    } finally {
      await api.close();
    }
  }, 120_000);
});
