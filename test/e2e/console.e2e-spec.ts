import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ConsoleEnd,
  type ConsoleOptions,
  type ConsoleProcess,
  dataFolderOf,
  descendants,
  isRunning,
  removeDeployment,
  runConsole,
  startConsole,
} from '../support/console-process.js';
import { FILESTORE_KEYS, type FileStoreProcess, startFileStore } from '../support/filestore-process.js';
import { until } from '../support/other-process.js';

let folder: string;
const at = (...parts: string[]): string => join(folder, ...parts);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekall-console-'));
});
afterAll(async () => {
  for (const name of await readdir(folder)) await removeDeployment(at(name));
  await rm(folder, { recursive: true, force: true });
});

/** Every file of a deployment that is not Postgres' own, with its permissions and text. */
const filesOf = async (dir: string): Promise<Map<string, { mode: string; text: string }>> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/^(postgres|store|logs|agents|data)\//.test(relative(dir, path)));
  const read = files.map(async (path) => {
    const mode = ((await stat(path)).mode & 0o777).toString(8);
    return [relative(dir, path), { mode, text: await readFile(path, 'utf8') }] as const;
  });
  return new Map(await Promise.all(read));
};

/** It failed as a user wants it to: one line that begins with the program's name, no stack. */
const expectClear = (end: ConsoleEnd, code: number, message: RegExp): void => {
  expect(end.stderr).toMatch(message);
  expect(end.stderr.match(/^rekall: /gm)).toHaveLength(1);
  expect(end.stderr).not.toMatch(/^\s+at /m);
  expect(end.code).toBe(code);
};

describe('rekall init', () => {
  let first: ConsoleEnd;
  beforeAll(async () => {
    first = await runConsole(['init', '--dir', at('made')]);
  });

  it('makes keys, configuration and a token that only their owner can read', async () => {
    expect([first.code, first.stderr]).toEqual([0, 'starting PostgreSQL\n']);
    const files = await filesOf(at('made'));
    expect(Object.fromEntries([...files].map(([name, { mode }]) => [name, mode]))).toEqual({
      'admin.env': '600',
      'agent.json': '644',
      'ca/ca.key': '600',
      'ca/ca.pem': '644',
      'deployment.json': '644',
      'filestore.json': '600',
      'http.env': '600',
      'keys/queue.key': '600',
      'keys/signing.key': '600',
      'keys/signing.pem': '600',
      'keys/trust.json': '600',
      token: '600',
      'worker.env': '600',
    });
    for (const name of ['', 'ca', 'keys']) expect((await stat(at('made', name))).mode & 0o777).toBe(0o700);
    const token = files.get('token')?.text.trim() ?? '';
    expect(token).toMatch(/^T_[0-9a-f]{16}\.\S{20,}$/);
    expect(first.stdout.split(token)).toHaveLength(2); // said once
  });

  it('gives the HTTP role no key that signs, uploads or owns', async () => {
    expect(Object.keys(parseEnv(await readFile(at('made', 'http.env'), 'utf8'))).sort()).toEqual([
      'REKALL_CURSOR_KEY',
      'REKALL_DATA_DIR',
      'REKALL_DEPLOYMENT',
      'REKALL_SESSION_KEY',
      'S3_ACCESS_KEY',
      'S3_BUCKET',
      'S3_ENDPOINT',
      'S3_REGION',
      'S3_SECRET_KEY',
    ]);
  });

  it('keeps everything when it is called again, and says so', async () => {
    const before = await filesOf(at('made'));
    const again = await runConsole(['init', '--dir', at('made')]);
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/its keys are kept[^]*token .*\(kept\)/)]);
    expect(await filesOf(at('made'))).toEqual(before);
  });

  it('completes a deployment that was not finished, with the keys that are there', async () => {
    const before = await filesOf(at('made'));
    await unlink(at('made', 'deployment.json'));
    await unlink(at('made', 'filestore.json'));
    expect((await runConsole(['init', '--dir', at('made')])).code).toBe(0);
    const after = await filesOf(at('made'));
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const name of ['ca/ca.key', 'ca/ca.pem', 'keys/queue.key', 'keys/signing.key', 'keys/trust.json', 'token'])
      expect([name, after.get(name)]).toEqual([name, before.get(name)]);
  });

  it('makes another token on demand', async () => {
    const before = await readFile(at('made', 'token'), 'utf8');
    const end = await runConsole(['init', '--dir', at('made'), '--new-token', '--token-days', '1']);
    const after = await readFile(at('made', 'token'), 'utf8');
    expect(end.code).toBe(0);
    expect(after).not.toBe(before);
    expect(end.stdout).toContain(after.trim());
  });
});

describe('rekall up', () => {
  const dir = (): string => at('up');
  let up: ConsoleProcess;
  let children: number[];
  let client = '';

  beforeAll(async () => {
    const made = await runConsole(['init', '--dir', dir()]);
    expect([made.code, (await runConsole(['worker', '--once', '--dir', dir()])).code]).toEqual([0, 0]); // the Manifest
    up = startConsole(['up', '--dir', dir(), '--port', '0', '--agents', '1', '--no-worker']);
    await up.said(/running; Ctrl-C stops it/);
    [, client = ''] = await up.said(/agent 1 +(C\.[0-9a-f]{16})/);
    children = await descendants(up.pid);
  });
  afterAll(async () => {
    up.send('SIGKILL');
    await up.ended;
  });

  const rekall = (...args: string[]): Promise<ConsoleEnd> => runConsole([...args, '--dir', dir()]);
  const json = async <T>(...args: string[]): Promise<T> => {
    const end = await rekall(...args, '--json');
    expect([end.code, end.stderr]).toEqual([0, '']);
    return JSON.parse(end.stdout) as T;
  };

  it('runs the API without any signing or upload key in its environment', async () => {
    const environments = await Promise.all(
      children.map(async (pid) => ({
        program: await readFile(`/proc/${String(pid)}/cmdline`, 'utf8'),
        variables: await readFile(`/proc/${String(pid)}/environ`, 'utf8'),
      })),
    );
    const api = environments.filter(({ program }) => program.includes('apps/api/src/main.js'));
    expect(api).toHaveLength(1);
    expect(api[0]?.variables).toMatch(/REKALL_CURSOR_KEY=[0-9a-f]{64}/);
    expect(api[0]?.variables).not.toMatch(/SIGNING|UPLOAD|QUEUE_KEY|PUBLIC_SECRET|MIGRATE|ca\.key/);
    const agent = environments.filter(({ program }) => program.includes('apps/agent/src/main.js'));
    expect(agent[0]?.variables).not.toMatch(/S3_|DATABASE|REKALL_(?!PARENT_FD)/);
  });

  it('with its worker off: one pass publishes, the flow is Done (*) from the bucket, another pass makes it Done', async () => {
    const clients = (): Promise<{ client_id: string }[]> => json('client', 'list');
    await until('the agent has enrolled', async () => {
      expect((await rekall('worker', '--once')).code).toBe(0);
      return (await clients()).some(({ client_id }) => client_id === client);
    });
    const flow = await json<{ flow_id: string; state: string }>(
      ...['flow', 'launch', client, '--type', 'Collect', '--query', 'select pid, cmdline from pslist() where pid == 1'],
      ...['--collection', 'init', '--column', 'pid:int', '--column', 'cmdline:unicode'],
    );
    expect(flow.state).toBe('Pending');
    expect((await rekall('worker', '--once')).code).toBe(0);
    const shown = async (): Promise<string> => (await rekall('flow', 'inspect', flow.flow_id)).stdout;
    await until('the ticket is in the bucket', async () => (await shown()).includes('Done (*)'), 60_000);
    expect(await shown()).toMatch(
      /^ticket +tickets\/FlowStatus\/F_[0-9a-f]{16}\/C\.[0-9a-f]{16}\/[0-9a-f]{32}-\d+\.json$/m,
    );
    expect((await rekall('worker', '--once')).code).toBe(0);
    const text = await shown();
    expect(text).toMatch(/^state +Done$/m);

    const [, collection = ''] = /^collection (CL_[0-9a-f]{16}): init, 1 rows/m.exec(text) ?? [];
    const cmdline = (await readFile('/proc/1/cmdline', 'utf8')).replace(/\0$/, '').replaceAll('\0', ' ');
    const byId = await rekall('view', collection, '--json');
    expect(JSON.parse(byId.stdout)).toEqual([{ pid: 1, cmdline }]);
    const objects = await json<{ key: string }[]>('bucket', 'ls', `${client}/`, '--recursive');
    expect(objects.map(({ key }) => key)).toEqual([
      expect.stringMatching(new RegExp(`^${client}/vfs/analysis/${flow.flow_id}/init/[0-9a-f]{32}\\.sqlite\\.gz$`)),
    ]);
    expect((await rekall('view', objects[0]?.key ?? '', '--json')).stdout).toBe(byId.stdout);
  });

  it('shows signed files with their payload unfolded', async () => {
    const [found] = await json<{ key: string }[]>('bucket', 'ls', 'flows/', '--recursive');
    const end = await rekall('view', found?.key ?? '');
    expect(JSON.parse(end.stdout)).toMatchObject({
      protected: { alg: 'EdDSA', typ: 'FlowRecord' },
      payload: {
        __type__: 'FlowRecord',
        flow_id: found?.key.split('/')[1],
        attempts: [{ spec: { protected: { typ: 'Spec' }, payload: { flow_id: found?.key.split('/')[1] } } }],
      },
    });
  });

  it('lists as table, JSON and CSV', async () => {
    expect((await rekall('client', 'list')).stdout).toMatch(new RegExp(`^CLIENT +HOSTNAME[^\\n]*\\n${client} `));
    expect((await rekall('client', 'list', '--csv')).stdout).toMatch(
      new RegExp(`^client,hostname,[^\\n]*\\n${client},`),
    );
    expect((await rekall('me')).stdout).toMatch(/^grants +Administrator on \*$/m);
  });

  it('creates a hunt once for one key, lists, inspects and stops it', async () => {
    const create = ['hunt', 'create', '--label', 'All', '--description', 'first', '--idempotency-key', 'k1'];
    const hunt = await json<{ hunt_id: string }>(...create);
    expect((await json<{ hunt_id: string }>(...create)).hunt_id).toBe(hunt.hunt_id);
    expect((await rekall('hunt', 'list')).stdout.split('\n').filter((line) => line.startsWith('H_'))).toHaveLength(1);
    const stopped = await rekall('hunt', 'stop', hunt.hunt_id, '--reason', 'test');
    expect(stopped.stdout).toMatch(/^state +Stopped$/m);
    expect((await rekall('hunt', 'clients', hunt.hunt_id)).code).toBe(0);
    expect((await rekall('hunt', 'recruitment', hunt.hunt_id)).stderr).toBe('no client has answered yet\n');
    const waited = await rekall('hunt', 'create', '--label', 'All', '--wait', '--timeout', '1');
    expectClear(waited, 1, /^rekall: H_[0-9a-f]{16} is not complete after 1 s; it goes on/m);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'malformed EFILTER',
      ['hunt', 'create', '--label', 'All', '--condition', 'pid > > 3'],
      1,
      /^1 \| pid > > 3\n {10}\^/m,
    ],
    ['an unknown label', ['hunt', 'create', '--label', 'Nowhere'], 1, /No client has the label Nowhere/],
    ['an unknown object', ['view', 'no/such/key'], 1, /There is no object no\/such\/key.*object\/not-found/],
    ['an unknown hunt', ['hunt', 'inspect', 'H_0000000000000000'], 1, /There is no hunt H_0000000000000000/],
    ['a wrong token', ['me', '--token', 'T_0000000000000000.x'], 1, /auth\/invalid-token[^]*rekall init --new-token/],
    ['a second rekall up', ['up', '--port', '0'], 1, /is running already \(process \d+, http:\/\/127\.0\.0\.1:\d+\)/],
    ['a rebuild of what runs', ['rebuild'], 1, /is running \(process \d+\): stop it first/],
  ])('refuses %s in one clear line', async (_what, args, code, message) => {
    expectClear(await rekall(...args), code, message);
  });

  it('stops everything on Ctrl-C, and loses nothing', async () => {
    up.send('SIGINT');
    expect(await up.ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/stopping\nstopped\n$/) as string });
    await until('every process is gone', async () => !(await Promise.all(children.map(isRunning))).includes(true));
    expectClear(await rekall('me'), 1, /no API is running in .*; start one: rekall up --dir/);

    const again = startConsole(['up', '--dir', dir(), '--port', '0']);
    await again.said(/running; Ctrl-C stops it/);
    try {
      expect((await json<unknown[]>('client', 'list')).length).toBe(1);
      expect((await json<unknown[]>('hunt', 'list')).length).toBe(2);
      const [worker] = (
        await Promise.all(
          (await descendants(again.pid)).map(async (pid) => ({
            pid,
            text: await readFile(`/proc/${String(pid)}/cmdline`, 'utf8'),
          })),
        )
      ).filter(({ text }) => text.includes('apps/api/src/worker.js'));
      process.kill(worker?.pid ?? 0, 'SIGKILL');
      const end = await again.ended;
      expectClear(
        end,
        1,
        new RegExp(`worker \\(process ${String(worker?.pid)}\\) was ended by SIGKILL; its last lines:`),
      );
    } finally {
      again.send('SIGKILL');
      await again.ended;
    }
  });

  it('fills a lost database again from the bucket', async () => {
    const data = await dataFolderOf(dir());
    if (data !== undefined) await rm(data, { recursive: true });
    await rm(join(dir(), 'postgres'), { recursive: true });
    const rebuilt = await rekall('rebuild', '--json');
    expect([rebuilt.code, JSON.parse(rebuilt.stdout)]).toEqual([0, expect.objectContaining({ clients: 1, flows: 3 })]);
    expectClear(await rekall('rebuild'), 1, /is not empty: rebuild needs a database that was only just migrated/);
    const again = startConsole(['up', '--dir', dir(), '--port', '0', '--no-worker']);
    await again.said(/running; Ctrl-C stops it/);
    try {
      const flows = await json<{ client_id: string; state: string }[]>('flow', 'list');
      expect(flows).toMatchObject([{ client_id: client, state: 'Done' }]);
    } finally {
      again.send('SIGTERM');
      expect((await again.ended).code).toBe(0);
    }
  });
});

describe('rekall destroy', () => {
  const dir = (): string => at('destroyed');

  it('says first what it removes, refuses while it is in use, and leaves nothing', async () => {
    const made = await runConsole(['init', '--dir', dir()]);
    const [, id = ''] = /deployment ([0-9a-f]{32})/.exec(made.stdout) ?? [];
    const data = await dataFolderOf(dir());
    const asked = await runConsole(['destroy', '--dir', dir()]);
    expectClear(asked, 2, new RegExp(`all evidence and all metadata .* --deployment ${id}`));

    const up = startConsole(['up', '--dir', dir(), '--port', '0', '--no-worker']);
    await up.said(/running; Ctrl-C stops it/);
    up.send('SIGSTOP'); // as one that hangs
    const refused = await runConsole(['destroy', '--dir', dir(), '--deployment', id]);
    up.send('SIGCONT');
    up.send('SIGTERM');
    expect((await up.ended).code).toBe(0);
    expectClear(refused, 1, /is run by process \d+: stop that rekall up first/);

    expect((await runConsole(['destroy', '--dir', dir(), '--deployment', 'f'.repeat(32)])).code).toBe(2);
    expect(existsSync(join(dir(), 'ca', 'ca.key'))).toBe(true);
    const gone = await runConsole(['destroy', '--dir', dir(), '--deployment', id]);
    expect([gone.code, gone.stdout]).toEqual([0, `deployment ${id} is gone with ${dir()}\n`]);
    expect(existsSync(dir())).toBe(false);
    expect(data !== undefined && existsSync(data)).toBe(false);
  });

  it('removes what is the deployment’s, also behind a link, and leaves and names all else', async () => {
    await mkdir(at('shared'));
    await writeFile(at('shared', 'thesis.txt'), 'not yours');
    await mkdir(at('disk'));
    await writeFile(at('disk', 'photo.jpg'), 'not yours either');
    await symlink(at('shared'), at('link'));
    const database = ['--database-url', 'postgresql://app:x@127.0.0.1:1/rekall'];
    await runConsole(['init', '--dir', at('link'), ...database, '--migrate-url', database[1] ?? '']);
    const [, id = ''] = /([0-9a-f]{32})/.exec(await readFile(at('shared', 'deployment.json'), 'utf8')) ?? [];
    await symlink(at('disk'), at('shared', 'store'));

    const gone = await runConsole(['destroy', '--dir', at('link'), '--deployment', id]);
    expect(gone.code).toBe(0);
    expect(gone.stdout).toContain(`${at('link', 'store')} was a link: what lies at ${at('disk')} is as it was`);
    expect(gone.stdout).toContain(`${at('link')} is still there, with what is not the deployment’s: thesis.txt\n`);
    expect(await readdir(at('shared'))).toEqual(['thesis.txt']);
    expect(await readdir(at('disk'))).toEqual(['photo.jpg']);

    await unlink(at('shared', 'thesis.txt'));
    await runConsole(['init', '--dir', at('link'), ...database, '--migrate-url', database[1] ?? '']);
    const [, second = ''] = /([0-9a-f]{32})/.exec(await readFile(at('shared', 'deployment.json'), 'utf8')) ?? [];
    expect((await runConsole(['destroy', '--dir', at('link'), '--deployment', second])).code).toBe(0);
    expect([existsSync(at('shared')), (await readdir(folder)).includes('link')]).toEqual([false, false]);
  });
});

describe('bad input, without a server', () => {
  let taken: { port: number; close: () => void };
  beforeAll(async () => {
    await mkdir(at('damaged'), { recursive: true });
    await writeFile(at('damaged', 'deployment.json'), '{"version":1');
    await writeFile(at('a-file'), '');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    taken = { port: address.port, close: () => server.close() };
  });
  afterAll(() => taken.close());

  const oldNode: ConsoleOptions = {
    nodeArgs: [
      '--import',
      `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'24.20.9'}})`,
    ],
  };
  const database = 'postgresql://app:not-shown@127.0.0.1:1/rekall';

  it.each<[string, () => string[], number, RegExp, ConsoleOptions?]>([
    ['an unknown option', () => ['up', '--bogus'], 2, /unknown option '--bogus' \(see --help\)/],
    ['an unknown command', () => ['hunts'], 2, /unknown command 'hunts'/],
    ['an argument too many', () => ['me', 'x'], 2, /too many arguments/],
    ['a malformed id', () => ['hunt', 'inspect', 'H_../../x'], 2, /a hunt id is H_ and 16 hex digits/],
    ['a column without a type', () => ['hunt', 'create', '--column', 'pid'], 2, /It must be NAME:TYPE/],
    ['a port that is none', () => ['up', '--port', '70000'], 2, /a whole number from 0 to 65535/],
    [
      'half of a database',
      () => ['init', '--dir', at('half'), '--database-url', database],
      2,
      /give both --database-url/,
    ],
    [
      'half of a store',
      () => ['init', '--dir', at('half'), '--bucket', 'b'],
      2,
      /missing: --s3-endpoint, --access-key/,
    ],
    ['a folder that is a file', () => ['up', '--dir', at('a-file')], 1, /cannot read .*a-file.*: ENOTDIR/],
    [
      'a folder that cannot be made',
      () => ['init', '--dir', '/proc/rekall/deployment'],
      1,
      /^rekall: (ENOENT|EACCES|EROFS|EPERM): .*mkdir '\/proc/,
    ],
    ['no deployment', () => ['worker', '--once', '--dir', at('none')], 1, /holds no deployment; make one: rekall init/],
    ['a damaged deployment', () => ['up', '--dir', at('damaged')], 1, /deployment\.json is not JSON; restore it/],
    [
      'a taken port',
      () => ['up', '--dir', at('none'), '--port', String(taken.port)],
      1,
      /port \d+ on 127\.0\.0\.1 is in use/,
    ],
    ['a taken port of a demo', () => ['demo', '--port', String(taken.port)], 1, /port \d+ on 127\.0\.0\.1 is in use/],
    ['a query that is not there', () => ['query', 'validate', '--file', at('none')], 1, /cannot read .*none.*: ENOENT/],
    ['a query that is a folder', () => ['query', 'validate', '--file', folder], 1, /cannot read .*: EISDIR/],
    [
      'a query without end',
      () => ['query', 'explain', '--file', '/dev/zero'],
      1,
      /\/dev\/zero is longer than any query/,
    ],
    ['no API', () => ['me', '--api', 'http://127.0.0.1:1', '--token', 'x'], 1, /no answer: .*rekall up/],
    ['no token', () => ['me', '--api', 'http://127.0.0.1:1', '--dir', at('none')], 1, /no token: give --token/],
    ['an old Node', () => ['--version'], 1, /needs Node 24\.21 or newer, this is 24\.20\.9: run it by npm/, oldNode],
  ])('%s', async (_what, args, code, message, options) => {
    expectClear(await runConsole(args(), options), code, message);
    expect((await readdir(folder)).filter((name) => name === 'none' || name === 'half')).toEqual([]);
  });

  it('a database that does not answer: the keys are kept, no password is shown', async () => {
    const args = ['init', '--dir', at('no-database'), '--database-url', database, '--migrate-url', database];
    const end = await runConsole(args);
    expectClear(end, 1, /cannot connect to Postgres at 127\.0\.0\.1:1\/rekall as app.*ECONNREFUSED/);
    expect(end.stdout + end.stderr).not.toContain('not-shown');
    const before = await filesOf(at('no-database'));
    expect((await runConsole(args)).code).toBe(1);
    expect(await filesOf(at('no-database'))).toEqual(before);
    expectClear(await runConsole(['up', '--dir', at('no-database'), '--port', '0']), 1, /cannot connect to Postgres/);
  });
});

describe('a store that is there', () => {
  let store: FileStoreProcess;
  beforeAll(async () => {
    store = await startFileStore(at('evidence'));
  });
  afterAll(() => store.stop());

  it('is refused with wrong keys; corrected ones are taken, and no key of ours is changed', async () => {
    const init = (secret: string, upload: string): string[] => [
      ...['init', '--dir', at('own-store'), '--s3-endpoint', store.url, '--bucket', 'evidence'],
      ...['--access-key', FILESTORE_KEYS.service.accessKeyId, '--secret-key', secret],
      ...['--upload-access-key', FILESTORE_KEYS.upload.accessKeyId, '--upload-secret-key', upload],
    ];
    const { service, upload } = FILESTORE_KEYS;
    expectClear(await runConsole(init('wrong-secret', upload.secretAccessKey)), 1, /the store with the service key: /);
    const before = await filesOf(at('own-store'));
    const second = await runConsole(init(service.secretAccessKey, 'wrong-secret'));
    expectClear(second, 1, /the store with the upload key: /);
    expect(second.stdout).toContain('changed: S3_SECRET_KEY, S3_UPLOAD_SECRET_KEY');
    const third = await runConsole(init(service.secretAccessKey, upload.secretAccessKey));
    expect([third.code, third.stdout]).toEqual([0, expect.stringContaining('changed: S3_UPLOAD_SECRET_KEY')]);
    const after = await filesOf(at('own-store'));
    for (const name of [...before.keys()].filter((file) => /^(ca|keys)\//.test(file)))
      expect([name, after.get(name)]).toEqual([name, before.get(name)]);
  });
});
