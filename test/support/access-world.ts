import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hash } from '@node-rs/argon2';
import { createCollection, gzipFile } from '#collections';
import { openS3Store } from '#locations';
import type { CollectionSpec } from '#wire';
import { BUCKET, insertClient, insertRun, startTestApi, type TestApi } from './api.js';
import { FILESTORE_KEYS } from './filestore-process.js';
import { PASSWORD } from './people.js';

const hex = (): string => randomBytes(8).toString('hex');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The labels of a caller's own scope: the second is one that its clients do not have yet. */
export const MINE = 'mine';
export const MINE_TOO = 'mine-too';
export const THEIRS = 'theirs';

/** Objects that nobody changes. */
export interface Standing {
  clientId: string;
  flowId: string;
  huntId: string;
  collectionId: string;
  quarantineKey: string;
  fileId: string;
  orphanKey: string;
  grantId: string;
}

/** What is in every file. */
export const FILE_TEXT = 'the message of 7000000000222 days';

const SPEC: CollectionSpec = {
  __type__: 'Collection',
  name: 'pslist',
  tables: [{ name: 'pslist', columns: [{ name: 'pid', type: 'int' }], indexes: [] }],
};

/** A fleet of two labels, and how to make more of everything, each by what the parts themselves would have written. */
export class AccessWorld {
  mine!: Standing;
  theirs!: Standing;
  /** Objects as well-formed as the others that are not there any more; the client was in one's own scope. */
  gone!: Standing;
  goneUser!: string;
  standingUser!: string;
  #passwordHash = '';

  private constructor(readonly api: TestApi) {}

  static async make(): Promise<AccessWorld> {
    const world = new AccessWorld(await startTestApi());
    world.#passwordHash = await hash(PASSWORD);
    world.standingUser = await world.user();
    world.mine = await world.#standing(MINE);
    world.theirs = await world.#standing(THEIRS);
    world.gone = await world.#standing(MINE);
    const { clientId, flowId, huntId, collectionId, quarantineKey, grantId, fileId, orphanKey } = world.gone;
    const { sql } = world.api;
    await sql.query('UPDATE clients SET tombstone_at = now() WHERE id = $1', [clientId]);
    await sql.query('DELETE FROM flows WHERE id = ANY($1)', [[flowId, huntId]]);
    await sql.query('DELETE FROM collections WHERE id = $1', [collectionId]);
    await sql.query('DELETE FROM quarantine_entries WHERE key = $1', [quarantineKey]);
    await sql.query('DELETE FROM collected_files WHERE id = $1', [fileId]);
    await sql.query('DELETE FROM client_usage WHERE client_id = $1', [clientId]);
    await sql.query('DELETE FROM orphans WHERE key = $1', [orphanKey]);
    await sql.query('DELETE FROM grants WHERE id = $1', [grantId]);
    world.goneUser = await world.user();
    await sql.query('DELETE FROM users WHERE id = $1', [world.goneUser]);
    return world;
  }

  async #standing(label: string): Promise<Standing> {
    const clientId = await this.client(label);
    const huntId = await this.hunt(label);
    await insertRun(this.api.sql, huntId, clientId, 'Done', 1);
    return {
      clientId,
      huntId,
      flowId: await this.flow(clientId),
      collectionId: await this.collection(huntId, clientId),
      quarantineKey: await this.#quarantined(clientId),
      fileId: await this.file(huntId, clientId),
      orphanKey: await this.#uploads(clientId),
      grantId: await this.grant(await this.user(), 'Examiner', `label:${label}`),
    };
  }

  client(...labels: string[]): Promise<string> {
    return insertClient(this.api.sql, labels);
  }

  async flow(clientId: string): Promise<string> {
    return this.#insertFlow(`F_${hex()}`, clientId, [], null);
  }

  async hunt(label: string): Promise<string> {
    return this.#insertFlow(`H_${hex()}`, null, [label], 'Running');
  }

  async #insertFlow(id: string, clientId: string | null, labels: string[], huntState: string | null): Promise<string> {
    const { sql } = this.api;
    await sql.query(
      `INSERT INTO flows (id, is_hunt, type, creator, created_at, expires_at, client_id, labels, hunt_state, request, change_seq)
       VALUES ($1, $2, 'ListProcesses', 'U_test', now(), now() + interval '1 day', $3, $4, $5, '{}', 1)`,
      [id, clientId === null, clientId, labels, huntState],
    );
    await sql.query(
      `INSERT INTO flow_attempts (flow_id, attempt, spec_digest, spec_payload) VALUES ($1, 1, $2, '{}')`,
      [id, sha256('{}')],
    );
    return id;
  }

  /** A collection of one row, with its file in the bucket. */
  async collection(huntId: string, clientId: string): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'rekall-access-'));
    const bucket = openS3Store({
      endpoint: this.api.store.url,
      region: 'us-east-1',
      bucket: BUCKET,
      ...FILESTORE_KEYS.service,
    });
    try {
      const now = new Date().toISOString();
      const metadata = { client_id: clientId, flow_id: huntId, attempt: 1, spec_digest: sha256('{}') };
      const writer = createCollection(join(dir, 'x.sqlite'), SPEC, {
        ...metadata,
        created_at: now,
        agent_version: '1',
      });
      writer.insert('pslist', { pid: 7000000000111 }); // longer than any run of digits in a request id
      writer.finish(now);
      const packed = await gzipFile(join(dir, 'x.sqlite'), join(dir, 'x.gz'));
      const key = `hunts/${huntId}/vfs/analysis/pslist/${clientId}/${hex()}${hex()}.sqlite.gz`;
      const { etag } = await bucket.put(key, await readFile(join(dir, 'x.gz')), { contentType: 'application/gzip' });
      const id = `CL_${hex()}`;
      await this.api.sql.query(
        `INSERT INTO collections (id, flow_id, client_id, attempt, name, key, etag, stored_bytes, stored_sha256,
           content_bytes, content_sha256, schema, row_counts, rows, reported_at)
         VALUES ($1, $2, $3, 1, 'pslist', $4, $5, $6, $7, $8, $9, $10, '{"pslist":1}', 1, now())`,
        [
          ...[id, huntId, clientId, key, etag, packed.storedBytes, packed.storedSha256],
          ...[packed.contentBytes, packed.contentSha256, JSON.stringify(SPEC)],
        ],
      );
      return id;
    } finally {
      bucket.close();
      await rm(dir, { recursive: true });
    }
  }

  /** The key under which the collection of a standing client lies. */
  async keyOf(collectionId: string): Promise<string> {
    const { rows } = await this.api.sql.query<{ key: string }>('SELECT key FROM collections WHERE id = $1', [
      collectionId,
    ]);
    return rows[0]!.key;
  }

  /** An uploaded file, with its object in the bucket. */
  async file(huntId: string, clientId: string): Promise<string> {
    const bucket = openS3Store({
      endpoint: this.api.store.url,
      region: 'us-east-1',
      bucket: BUCKET,
      ...FILESTORE_KEYS.service,
    });
    try {
      const key = `hunts/${huntId}/vfs/files/${clientId}/etc/motd/${hex()}${hex()}`;
      const { etag } = await bucket.put(key, FILE_TEXT);
      const id = `FI_${hex()}`;
      await this.api.sql.query(
        `INSERT INTO collected_files (id, flow_id, client_id, attempt, path, path_bytes, key, etag, stored_bytes, stored_sha256,
           content_bytes, content_sha256, reported_at)
         VALUES ($1, $2, $3, 1, '/etc/motd', '/etc/motd', $4, $5, $6, $7, $6, $7, now())`,
        [id, huntId, clientId, key, etag, FILE_TEXT.length, sha256(FILE_TEXT)],
      );
      return id;
    } finally {
      bucket.close();
    }
  }

  /** What the patrol would have written: bytes under the client's id, and an orphan. */
  async #uploads(clientId: string): Promise<string> {
    const key = `${clientId}/vfs/${hex()}`;
    await this.api.sql.query('INSERT INTO client_usage (client_id, bytes, objects) VALUES ($1, 5, 1)', [clientId]);
    await this.api.sql.query(
      'INSERT INTO orphans (key, bytes, client_id, first_seen_at, seen_at) VALUES ($1, 5, $2, now(), now())',
      [key, clientId],
    );
    return key;
  }

  async #quarantined(clientId: string): Promise<string> {
    const key = `tickets/Startup/${clientId}/${hex()}`;
    await this.api.sql.query(
      `INSERT INTO quarantine_entries (key, etag, reason, detail, client_id) VALUES ($1, 'e', 'malformed', '', $2)`,
      [key, clientId],
    );
    return key;
  }

  /** A person with the password of tests. */
  async user(more: { email?: string; grant?: [role: string, scope: string] } = {}): Promise<string> {
    const id = `U_${hex()}`;
    await this.api.sql.query(`INSERT INTO users (id, name, email, password_hash) VALUES ($1, $1, $2, $3)`, [
      id,
      more.email ?? null,
      this.#passwordHash,
    ]);
    if (more.grant !== undefined) await this.grant(id, ...more.grant);
    return id;
  }

  async grant(userId: string, role: string, scope: string): Promise<string> {
    const id = `G_${hex()}`;
    await this.api.sql.query(
      `INSERT INTO grants (id, subject_kind, subject_id, role, scope, created_by) VALUES ($1, 'user', $2, $3, $4, 'U_test')`,
      [id, userId, role, scope],
    );
    return id;
  }

  /** An API token of a user: its id and the whole of it. */
  async token(userId: string): Promise<{ id: string; token: string }> {
    const [id, secret] = [`T_${hex()}`, randomBytes(32).toString('base64url')];
    await this.api.sql.query(
      `INSERT INTO api_tokens (id, user_id, name, secret_hash, expires_at) VALUES ($1, $2, 'x', $3, now() + interval '1 hour')`,
      [id, userId, sha256(secret)],
    );
    return { id, token: `${id}.${secret}` };
  }

  /** The refresh token of a user who has signed in. */
  async refreshToken(userId: string): Promise<string> {
    const [session, id, secret] = [`S_${hex()}`, `R_${hex()}`, randomBytes(32).toString('base64url')];
    await this.api.sql.query(
      `INSERT INTO sessions (id, user_id, created_at, expires_at, address) VALUES ($1, $2, now(), now() + interval '1 hour', '::1')`,
      [session, userId],
    );
    await this.api.sql.query(
      `INSERT INTO refresh_tokens (id, session_id, secret_hash, created_at, expires_at)
       VALUES ($1, $2, $3, now(), now() + interval '1 hour')`,
      [id, session, sha256(secret)],
    );
    return `${id}.${secret}`;
  }

  /** All that a request could change, as one value. */
  async fingerprint(): Promise<string> {
    const whole = ['flows', 'flow_changes', 'flow_attempts', 'queues', 'clients', 'client_labels', 'client_changes'];
    const people = ['users', 'grants', 'sessions', 'refresh_tokens'];
    const parts = [...whole, ...people].map(
      (table) => `(SELECT coalesce(md5(string_agg(x::text, ',' ORDER BY x::text)), '') FROM ${table} x)`,
    );
    const tokens = `(SELECT coalesce(md5(string_agg(id || coalesce(revoked_at::text, ''), ',' ORDER BY id)), '') FROM api_tokens)`;
    const { rows } = await this.api.sql.query<{ all: string }>(`SELECT ${[...parts, tokens].join(' || ')} AS all`);
    return rows[0]!.all;
  }

  /** What the audit log has of a request. */
  async audited(requestId: string): Promise<{ done: number; denied: number }> {
    const { rows } = await this.api.sql.query<{ done: string; denied: string }>(
      `SELECT count(*) FILTER (WHERE outcome = 'done') AS done, count(*) FILTER (WHERE outcome = 'denied') AS denied
       FROM audit_events WHERE request_id = $1`,
      [requestId],
    );
    return { done: Number(rows[0]!.done), denied: Number(rows[0]!.denied) };
  }
}
