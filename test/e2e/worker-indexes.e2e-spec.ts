import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

/* What the worker asks for every few seconds reads no whole table, however large the fleet has become. */

const ROWS = 20_000;
let database: TestDatabase;
let sql: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
  for (const statement of [
    `INSERT INTO clients (id, identity, queue, registered_at, first_seen_at, last_seen_at, startup_at)
     SELECT 'C.' || i, 'x', i, now() - interval '2 days', now(), now(), now() FROM generate_series(1, ${ROWS}) i`,
    `INSERT INTO queues (id, wanted_seq, published_seq, published_at) SELECT 'client:' || id, 1, 1, now() FROM clients`,
    `INSERT INTO client_labels (client_id, label, by) SELECT id, 'L' || length(id), 'x' FROM clients`,
    `INSERT INTO flows (id, is_hunt, type, creator, created_at, expires_at, ended_at, client_id, entry_state, request)
     SELECT 'F_' || id, false, 'x', 'x', now() - interval '20 days', now() - interval '13 days', now(), id, 'closed', '{}' FROM clients`,
    `INSERT INTO quarantine_entries (key, etag, reason, detail, archive_key) SELECT id, 'x', 'x', 'x', 'x' FROM clients`,
    `INSERT INTO tickets_seen (key, client_id, nonce, seq, etag, last_modified, verdict, archived_at)
     SELECT id, id, 'x', 1, 'x', now(), 'accepted', now() FROM clients`,
    'ANALYZE',
  ])
    await sql.query(statement);
}, 120_000);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

describe('the worker’s periodic statements', () => {
  it.each([
    [
      'files that are out of date',
      `SELECT id FROM queues WHERE wanted_seq > published_seq AND id <> ALL('{}') ORDER BY id LIKE 'client:%', id LIMIT 200`,
    ],
    [
      'files whose grants are old',
      `SELECT id FROM queues WHERE published_at < now() - interval '1 day' AND wanted_seq = published_seq
       ORDER BY published_at LIMIT 5000`,
    ],
    [
      'flows past their time',
      `SELECT id FROM flows WHERE expires_at <= now()
       AND (NOT is_hunt AND entry_state = 'open' OR is_hunt AND hunt_state IN ('Running', 'Paused')) ORDER BY id LIMIT 500`,
    ],
    ['runs past their time', `SELECT id FROM flows WHERE expires_at <= now() AND n_started > 0 ORDER BY id LIMIT 500`],
    [
      'tickets to archive',
      `SELECT key FROM tickets_seen WHERE archived_at IS NULL AND verdict <> 'quarantined'
       ORDER BY seen_at, last_modified, key LIMIT 1000`,
    ],
    ['quarantine to archive', `SELECT id FROM quarantine_entries WHERE archive_key IS NULL ORDER BY id LIMIT 1000`],
    [
      'labels that have a file',
      `WITH RECURSIVE given AS (
         (SELECT label FROM client_labels ORDER BY label LIMIT 1)
         UNION ALL
         SELECT (SELECT l.label FROM client_labels l WHERE l.label > given.label ORDER BY l.label LIMIT 1)
         FROM given WHERE given.label IS NOT NULL)
       SELECT substr(id, 7) AS label FROM queues WHERE id LIKE 'label:%'
       UNION SELECT label FROM given WHERE label IS NOT NULL`,
    ],
    ['registrations of an hour', `SELECT count(*) FROM clients WHERE registered_at >= now() - interval '1 hour'`],
  ])('read by an index: %s', async (_, query) => {
    const { rows } = await sql.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${query}`);
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).not.toContain('Seq Scan');
  });
});
