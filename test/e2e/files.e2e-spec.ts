import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthService } from '../../apps/api/src/modules/auth/index.js';
import { type FileResult, keys, randomHex32, sha256Hex } from '#wire';
import { runConsole } from '../support/console-process.js';
import { ScriptedAgent } from '../support/scripted-agent.js';
import { eventually, WorkerDeployment } from '../support/worker-deployment.js';

// What an agent uploads, as its ticket is taken in by a real worker, read through the API's own door.

let world: WorkerDeployment;
let agent: ScriptedAgent;
let api: string;
let flow: { id: string; digest: string };
const contents = new Map<string, Buffer>();

interface Listed {
  file_id: string;
  path: string;
  key: string;
  url: string;
  parts: number | null;
  content_bytes: string;
}

const tokenOf = async (scope: string, role: 'Examiner' | 'Administrator' | 'Viewer' = 'Examiner'): Promise<string> => {
  const made = await (await world.api()).get(AuthService).provision({
    userName: `user-${randomHex32()}`,
    grants: [{ role, scope }],
    tokenName: 'test',
    expiresAt: new Date(Date.now() + 3_600_000),
  });
  return made.token;
};
const get = (path: string, token: string): Promise<Response> =>
  fetch(`${api}${path}`, { headers: { authorization: `Bearer ${token}` } });
const events = async (fileId: string): Promise<unknown[]> =>
  (
    await world.sql.query<{ outcome: string; path: string | null }>(
      `SELECT outcome, details ->> 'path' AS path FROM audit_events WHERE object_kind = 'file' AND object_id = $1 ORDER BY id`,
      [fileId],
    )
  ).rows;

const claim = (key: string, path: Buffer, stored: Buffer, content: Buffer, parts?: number): FileResult => {
  contents.set(path.toString('latin1'), content);
  return {
    key,
    path: path.toString('utf8'),
    path_bytes: path.toString('base64'),
    stored_bytes: stored.length,
    stored_sha256: sha256Hex(stored),
    content_bytes: content.length,
    content_sha256: sha256Hex(content),
    ...(parts === undefined ? {} : { parts }),
  };
};
const put = async (path: Buffer, content: Buffer, suffix: '' | '.gz'): Promise<FileResult> => {
  const stored = suffix === '' ? content : gzipSync(content);
  const key = keys.file(flow.id, agent.clientId, path, randomHex32(), suffix);
  await world.bucket.put(key, stored);
  return claim(key, path, stored, content);
};
const putParts = async (
  path: Buffer,
  pieces: readonly Buffer[],
  named = (key: string): string => key,
): Promise<FileResult> => {
  const nonce = randomHex32();
  const parts = [];
  for (const [part, piece] of pieces.entries()) {
    const key = keys.file(flow.id, agent.clientId, path, nonce, { part });
    const stored = gzipSync(piece);
    await world.bucket.put(key, stored);
    parts.push({
      key: named(key),
      raw_bytes: piece.length,
      raw_sha256: sha256Hex(piece),
      stored_bytes: stored.length,
      stored_sha256: sha256Hex(stored),
    });
  }
  const content = Buffer.concat(pieces);
  const times = { modified: new Date().toISOString(), changed: new Date().toISOString() };
  const index = Buffer.from(
    JSON.stringify({
      __type__: 'LargeFileIndex',
      version: 1,
      path: path.toString('utf8'),
      path_bytes: path.toString('base64'),
      part_bytes: 1_000_000,
      parts,
      size: content.length,
      sha256: sha256Hex(content),
      before: times,
      after: times,
      changed_while_reading: false,
    }),
  );
  const key = keys.file(flow.id, agent.clientId, path, nonce, '/index.json');
  await world.bucket.put(key, index);
  return claim(key, path, index, content, pieces.length);
};
/** An index that would become gigabytes when it is parsed. */
const putCrowd = async (path: Buffer): Promise<FileResult> => {
  const stored = Buffer.from(`{"x":[${'{},'.repeat(1_000_000)}{}]}`);
  const key = keys.file(flow.id, agent.clientId, path, randomHex32(), '/index.json');
  await world.bucket.put(key, stored);
  return claim(key, path, stored, Buffer.from('content'), 1);
};

/** What a ticket says of it is true, but nothing can be made of it. */
const putNoGzip = async (path: Buffer): Promise<FileResult> => {
  const stored = Buffer.from('no gzip');
  const key = keys.file(flow.id, agent.clientId, path, randomHex32(), '.gz');
  await world.bucket.put(key, stored);
  return claim(key, path, stored, Buffer.from('content'));
};

const HOSTILE = Buffer.from('/tmp/a"\r\nSet-Cookie: x=1\u202Etxt.exe');
const NO_TEXT = Buffer.concat([Buffer.from('/tmp/'), Buffer.of(0xff, 0xfe), Buffer.from('.bin')]);

beforeAll(async () => {
  world = await WorkerDeployment.start();
  const app = await world.api();
  await app.listen(0, '127.0.0.1');
  api = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  await world.startWorker({ REKALL_PATROL_SECONDS: '0.2' });
  agent = new ScriptedAgent(world.bucket);
  await agent.send(agent.startup());
  await eventually('the client is registered', async () =>
    (await world.sql.query('SELECT 1 FROM clients WHERE id = $1', [agent.clientId])).rows.length === 1
      ? true
      : undefined,
  );
  const launched = await world.call('POST', `/clients/${agent.clientId}/flows`, {
    type: 'GetFiles',
    paths: ['/etc/motd'],
  });
  flow = { id: String(launched['flow_id']), digest: String(launched['spec_digest']) };
  const files = [
    await put(Buffer.from('/etc/motd'), Buffer.from('welcome\n'.repeat(50_000)), '.gz'),
    await put(Buffer.from('/etc/empty'), Buffer.alloc(0), ''),
    await put(HOSTILE, randomBytes(300_000), ''),
    await put(NO_TEXT, Buffer.from('x'), '.gz'),
    await putParts(Buffer.from('/mem'), [randomBytes(700_000), Buffer.alloc(900_000, 'm'), randomBytes(3)]),
    await putParts(Buffer.from('/stolen'), [Buffer.from('s')], () =>
      keys.ledger('ledger', new Date(), randomHex32(), HOSTILE),
    ),
    await putParts(Buffer.from('/endless'), [Buffer.from('s'), Buffer.from('s')], (key) =>
      key.replace('part-00001', 'part-00000'),
    ),
    await putNoGzip(Buffer.from('/no-gzip')),
    await putCrowd(Buffer.from('/crowd')),
    await put(Buffer.from('/disk'), Buffer.alloc(30_000_000, 'd'), ''),
  ];
  await agent.send(agent.status({ flow_id: flow.id, spec_digest: flow.digest, files }));
  await eventually('the ticket is taken in', async () =>
    (await world.sql.query('SELECT 1 FROM collected_files')).rows.length === files.length ? true : undefined,
  );
});
afterAll(() => world.stop());

const listed = async (token: string): Promise<Listed[]> =>
  ((await (await get(`/api/v1/files?flow_id=${flow.id}&limit=100`, token)).json()) as { items: Listed[] }).items;
const fileAt = async (path: Buffer): Promise<Listed> => {
  const found = (await listed(await tokenOf('*'))).find((f) => f.path === path.toString('utf8'));
  if (found === undefined) throw new Error(`there is no ${path.toString()}`);
  return found;
};
const byPath = (path: string): Promise<Listed> => fileAt(Buffer.from(path));

describe('files of a flow', () => {
  it('are listed page by page, over GraphQL with the same address, and read as they were on their machine', async () => {
    const token = await tokenOf(`client:${agent.clientId}`);
    const first = (await (await get(`/api/v1/files?flow_id=${flow.id}&limit=5`, token)).json()) as {
      items: Listed[];
      next_cursor: string;
      partial: boolean;
    };
    expect([first.items.length, first.partial]).toEqual([5, true]);
    const second = (await (
      await get(`/api/v1/files?flow_id=${flow.id}&limit=5&cursor=${first.next_cursor}`, token)
    ).json()) as { items: Listed[]; next_cursor: string | null };
    expect([second.items.length, second.next_cursor]).toEqual([5, null]);
    const lists = await world.sql.query(
      `SELECT outcome FROM audit_events WHERE action = 'collections.read' AND object_kind = 'files' AND object_id = $1`,
      [flow.id],
    );
    expect(lists.rows).toEqual([{ outcome: 'done' }, { outcome: 'done' }]);
    const files = [...first.items, ...second.items];
    const asked = await fetch(`${api}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'query ($flow: ID!) { files(flowId: $flow) { nodes { id path contentBytes url } } }',
        variables: { flow: flow.id },
      }),
    });
    expect(await asked.json()).toMatchObject({
      data: {
        files: {
          nodes: files.map((f) => ({ id: f.file_id, path: f.path, contentBytes: f.content_bytes, url: f.url })),
        },
      },
    });
    for (const path of ['/etc/motd', '/etc/empty', '/mem']) {
      const file = files.find((f) => f.path === path)!;
      const answer = await get(file.url, token);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('application/octet-stream');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-length')).toBe(String(contents.get(path)!.length));
      expect(Buffer.from(await answer.arrayBuffer()).equals(contents.get(path)!)).toBe(true);
      expect(await events(file.file_id)).toEqual([{ outcome: 'done', path }]);
    }
  });

  it('are saved under harmless names, whatever their machine says', async () => {
    const token = await tokenOf('*');
    const hostile = await get((await fileAt(HOSTILE)).url, token);
    expect(hostile.headers.get('content-disposition')).toBe('attachment; filename="a___Set-Cookie_ x=1_txt.exe"');
    expect(hostile.headers.get('set-cookie')).toBeNull();
    const bytes = Buffer.from(await hostile.arrayBuffer());
    expect(bytes.equals(contents.get(HOSTILE.toString('latin1'))!)).toBe(true);
    const noText = await get((await fileAt(NO_TEXT)).url, token);
    expect(noText.headers.get('content-disposition')).toBe('attachment; filename="__.bin"');
  });

  it('are for who may read the collections of their client', async () => {
    const { file_id: id, url } = await fileAt(Buffer.from('/etc/motd'));
    const other = await tokenOf('client:C.0000000000000001');
    expect(await listed(other)).toEqual([]);
    expect((await get(url, other)).status).toBe(404);
    expect((await get(url, await tokenOf('*', 'Viewer'))).status).toBe(403);
    expect((await fetch(`${api}${url}`)).status).toBe(401);
    expect((await events(id)).at(-1)).toMatchObject({ outcome: 'denied' });
  });

  it('that changed after they were reported are not given out, and an index opens nothing but its own parts', async () => {
    const token = await tokenOf('*');
    for (const path of ['/stolen', '/endless', '/no-gzip']) {
      const answer = await get((await fileAt(Buffer.from(path))).url, token);
      expect([path, answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        path,
        422,
        'file/malformed',
      ]);
    }
    const crowd = await get((await byPath('/crowd')).url, token);
    expect([crowd.status, ((await crowd.json()) as { detail: string }).detail]).toEqual([
      422,
      expect.stringContaining('more values than the index of any file'),
    ]);
    const motd = await fileAt(Buffer.from('/etc/motd'));
    await world.bucket.put(motd.key, gzipSync('something else'));
    const replaced = await get(motd.url, token);
    expect([replaced.status, ((await replaced.json()) as { code: string }).code]).toEqual([
      409,
      'file/evidence-changed',
    ]);
    const mem = await fileAt(Buffer.from('/mem'));
    await world.bucket.put(mem.key.replace('index.json', 'part-00001.gz'), gzipSync(Buffer.alloc(900_000, 'n')));
    // the first part has gone out by then: the answer breaks off, and is never as long as it said
    await expect(get(mem.url, token).then((answer) => answer.arrayBuffer())).rejects.toThrow();
  });
});

describe('who does not read', () => {
  it('leaves nothing open: more HEADs than there are connections to the store, and the content is there', async () => {
    const token = await tokenOf('*');
    const { url } = await fileAt(Buffer.from('/disk'));
    for (let i = 0; i < 70; i++) {
      const head = await fetch(`${api}${url}`, {
        method: 'HEAD',
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(10_000),
      });
      expect([head.status, head.headers.get('content-length')]).toEqual([200, '30000000']);
    }
    const answer = await get(url, token);
    expect((await answer.arrayBuffer()).byteLength).toBe(30_000_000);
  });

  it('keeps nobody else out: eight downloads at once for each user', async () => {
    const [token, other] = [await tokenOf('*'), await tokenOf('*')];
    const { url } = await fileAt(Buffer.from('/disk'));
    const open = await Promise.all(Array.from({ length: 8 }, () => get(url, token)));
    expect(open.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    const refused = await get(url, token);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(((await refused.json()) as { code: string }).code).toBe('file/too-many-downloads');
    const another = await get(url, other);
    expect(another.status).toBe(200);
    for (const answer of [another, ...open]) await answer.body?.cancel();
    await eventually('they are let go', async () => {
      const answer = await get(url, token);
      await answer.body?.cancel();
      return answer.status === 200 ? true : undefined;
    });
  });
});

describe('rekall flow files and download', () => {
  it('list and save them, and leave nothing half done', async () => {
    const env = { REKALL_API: api, REKALL_TOKEN: await tokenOf('*') };
    const list = await runConsole(['flow', 'files', flow.id, '--json'], { env });
    expect([list.code, (JSON.parse(list.stdout) as Listed[]).map((f) => f.path).toSorted()]).toEqual([
      0,
      (await listed(env.REKALL_TOKEN)).map((f) => f.path).toSorted(),
    ]);
    const folder = join(world.folder, 'saved');
    const hostile = await fileAt(HOSTILE);
    const one = await runConsole(['flow', 'download', flow.id, '--file', hostile.file_id, '--to', folder], { env });
    expect({ code: one.code, stderr: one.stderr }).toEqual({ code: 0, stderr: '' });
    const names = await readdir(folder);
    expect(names).toEqual([`${hostile.file_id}-a___Set-Cookie__x_1_txt.exe`]);
    const path = join(folder, names[0]!);
    expect((await readFile(path)).equals(contents.get(HOSTILE.toString('latin1'))!)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const mem = await fileAt(Buffer.from('/mem')); // changed above
    const cut = await runConsole(['flow', 'download', flow.id, '--file', mem.file_id, '--to', folder], { env });
    expect(cut.code).toBe(1);
    expect(cut.stderr).toContain(mem.file_id);
    expect(await readdir(folder)).toEqual(names);
  });

  it('save all that can be had, whatever one machine has made of its files, and say what is lacking', async () => {
    const env = { REKALL_API: api, REKALL_TOKEN: await tokenOf('*') };
    const folder = join(world.folder, 'all');
    const all = await runConsole(['flow', 'download', flow.id, '--to', folder], { env });
    const lacking = await Promise.all(['/stolen', '/endless', '/no-gzip', '/crowd', '/etc/motd', '/mem'].map(byPath));
    const files = await listed(env.REKALL_TOKEN);
    expect(all.code).toBe(1);
    for (const { file_id: id } of lacking) expect(all.stderr).toContain(`${id} of ${agent.clientId} is not saved`);
    expect(all.stderr).toContain(`${lacking.length} of ${files.length} files are not as they were reported`);
    expect((await readdir(folder)).map((name) => name.slice(0, 'FI_0123456789abcdef'.length))).toEqual(
      files.map((f) => f.file_id).filter((id) => !lacking.some((f) => f.file_id === id)),
    );
    const one = await runConsole(['flow', 'download', flow.id, '--limit', '1', '--to', folder], { env });
    expect(one.stderr).toContain('there are more: --limit 10');
  });
});

describe('rekall status, client usage and bucket orphans', () => {
  it('show what the last look through the bucket found', async () => {
    const env = { REKALL_API: api, REKALL_TOKEN: await tokenOf('*', 'Administrator') };
    const rekall = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runConsole(args, { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout;
    };
    const stored = await eventually('it was looked at', async () => {
      const { rows } = await world.sql.query<{ bytes: string; objects: string }>(
        'SELECT bytes, objects FROM client_usage WHERE client_id = $1 AND objects >= 9',
        [agent.clientId],
      );
      return rows[0];
    });
    expect(JSON.parse(await rekall('client', 'usage', '--json'))).toEqual([{ client_id: agent.clientId, ...stored }]);
    expect(await rekall('status')).toMatch(/^patrol +done$/m);
    await world.sql.query(
      `INSERT INTO orphans (key, bytes, client_id, first_seen_at, seen_at)
       VALUES ('hunts/H_1/x', 7, NULL, now(), now() + interval '1 day')`,
    );
    expect(JSON.parse(await rekall('bucket', 'orphans', '--json'))).toMatchObject([{ key: 'hunts/H_1/x', bytes: '7' }]);
    expect(JSON.parse(await rekall('bucket', 'orphans', '--client', agent.clientId, '--json'))).toEqual([]);
  });
});
