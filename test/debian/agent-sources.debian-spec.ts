import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '#efilter';
import type { NewFlowJob } from '../../apps/agent/src/runner/flow-job.js';
import { loginRecords } from '../../apps/agent/src/sources/accounts.js';
import { environmentFor, sourceNames } from '../../apps/agent/src/sources/registry.js';
import { until } from '../support/other-process.js';

const JOB: NewFlowJob = {
  flow_id: 'F_0000000000000001',
  attempt: 1,
  spec_digest: '0'.repeat(64),
  actions: [{ __type__: 'Interrogate' }],
  quota: { cpu_seconds: 1, wall_seconds: 1, memory_bytes: 1, rows: 1, bytes: 1 },
  work_dir: '/tmp',
  sources: sourceNames(),
  agent: { client_id: 'C.0000000000000001', agent_version: '1', labels: [], started_at: '' },
};
const ask = (query: string): Record<string, unknown>[] => [...rows(query, environmentFor({ ...JOB, work_dir: dir }))];

/** What another tool prints. */
const tool = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env: { ...process.env, LC_ALL: 'C' } });
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

let dir: string;
let child: ChildProcess;
let server: Server;
let port: number;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rekall-debian-'));
  mkdirSync(join(dir, 'a/b/c'), { recursive: true });
  for (const [name, content] of [
    ['one.so', 'needle one'],
    ['a/two.so', 'nothing'],
    ['a/b/three.txt', 'a needle\nneedle3\n'],
    ['a/b/c/four.so', ''],
  ] as const)
    writeFileSync(join(dir, name), content);
  linkSync(join(dir, 'one.so'), join(dir, 'a/b/hard.so'));
  symlinkSync('..', join(dir, 'a/up'));
  child = spawn('sleep', ['54321'], { cwd: dir, stdio: 'ignore', env: { MARK: 'of this test' } });
  await once(child, 'spawn');
  await until('it sleeps', () => ask(`select Name from pslist(pids: ${child.pid})`)[0]?.['Name'] === 'sleep');
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterAll(() => {
  child.kill('SIGKILL');
  server.close();
  rmSync(dir, { recursive: true });
});

describe('processes', () => {
  const ps = (field: string): string => tool('ps', '-o', `${field}=`, '-p', String(child.pid)).trim();

  it('pslist: ps', () => {
    const [row] = ask(`select * from pslist(pids: ${child.pid})`);
    expect(row).toMatchObject({
      Name: ps('comm'),
      ppid: Number(ps('ppid')),
      cmdline: ps('args'),
      uid: Number(ps('uid')),
      username: ps('user:64'),
      threads: Number(ps('nlwp')),
      state: ps('state'),
      rss: Number(ps('rss')) * 1024,
      cwd: dir,
    });
    expect(Math.abs(Number(row!['start_time']) - Date.parse(ps('lstart')) / 1000)).toBeLessThanOrEqual(1);
  });

  it('netstat: ss', () => {
    const [line = ''] = lines(tool('ss', '-Hltnp', `sport = :${port}`));
    const [state, , , local] = line.split(/\s+/);
    const [row] = ask(`select * from netstat(pids: ${process.pid}) where local_port == ${port}`);
    expect(`${String(row!['local_address'])}:${String(row!['local_port'])}`).toBe(local);
    expect([row!['state'], row!['protocol']]).toEqual([state, 'tcp']);
    expect(line).toContain(`pid=${String(row!['pid'])},`);
    const seen = new Set(ask('select local_port from netstat() where state == "LISTEN"').map((r) => r['local_port']));
    const listening = lines(tool('ss', '-Hltn')).map((l) => Number(l.split(/\s+/)[3]!.split(':').at(-1)));
    expect(listening.filter((p) => !seen.has(p))).toEqual([]);
  });

  it('lsof: lsof', () => {
    const theirs = lines(tool('lsof', '-w', '-p', String(child.pid), '-Fftn'));
    const cwd = theirs[theirs.indexOf('fcwd') + 2]!.slice(1);
    const program = theirs[theirs.indexOf('ftxt') + 2]!.slice(1);
    const ours = ask(`select fd, path from lsof(pids: ${child.pid})`);
    expect(ours).toContainEqual({ fd: 'cwd', path: cwd });
    expect(ours).toContainEqual({ fd: 'exe', path: program });
    expect(ours).toContainEqual({ fd: '0', path: theirs[theirs.indexOf('f0') + 2]!.slice(1) });
  });

  it('environ: ps e; maps: the kernel', () => {
    expect(ask(`select key, value from environ(pids: ${child.pid})`)).toContainEqual({
      key: 'MARK',
      value: 'of this test',
    });
    expect(tool('ps', 'eww', '-o', 'command=', '-p', String(child.pid))).toContain('MARK=of this test');
    const maps = lines(tool('cat', `/proc/${child.pid}/maps`));
    const ours = ask(`select start, perms from maps(pids: ${child.pid})`);
    expect(ours.map((r) => `${String(r['start']).slice(2)} ${String(r['perms'])}`)).toEqual(
      maps.map((line) => `${line.split('-')[0]!} ${line.split(' ')[1]!}`),
    );
  });
});

describe('the machine', () => {
  it('users: getent', () => {
    expect(ask('select * from users()').map((r) => [r['username'], r['uid'], r['gid'], r['home'], r['shell']])).toEqual(
      lines(tool('getent', '-s', 'files', 'passwd')).map((line) => {
        const [name, , uid, gid, , home, shell] = line.split(':');
        return [name, Number(uid), Number(gid), home, shell];
      }),
    );
  });

  it('logins: who', () => {
    const ours = ask("select username, line from logins() where file == '/run/utmp' and type == 'user'");
    expect(ours.map((r) => `${String(r['username'])} ${String(r['line'])}`)).toEqual(
      lines(tool('who')).map((line) => line.split(/\s+/).slice(0, 2).join(' ')),
    );
  });

  it('records of logins that utmpdump wrote: who', () => {
    const said = [
      '[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0               ] [0.0.0.0        ] [2026-11-24T17:00:00,000000+00:00]',
      '[7] [04242] [ts/0] [ann     ] [pts/0       ] [192.0.2.7           ] [192.0.2.7      ] [2026-11-24T18:00:00,000000+00:00]',
      '[7] [04243] [ts/1] [bob     ] [pts/1       ] [2001:db8::7         ] [2001:db8::7    ] [2026-11-24T18:05:00,000000+00:00]',
      '[8] [04200] [ts/2] [        ] [pts/2       ] [                    ] [0.0.0.0        ] [2026-11-24T18:06:00,000000+00:00]',
    ];
    const file = join(dir, 'utmp');
    writeFileSync(
      file,
      execFileSync('utmpdump', ['-r'], { input: `${said.join('\n')}\n`, stdio: ['pipe', 'pipe', 'ignore'] }),
    );
    const ours = [...loginRecords(file, readFileSync(file))] as Record<string, string | number>[];
    expect(ours.map((r) => r['type'])).toEqual(['boot_time', 'user', 'user', 'dead']);
    const utc = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const theirs = lines(execFileSync('who', ['-u', file], { encoding: 'utf8', env: utc }));
    const asWho = ours
      .filter((r) => r['type'] === 'user')
      .map((r) => {
        const [, day, month, , time = ''] = new Date(Number(r['time']) * 1000).toUTCString().split(' ');
        return [
          r['username'],
          r['line'],
          month,
          Number(day),
          time.slice(0, 5),
          r['pid'],
          `(${String(r['host'])})`,
        ].join(' ');
      });
    // The sixth of its fields is how long the terminal has been idle.
    expect(asWho).toEqual(theirs.map((line) => line.split(/\s+/).toSpliced(5, 1).join(' ')));
    expect(ours.map((r) => r['address'])).toEqual([null, '192.0.2.7', '2001:db8:0:0:0:0:0:7', null]);
  });

  it('mounts: findmnt', () => {
    const theirs = lines(tool('findmnt', '-rno', 'TARGET,FSTYPE', '--kernel'))
      .map((l) => l.split(' '))
      .map(([target = '', type]) => `${target.replace(/\\x20/g, ' ')} ${String(type)}`);
    const ours = ask('select target, fstype from mounts()').map((r) => `${String(r['target'])} ${String(r['fstype'])}`);
    expect(ours.toSorted()).toEqual(theirs.toSorted());
  });

  it('interfaces and routes: ip', () => {
    interface Link {
      ifname: string;
      address?: string;
      mtu: number;
      addr_info: { local: string; prefixlen: number }[];
    }
    const links = JSON.parse(tool('ip', '-j', 'addr')) as Link[];
    const ours = ask('select name, mac, mtu, addresses from interfaces()');
    expect(ours.map((r) => r['name'])).toEqual(links.map((l) => l.ifname).toSorted());
    for (const link of links) {
      const row = ours.find((r) => r['name'] === link.ifname)!;
      expect([row['mac'], row['mtu']]).toEqual([link.address, link.mtu]);
      const addresses = row['addresses'] as string[];
      for (const address of addresses)
        expect(link.addr_info.map((a) => `${a.local}/${a.prefixlen}`)).toContain(address);
    }
    const routes = JSON.parse(tool('ip', '-j', '-4', 'route')) as { dst: string; dev: string; gateway?: string }[];
    const found = ask('select destination, gateway, interface from routes()');
    for (const route of routes) {
      const dst = route.dst === 'default' ? '0.0.0.0/0' : route.dst.includes('/') ? route.dst : `${route.dst}/32`;
      expect(found).toContainEqual({ destination: dst, gateway: route.gateway ?? null, interface: route.dev });
    }
    const neighbours = JSON.parse(tool('ip', '-j', '-4', 'neigh')) as { dst: string; lladdr?: string }[];
    const arp = ask('select address, mac from arp()');
    for (const { dst, lladdr } of neighbours.filter((n) => n.lladdr !== undefined))
      expect(arp).toContainEqual({ address: dst, mac: lladdr });
  });

  it('packages: dpkg-query', () => {
    const theirs = lines(
      tool(
        'dpkg-query',
        '-W',
        '-f',
        String.raw`\${db:Status-Status} \${Package} \${Version} \${Architecture}\n`.replaceAll('\\$', '$'),
      ),
    )
      .filter((line) => !/^(?:not-installed|config-files) /.test(line))
      .map((line) => line.slice(line.indexOf(' ') + 1));
    const ours = ask("select name, version, architecture from packages() where manager == 'dpkg'").map(
      (r) => `${String(r['name'])} ${String(r['version'])} ${String(r['architecture'])}`,
    );
    expect(ours.toSorted()).toEqual(theirs.toSorted());
    expect(ours.length).toBeGreaterThan(50);
  });

  it('services: systemctl, by the unit files that it lists', () => {
    const theirs = new Map(
      lines(tool('systemctl', 'list-unit-files', '--no-legend', '--no-pager', '--type=service', '--root=/'))
        .map((line) => line.split(/\s+/))
        .map(([name = '', state = '']) => [name, state]),
    );
    const ours = new Map(
      ask("select name, state from services() where type == 'service'").map((r) => [r['name'], r['state']]),
    );
    expect([...theirs.keys()].filter((name) => !ours.has(name) && theirs.get(name) !== 'alias')).toEqual([]);
    for (const [name, state] of theirs)
      if (state === 'static' || state === 'masked' || state === 'enabled')
        expect([name, ours.get(name)]).toEqual([name, state]);
  });

  it('modules: the kernel', () => {
    if (!existsSync('/proc/modules')) {
      expect(() => ask('select name from modules()')).toThrow('linux has no source modules: this kernel takes none');
      return;
    }
    const loaded = lines(tool('cat', '/proc/modules')).map((line) => line.split(' ')[0]);
    expect(ask('select name from modules()').map((r) => r['name'])).toEqual(loaded);
  });

  it('crontab: the files of cron', () => {
    const files = lines(tool('sh', '-c', 'ls /etc/cron.daily/* 2>/dev/null || true'));
    const ours = ask("select command from crontab() where schedule == '@daily'").map((r) => r['command']);
    expect(files.filter((file) => !ours.includes(file))).toEqual([]);
  });
});

describe('files', () => {
  const FORMAT = String.raw`%p %s %m %i %D %n %U %G %T@\n`;
  const octal = (mode: unknown): string => (Number(mode) & 0o7777).toString(8);

  it('find and stat: find', () => {
    const theirs = lines(tool('find', dir, '-mindepth', '1', '-printf', FORMAT));
    const line = (r: Record<string, unknown>): string =>
      [r['path'], r['st_size'], octal(r['st_mode']), r['st_ino'], r['st_dev'], r['st_nlink'], r['st_uid'], r['st_gid']]
        .map(String)
        .join(' ');
    const withoutTime = (l: string): string => l.slice(0, l.lastIndexOf(' '));
    expect(ask(`select * from find(root: '${dir}')`).map(line).toSorted()).toEqual(theirs.map(withoutTime).toSorted());
    const [one] = ask(`select * from stat(paths: '${dir}/one.so')`);
    const [modified] = theirs.filter((l) => l.startsWith(`${dir}/one.so `)).map((l) => Number(l.split(' ').at(-1)));
    expect(Number(one!['st_mtime'])).toBeCloseTo(modified!, 3);
  });

  it('glob: find', () => {
    expect(
      ask(`select path from glob(globs: '${dir}/**10/*.so')`)
        .map((r) => String(r['path']))
        .toSorted(),
    ).toEqual(lines(tool('find', dir, '-name', '*.so')).toSorted());
  });

  it('hash: sha256sum, sha1sum, md5sum', () => {
    const [row] = ask(`select * from hash(paths: '${dir}/one.so', hashes: ['md5', 'sha1', 'sha256'])`);
    for (const kind of ['md5', 'sha1', 'sha256'])
      expect(row![kind]).toBe(tool(`${kind}sum`, `${dir}/one.so`).split(' ')[0]);
  });

  it('yara: grep', () => {
    const rule = 'rule needle { strings: $a = "needle" condition: $a }';
    const files = [`${dir}/a/b/three.txt`, `${dir}/one.so`, `${dir}/a/two.so`, `${dir}/a/b`, `${dir}/gone`];
    const ours = ask(`select * from yara(rules: '${rule}', paths: ${JSON.stringify(files)})`);
    const theirs = lines(tool('grep', '-obF', 'needle', ...files.slice(0, 2))).map((l) => l.split(':'));
    expect(ours.flatMap((r) => (r['string'] === null ? [] : [[r['path'], String(r['offset']), r['match']]]))).toEqual(
      theirs,
    );
    expect(ours.flatMap((r) => (r['rule'] === null ? [] : [[r['path'], r['rule']]]))).toEqual(
      files.slice(0, 2).map((file) => [file, 'needle']),
    );
    expect(() => ask(`select * from yara(rules: 'rule { nonsense', paths: '${dir}/one.so')`)).toThrow(
      /yara ended with 1: .*syntax error/s,
    );
    expect(readdirSync(dir).filter((name) => name.endsWith('.yar'))).toEqual([]);
  });

  it('grep, read_file, hexdump_file: grep, head, od', () => {
    const file = `${dir}/a/b/three.txt`;
    const theirs = lines(tool('grep', '-obE', 'needle[0-9]?', file)).map((l) => l.split(':'));
    expect(
      ask(`select offset, match from grep(paths: '${file}', regex: 'needle[0-9]?')`).map((r) => [
        String(r['offset']),
        r['match'],
      ]),
    ).toEqual(theirs);
    expect(ask(`select data from read_file(paths: '${file}', length: 5)`)).toEqual([
      { data: tool('head', '-c', '5', file) },
    ]);
    const dump = tool('od', '-An', '-tx1', '-v', file).replaceAll('\n', '').trim();
    expect(
      ask(`select hex from hexdump_file(paths: '${file}')`)
        .map((r) => r['hex'])
        .join(' '),
    ).toBe(dump);
  });
});
