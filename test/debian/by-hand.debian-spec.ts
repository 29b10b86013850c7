import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, WholeSystem } from '../support/whole-system.js';

/*
 * Everything is a file: what the bucket holds is read here with programs that know nothing of this project, as somebody
 * would by hand after a download with any S3 tool.
 */
interface Collection {
  collection_id: string;
  client_id: string;
  flow_id: string;
  key: string;
  stored_sha256: string;
  rows: string;
}

let system: WholeSystem;
let folder: string;
let hunt: { hunt_id: string; spec_digest: string };
let collection: Collection;

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });
const download = async (key: string, name: string): Promise<string> => {
  const found = await system.bucket.get(key, { maxBytes: 50_000_000 });
  if (found.kind !== 'found') throw new Error(`${key} is not in the bucket`);
  const path = join(folder, name);
  await writeFile(path, found.body);
  return path;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekall-hand-'));
  system = await WholeSystem.make();
  // The archive waits, so that tickets can be looked at where agents put them.
  await system.startWorker({ REKALL_ARCHIVE_SECONDS: '3600', REKALL_INTAKE_SECONDS: '0.1' });
  await system.startApi();
  await system.startAgent(1);
  await eventually('a client', async () =>
    (await system.call<{ items: unknown[] }>('GET', '/clients')).body.items.length === 1 ? true : undefined,
  );
  hunt = (await system.call<typeof hunt>('POST', '/hunts', { type: 'ListProcesses', labels: ['All'] })).body;
  collection = await eventually(
    'a collection',
    async () =>
      (await system.call<{ items: Collection[] }>('GET', `/collections?flow_id=${hunt.hunt_id}`)).body.items[0],
  );
}, 120_000);
afterAll(async () => {
  await system.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

describe('a collection, by gunzip and sqlite3', () => {
  it('carries its schema, client, hunt, spec digest and query, and the rows that the API counted', async () => {
    const packed = await download(collection.key, 'pslist.sqlite.gz');
    expect(run('sha256sum', packed).split(' ')[0]).toBe(collection.stored_sha256);
    run('gunzip', packed);
    const file = packed.replace(/\.gz$/, '');
    const ask = (sql: string): string => run('sqlite3', file, sql).trim();
    expect(ask('PRAGMA integrity_check')).toBe('ok');
    const metadata = new Map(
      ask("SELECT key || '=' || value FROM metadata")
        .split('\n')
        .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(metadata.get('client_id')).toBe(collection.client_id);
    expect(metadata.get('flow_id')).toBe(hunt.hunt_id);
    expect(metadata.get('spec_digest')).toBe(hunt.spec_digest);
    expect(metadata.get('query')).toContain('from pslist()');
    expect(JSON.parse(metadata.get('schema') ?? '{}')).toMatchObject({ name: 'pslist', tables: [{ name: 'pslist' }] });
    expect(ask('SELECT count(*) FROM pslist')).toBe(collection.rows);
    expect(ask(`SELECT cmdline FROM pslist WHERE pid = ${String(system.agents[0]!.pid)}`)).toContain(
      'apps/agent/src/main.js',
    );
  });
});

describe('a job file and a ticket, by jq', () => {
  it('the job file of All holds the hunt, and the digest is that of the spec’s own bytes', async () => {
    const { objects } = await system.bucket.list({ prefix: 'public/' });
    const jobs = objects.filter((o) => o.key.includes('/jobs/'));
    const texts = await Promise.all(jobs.map((o, i) => download(o.key, `jobs-${String(i)}.json`)));
    const file = texts.find((path) =>
      run('jq', '-r', '.payload | fromjson | [.entries[].flow_id] | join(" ")', path).includes(hunt.hunt_id),
    );
    expect(file).toBeDefined();
    const spec = run(
      'jq',
      '-j',
      `.payload | fromjson | .entries[] | select(.flow_id == "${hunt.hunt_id}") | .spec.payload`,
      file!,
    );
    expect(createHash('sha256').update(spec).digest('hex')).toBe(hunt.spec_digest);
    expect(run('jq', '-r', '.protected | @base64d | fromjson | .alg, .typ', file!).trim().split('\n')).toEqual([
      'EdDSA',
      'JobFile',
    ]);
  });

  it('the Done ticket names the collection with its size and hash', async () => {
    const { objects } = await system.bucket.list({ prefix: `tickets/HuntStatus/${hunt.hunt_id}/` });
    const states = await Promise.all(
      objects.map(
        async (o, i) =>
          JSON.parse(
            run(
              'jq',
              '-c',
              '.payload | fromjson | {state, spec_digest, collections: [.collections[] | {key, stored_sha256}]}',
              await download(o.key, `ticket-${String(i)}.json`),
            ),
          ) as { state: string },
      ),
    );
    expect(states).toContainEqual({
      state: 'Done',
      spec_digest: hunt.spec_digest,
      collections: [{ key: collection.key, stored_sha256: collection.stored_sha256 }],
    });
  });
});
