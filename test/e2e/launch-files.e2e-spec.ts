import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, WholeSystem } from '../support/whole-system.js';

interface Flow {
  flow_id: string;
  state: string;
  error: string | null;
}
interface Rows {
  rows: Record<string, unknown>[];
}
interface Problem {
  code: string;
  errors: { pointer: string }[];
}

let system: WholeSystem;
let client = '';
let root: string;

beforeAll(async () => {
  system = await WholeSystem.make();
  await system.startWorker();
  await system.startApi();
  await system.startAgent(1);
  client = await eventually('a client', async () => {
    const { body } = await system.call<{ items: { client_id: string }[] }>('GET', '/clients');
    return body.items[0]?.client_id;
  });
  root = join(system.root, 'evidence');
  await mkdir(join(root, 'sub/deeper'), { recursive: true });
  await writeFile(join(root, 'a.conf'), 'port = 22\n');
  await writeFile(join(root, 'sub/b.conf'), 'port = 80\n'.repeat(100));
  await writeFile(join(root, 'sub/deeper/c.txt'), 'nothing');
  await symlink('/etc/passwd', join(root, 'sub/link.conf'));
}, 120_000);
afterAll(() => system.close(), 60_000);

/** Launches a flow and waits for its end. */
const done = async (input: object): Promise<Flow> => {
  const launched = await system.call<Flow>('POST', `/clients/${client}/flows`, input);
  expect([launched.status, launched.body]).toEqual([201, expect.objectContaining({ state: 'Pending' })]);
  return eventually('the end of the flow', async () => {
    const { body } = await system.call<Flow & { unprocessed: boolean }>('GET', `/flows/${launched.body.flow_id}`);
    return ['Pending', 'Started'].includes(body.state) || body.unprocessed ? undefined : body;
  });
};

const rowsOf = async (flow: Flow, name: string, query = ''): Promise<Rows['rows']> => {
  const { body } = await system.call<{ items: { collection_id: string; name: string }[] }>(
    'GET',
    `/collections?flow_id=${flow.flow_id}`,
  );
  const found = body.items.find((c) => c.name === name);
  expect(found, `a collection ${name}`).toBeDefined();
  return (await system.call<Rows>('GET', `/collections/${found!.collection_id}/rows?limit=1000${query}`)).body.rows;
};

/** The bytes of an uploaded file, by the link that the API gives. */
const download = async (prefix: string): Promise<Map<string, Buffer>> => {
  const { body } = await system.call<{ objects: { key: string }[] }>('GET', `/bucket?prefix=${prefix}&limit=100`);
  const files = new Map<string, Buffer>();
  for (const { key } of body.objects) {
    const link = await system.call<{ url: string }>('GET', `/bucket/object?key=${encodeURIComponent(key)}`);
    files.set(key, gunzipSync(Buffer.from(await (await fetch(link.body.url)).arrayBuffer())));
  }
  return files;
};

describe('files of a client, over REST', () => {
  it('ListDirectory: the rows are what find prints', async () => {
    const flow = await done({ type: 'ListDirectory', path: root, depth: 5, filter: "filename =~ 'conf$'" });
    expect(flow).toMatchObject({ state: 'Done', error: null });
    const theirs = execFileSync('find', [root, '-name', '*.conf', '-printf', '%h\t%f\t%s\t%i\n'], { encoding: 'utf8' })
      .trim()
      .split('\n');
    const ours = await rowsOf(flow, 'listing');
    expect(
      ours.map((r) => [r['dirname'], r['filename'], r['st_size'], r['st_ino']].map(String).join('\t')).sort(),
    ).toEqual(theirs.sort());
    const large = await rowsOf(flow, 'listing', `&where=${encodeURIComponent('st_size > 500')}`);
    expect(large.map((r) => r['filename'])).toEqual(['b.conf']);
  });

  it('FileFinder as a hunt: conditions hold, hashes are those of sha256sum', async () => {
    const input = {
      type: 'FileFinder',
      labels: ['All'],
      globs: [`${root}/**5/*.conf`],
      conditions: [
        { type: 'Size', max: 100 },
        { type: 'ContentsRegex', regex: '^port = [0-9]+$' },
      ],
      do: 'hash',
    };
    const { status, body } = await system.call<{ hunt_id: string }>('POST', '/hunts', input);
    expect(status).toBe(201);
    const rows = await eventually('rows of the hunt', async () => {
      const answer = await system.call<Rows>('GET', `/hunts/${body.hunt_id}/rows?collection=file_finder`);
      return answer.status === 200 && answer.body.rows.length > 0 ? answer.body.rows : undefined;
    });
    const [sha256 = ''] = execFileSync('sha256sum', [join(root, 'a.conf')], { encoding: 'utf8' }).split(' ');
    expect(rows).toMatchObject([{ client_id: client, dirname: root, filename: 'a.conf', sha256 }]);
  });

  it('GetFiles: the files themselves come, a link is not followed', async () => {
    const paths = [join(root, 'sub/b.conf'), join(root, 'sub/link.conf')];
    const flow = await done({ type: 'GetFiles', paths });
    expect(flow.state).toBe('Done');
    const [file, ...others] = [...(await download(`${client}/vfs/files/${flow.flow_id}/`)).values()];
    expect(others).toEqual([]);
    expect(file).toEqual(await readFile(paths[0]!));
    const rows = await rowsOf(flow, 'get_files');
    expect(rows.find((r) => r['filename'] === 'b.conf')).toMatchObject({
      sha256: createHash('sha256').update(file!).digest('hex'),
      uploaded: true,
    });
    const to = join(system.root, 'saved');
    const saved = await system.rekall(
      ...['flow', 'download', flow.flow_id, '--to', to, '--json', '--api', system.api!.ready, '--dir', system.dir],
    );
    expect([saved.code, saved.output]).toEqual([0, expect.stringContaining('b.conf')]);
    const [{ saved_as: at } = { saved_as: '' }, ...more] = JSON.parse(saved.output) as { saved_as: string }[];
    expect(more).toEqual([]);
    expect(await readFile(at)).toEqual(file);
  });

  it('Interrogate: what the machine says of itself', async () => {
    const flow = await done({ type: 'Interrogate' });
    const rows = await rowsOf(flow, 'interrogate');
    expect(rows).toContainEqual({ key: 'node', value: (await readFile('/proc/sys/kernel/hostname', 'utf8')).trim() });
  });
});

describe('by the other doors', () => {
  it('GraphQL launches what REST does', async () => {
    const response = await fetch(`${system.api!.ready}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'mutation ($c: ID!, $i: LaunchInput!) { launchFlow(clientId: $c, input: $i) { id type } }',
        variables: {
          c: client,
          i: {
            type: 'FileFinder',
            globs: [`${root}/sub/*`],
            conditions: [{ type: 'Size', min: 1 }],
            do: 'upload',
            maxFileBytes: '10000',
          },
        },
      }),
    });
    const { data } = (await response.json()) as { data: { launchFlow: { id: string; type: string } } };
    expect(data.launchFlow.type).toBe('FileFinder');
    const files = await eventually('the uploaded file', async () => {
      const found = await download(`${client}/vfs/files/${data.launchFlow.id}/`);
      return found.size > 0 ? found : undefined;
    });
    expect([...files.values()]).toEqual([await readFile(join(root, 'sub/b.conf'))]);
  });

  it('the console launches and waits', async () => {
    const api = ['--api', system.api!.ready, '--dir', system.dir];
    const end = await system.rekall(
      ...['flow', 'launch', client, '--type', 'ListDirectory', '--path', root, '--wait', '--json', ...api],
    );
    expect([end.code, end.output]).toEqual([0, expect.stringContaining('"state": "Done"')]);
    const wrong = await system.rekall('flow', 'launch', client, '--type', 'GetFiles', '--depth', '2', ...api);
    expect(wrong.code).toBe(2);
    expect(wrong.output).toContain('--depth: not with --type GetFiles');
  });
});

describe('what is refused', () => {
  const bad: [string, object, string][] = [
    ['a relative path', { type: 'ListDirectory', path: 'etc' }, '/path'],
    ['a path with ..', { type: 'GetFiles', paths: ['/etc/../root'] }, '/paths/0'],
    ['depth 0', { type: 'ListDirectory', path: '/etc', depth: 0 }, '/depth'],
    ['a filter that is not EFILTER', { type: 'ListDirectory', path: '/', filter: 'st_size >' }, '/filter'],
    ['no glob', { type: 'FileFinder', globs: [] }, '/globs'],
    ['a relative glob', { type: 'FileFinder', globs: ['*.conf'] }, '/globs/0'],
    ['an unknown name in a glob', { type: 'FileFinder', globs: ['%%users.sid%%/x'] }, '/globs/0'],
    ['an unknown deed', { type: 'FileFinder', globs: ['/etc/*'], do: 'delete' }, '/do'],
    ['an empty range', { type: 'FileFinder', globs: ['/etc/*'], conditions: [{ type: 'Size' }] }, '/conditions/0'],
    [
      'a range the wrong way round',
      { type: 'FileFinder', globs: ['/etc/*'], conditions: [{ type: 'Size', min: 2, max: 1 }] },
      '/conditions/0',
    ],
    [
      'no regular expression',
      { type: 'FileFinder', globs: ['/etc/*'], conditions: [{ type: 'ContentsRegex', regex: '(' }] },
      '/conditions/0/regex',
    ],
    ['a field of another type', { type: 'GetFiles', paths: ['/etc/hosts'], globs: ['/x'] }, ''],
    ['an unknown type', { type: 'Format', paths: ['/'] }, '/type'],
  ];
  it.each(bad)('%s: 400 that says where', async (_what, input, pointer) => {
    const { status, body } = await system.call<Problem>('POST', `/clients/${client}/flows`, input);
    expect([status, body.errors.map((e) => e.pointer)]).toEqual([400, expect.arrayContaining([pointer])]);
    const hunt = await system.call<Problem>('POST', '/hunts', { ...input, labels: ['All'] });
    expect(hunt.status).toBe(400);
  });
});
