import { rows } from '#efilter';
import { parse } from '#efilter';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewFlowJob } from '../runner/flow-job.js';
import { loginRecords } from './accounts.js';
import { EXAMPLES } from './examples.js';
import { cronJobs, dpkgPackages } from './installed.js';
import { ipv6Text } from './network.js';
import { pushDown } from '#sources';
import { findProgram } from './programs.js';
import { environmentFor, SOURCES, SOURCES_BY_NAME, sourceNames } from './registry.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rekall-sources-'));
  writeFileSync(join(dir, 'abc'), 'abc');
  symlinkSync('abc', join(dir, 'link'));
});
afterAll(() => rmSync(dir, { recursive: true }));

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

/** Sources that this machine lacks: no Linux has a registry, some take no modules, few have osquery. */
const CANNOT_BE = [
  'registry',
  ...(existsSync('/proc/modules') ? [] : ['modules']),
  ...(findProgram('osqueryi') === undefined ? ['osquery'] : []),
];

const ask = (query: string): Record<string, unknown>[] => [
  ...rows(pushDown(parse(query), SOURCES_BY_NAME), environmentFor(JOB)),
];

describe('sources', () => {
  it('give the columns that they declare, and no others', () => {
    const calls: Record<string, string> = {
      glob: `glob(globs: '${dir}/*')`,
      stat: `stat(paths: '${dir}/abc')`,
      find: `find(root: '${dir}')`,
      hash: `hash(paths: '${dir}/abc', hashes: ['md5', 'sha1', 'sha256'])`,
      read_file: `read_file(paths: '${dir}/abc')`,
      grep: `grep(paths: '${dir}/abc', regex: 'b')`,
      hexdump_file: `hexdump_file(paths: '${dir}/abc')`,
    };
    for (const { name, columns } of SOURCES.filter((s) => !CANNOT_BE.includes(s.name) && s.name !== 'yara'))
      for (const row of ask(`select * from ${calls[name] ?? `${name}()`} limit 3`))
        expect([name, ...Object.keys(row)]).toEqual([name, ...Object.keys(columns)]);
  });

  it('have an example on their page, with the columns that they declare', () => {
    for (const { name, columns } of SOURCES) {
      const example = EXAMPLES[name];
      expect(example?.query).toContain(`from ${name}(`);
      if (example?.error !== undefined) continue;
      const row = JSON.parse(example?.row ?? '{}') as object;
      expect([name, ...Object.keys(row)]).toEqual([name, ...Object.keys(columns)]);
    }
    const without = SOURCES.map(({ name }) => name).filter((name) => EXAMPLES[name]?.row === undefined);
    expect(without.toSorted()).toEqual(['modules', 'osquery', 'registry']);
  });

  it.each(CANNOT_BE)('%s: where it cannot be, it says what its page says', (name) => {
    const { query = '', error } = EXAMPLES[name] ?? {};
    expect(error).toContain(`linux has no source ${name}`);
    expect(() => ask(query)).toThrow(error ?? 'an error');
  });

  it('show a process whose working directory is deeper than any path, and the others', () => {
    const start = process.cwd();
    try {
      process.chdir(dir);
      for (let i = 0; i < 20; i++) {
        mkdirSync('x'.repeat(250));
        process.chdir('x'.repeat(250));
      }
      expect(ask(`select pid, cwd from pslist(pids: ${process.pid})`)).toEqual([{ pid: process.pid, cwd: null }]);
      expect(ask('select pid from pslist()').length).toBeGreaterThan(1);
      expect(ask(`select pid from lsof(pids: ${process.pid})`).length).toBeGreaterThan(0);
    } finally {
      process.chdir(start);
    }
  });

  it('that this platform or machine lacks say so, by name', () => {
    expect(() => ask("select * from registry(globs: 'HKLM/x')")).toThrow('linux has no source registry');
    expect(() => ask("select * from osquery(query: 'select 1')")).toThrow(
      'linux has no source osquery: this machine lacks the program osqueryi',
    );
  });

  it('that the configuration does not allow are refused', () => {
    const environment = environmentFor({ ...JOB, sources: ['users'] });
    expect(() => [...rows('select * from pslist()', environment)]).toThrow('does not allow the source pslist');
  });
});

describe('conditions that are pushed down', () => {
  it('read one process, and say the same as all of them', () => {
    const query = parse(`select pid from pslist() where Name != '' and pid == ${process.pid}`);
    const pushed = pushDown(query, SOURCES_BY_NAME);
    expect(JSON.stringify(pushed.root)).toContain('"keyword":{"name":"pids"');
    expect([...rows(pushed, environmentFor(JOB))]).toEqual([...rows(query, environmentFor(JOB))]);
  });

  it('read one file', () => {
    expect(ask(`select sha256 from hash() where path == '${dir}/abc'`)).toEqual([
      { sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
    ]);
  });

  it.each([
    'select pid from pslist() where pid == 1 or Name == "x"',
    'select pid from pslist() where pid > 1',
    'select ppid as pid from pslist() where pid == 1',
    'select pid from pslist(pids: 5) where pid == 1',
    "select pid from pslist() where pid == '1'",
  ])('are left alone where that would change the answer: %s', (text) => {
    const query = parse(text);
    expect(pushDown(query, SOURCES_BY_NAME).root).toEqual(query.root);
  });
});

describe('files', () => {
  it('are hashed, each kind by its own', () => {
    expect(ask(`select * from hash(paths: ['${dir}/abc', '${dir}/link'], hashes: ['md5', 'sha1'])`)).toEqual([
      {
        path: `${dir}/abc`,
        size: 3,
        md5: '900150983cd24fb0d6963f7d28e17f72',
        sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
        sha256: null,
      },
    ]);
    expect(() => ask(`select * from hash(paths: '/x', hashes: 'crc')`)).toThrow('hash crc is unknown');
  });

  it('are read, dumped and searched', () => {
    expect(ask(`select data, base64 from read_file(paths: '${dir}/abc', offset: 1, length: 1)`)).toEqual([
      { data: 'b', base64: 'Yg==' },
    ]);
    expect(ask(`select offset, hex, text from hexdump_file(paths: '${dir}/abc')`)).toEqual([
      { offset: 0, hex: '61 62 63', text: 'abc' },
    ]);
    expect(ask(`select offset, match from grep(paths: '${dir}/abc', literal: 'bc')`)).toEqual([
      { offset: 1, match: 'bc' },
    ]);
    expect(() => ask(`select * from grep(paths: '${dir}/abc')`)).toThrow('grep takes a regex or a literal');
  });
});

describe('what this machine tells', () => {
  it('a listening socket and its process', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(
      ask(
        `select protocol, local_address, state, pid from netstat() where local_port == ${port} and pid == ${process.pid}`,
      ),
    ).toEqual([{ protocol: 'tcp', local_address: '127.0.0.1', state: 'LISTEN', pid: process.pid }]);
    server.close();
  });

  it('files that are open, environment, mappings', () => {
    expect(ask(`select path from lsof() where pid == ${process.pid} and fd == 'exe'`)).toEqual([
      { path: process.execPath },
    ]);
    const maps = ask(`select path from maps() where pid == ${process.pid}`).map((row) => row['path']);
    expect(maps).toContain(process.execPath);
    const [path] = ask(`select value from environ() where pid == ${process.pid} and key == 'PATH'`);
    expect(readFileSync(`/proc/${process.pid}/environ`, 'utf8')).toContain(`PATH=${String(path?.['value'])}`);
  });
});

describe('formats', () => {
  it('IPv6 addresses', () => {
    const text = (hex: string): string => ipv6Text(Buffer.from(hex, 'hex'));
    expect(text('00000000000000000000000000000001')).toBe('::1');
    expect(text('20010db8000000000001000000000001')).toBe('2001:db8::1:0:0:1');
    expect(text('00000000000000000000ffff7f000001')).toBe('::ffff:127.0.0.1');
  });

  it('records of logins; one that is cut is left out', () => {
    const record = Buffer.alloc(384);
    record.writeInt16LE(7, 0);
    record.writeInt32LE(4242, 4);
    record.write('pts/0', 8);
    record.write('alice', 44);
    record.write('host.example', 76);
    record.writeInt32LE(1_700_000_000, 340);
    record.writeInt32LE(500_000, 344);
    Buffer.from([192, 0, 2, 1]).copy(record, 348);
    expect([...loginRecords('/f', Buffer.concat([record, record.subarray(0, 100)]))]).toEqual([
      {
        file: '/f',
        type: 'user',
        username: 'alice',
        line: 'pts/0',
        host: 'host.example',
        address: '192.0.2.1',
        pid: 4242,
        time: 1_700_000_000.5,
      },
    ]);
  });

  it('crontabs, of the system and of a user', () => {
    const text = 'MAILTO=x\n# no\n*/5 * * * * root  echo "a  b"\n@daily bob run\n* * * * *\n';
    expect([...cronJobs('/etc/crontab', text, undefined)]).toEqual([
      { file: '/etc/crontab', schedule: '*/5 * * * *', username: 'root', command: 'echo "a  b"' },
      { file: '/etc/crontab', schedule: '@daily', username: 'bob', command: 'run' },
    ]);
    expect([...cronJobs('/s/al', '1 2 3 4 5 ls -l\n', 'al')]).toEqual([
      { file: '/s/al', schedule: '1 2 3 4 5', username: 'al', command: 'ls -l' },
    ]);
  });

  it('the status file of dpkg', () => {
    const text =
      'Package: a\nStatus: install ok installed\nVersion: 1-2\nArchitecture: all\nInstalled-Size: 3\nDescription: x\n  Version: 9\n\n' +
      'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: b\nStatus: hold ok installed\nSource: c (1)\nVersion: 2\n';
    expect([...dpkgPackages(text)]).toMatchObject([
      { name: 'a', version: '1-2', architecture: 'all', size: 3072, source: 'a' },
      { name: 'b', version: '2', architecture: null, size: null, source: 'c', status: 'hold ok installed' },
    ]);
  });
});
