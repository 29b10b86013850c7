import { logins, users } from './accounts.js';
import { agentInfo } from './agent-info.js';
import { crontab, packages, services } from './installed.js';
import { arp, interfaces, routes } from './network.js';
import { modules, mounts } from './process-files.js';
import { runProgram } from './programs.js';
import { type Source, SourceError, textOrEmpty, textsOf } from './source.js';

const linux = { platforms: ['linux'], params: [] } as const;

/** A source of another platform: documented here, refused where it is not. */
const elsewhere = (): never => {
  throw new SourceError('this version reads no Windows registry');
};

interface OsqueryRow extends Record<string, unknown> {
  row: string;
}

function* osquery(query: unknown): Generator<OsqueryRow> {
  const text = runProgram('osquery', 'osqueryi', ['--json', textOrEmpty(query)]);
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new SourceError('osqueryi printed something else than rows');
  for (const row of rows as Record<string, unknown>[]) yield { row: JSON.stringify(row), ...row };
}

function* yara(rules: unknown, paths: readonly string[]): Generator<object> {
  for (const path of paths)
    for (const line of runProgram('yara', 'yara', ['-s', '/dev/stdin', path], textOrEmpty(rules)).split('\n')) {
      const string = /^(0x[0-9a-f]+):(\$\w*): (.*)$/.exec(line);
      const rule = /^(\w+) (\/.*)$/.exec(line);
      if (rule !== null) yield { path, rule: rule[1], offset: null, string: null, match: null };
      else if (string !== null)
        yield { path, rule: null, offset: Number(string[1]), string: string[2], match: string[3] };
    }
}

/** Sources about the machine as a whole. */
export const SYSTEM_SOURCES: readonly Source[] = [
  {
    name: 'agent_info',
    description: 'What this agent and its machine are: system, node, fqdn, release, labels and the like.',
    platforms: 'all',
    params: [],
    columns: { key: 'unicode', value: 'unicode' },
    rows: (_args, agent) => agentInfo(agent),
  },
  {
    name: 'users',
    description: 'Users of this machine, from /etc/passwd.',
    ...linux,
    columns: { username: 'unicode', uid: 'int', gid: 'int', gecos: 'unicode', home: 'unicode', shell: 'unicode' },
    rows: users,
  },
  {
    name: 'logins',
    description: 'Records of utmp (now), wtmp (past) and btmp (failed): who came when from where, boots too.',
    ...linux,
    columns: {
      file: 'unicode',
      type: 'unicode',
      username: 'unicode',
      line: 'unicode',
      host: 'unicode',
      address: 'unicode',
      pid: 'int',
      time: 'epoch',
    },
    rows: logins,
  },
  {
    name: 'mounts',
    description: 'Mounted file systems as the agent sees them.',
    ...linux,
    columns: {
      target: 'unicode',
      source: 'unicode',
      fstype: 'unicode',
      options: 'unicode',
      super_options: 'unicode',
      root: 'unicode',
      device: 'unicode',
      mount_id: 'int',
      parent_id: 'int',
    },
    rows: mounts,
  },
  {
    name: 'interfaces',
    description: 'Network interfaces, those that are down included. Addresses with their prefix length.',
    ...linux,
    columns: {
      name: 'unicode',
      mac: 'unicode',
      state: 'unicode',
      mtu: 'int',
      addresses: 'json',
      rx_bytes: 'int',
      tx_bytes: 'int',
    },
    rows: interfaces,
  },
  {
    name: 'arp',
    description: 'Which hardware address answers for which IPv4 address.',
    ...linux,
    columns: { address: 'unicode', mac: 'unicode', interface: 'unicode', flags: 'int' },
    rows: arp,
  },
  {
    name: 'routes',
    description: 'IPv4 routes of the main table and IPv6 routes, as the kernel has them.',
    ...linux,
    columns: { destination: 'unicode', gateway: 'unicode', interface: 'unicode', metric: 'int', flags: 'int' },
    rows: routes,
  },
  {
    name: 'packages',
    description: 'Installed packages of dpkg and, where its program is, rpm. Size in bytes.',
    ...linux,
    columns: {
      name: 'unicode',
      version: 'unicode',
      architecture: 'unicode',
      status: 'unicode',
      source: 'unicode',
      size: 'int',
      manager: 'unicode',
    },
    rows: packages,
  },
  {
    name: 'services',
    description:
      'Units of systemd from their files: enabled, disabled, static or masked; running by its control group.',
    ...linux,
    columns: {
      name: 'unicode',
      type: 'unicode',
      state: 'unicode',
      running: 'bool',
      pids: 'json',
      description: 'unicode',
      exec_start: 'unicode',
      username: 'unicode',
      path: 'unicode',
    },
    rows: services,
  },
  {
    name: 'crontab',
    description: 'Jobs of cron: of the system, of users, and programs of every hour, day, week and month.',
    ...linux,
    columns: { file: 'unicode', schedule: 'unicode', username: 'unicode', command: 'unicode' },
    rows: crontab,
  },
  {
    name: 'modules',
    description: 'Loaded kernel modules. Size in bytes.',
    ...linux,
    columns: { name: 'unicode', size: 'int', references: 'int', used_by: 'json', state: 'unicode' },
    rows: modules,
  },
  {
    name: 'registry',
    description: 'The Windows registry; no version reads it yet.',
    platforms: ['win32'],
    params: [{ name: 'globs', type: 'string', array: true, required: true, description: 'keys to read' }],
    columns: { path: 'unicode', type: 'unicode', value: 'unicode' },
    rows: elsewhere,
  },
  {
    name: 'yara',
    description: 'Rules of YARA over files, by the program yara where it is installed.',
    platforms: ['linux', 'darwin', 'win32'],
    params: [
      { name: 'rules', type: 'string', required: true, description: 'the text of the rules' },
      { name: 'paths', type: 'string', array: true, required: true, description: 'files' },
    ],
    columns: { path: 'unicode', rule: 'unicode', offset: 'int', string: 'unicode', match: 'unicode' },
    rows: ({ rules, paths }) => yara(rules, textsOf(paths)),
  },
  {
    name: 'osquery',
    description: 'A query of osquery, by the program osqueryi where it is installed; `row` is JSON, columns follow.',
    platforms: ['linux', 'darwin', 'win32'],
    params: [{ name: 'query', type: 'string', required: true, description: 'SQL' }],
    columns: { row: 'unicode' },
    rows: ({ query }) => osquery(query),
  },
];
