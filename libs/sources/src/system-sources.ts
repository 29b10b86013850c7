import type { Declared } from './declaration.js';

const linux = { platforms: ['linux'], params: [] } as const;

/** Sources about the machine as a whole. */
export const SYSTEM_SOURCES = {
  agent_info: {
    description: 'What this agent and its machine are: system, node, fqdn, release, labels and the like.',
    platforms: 'all',
    params: [],
    columns: { key: 'unicode', value: 'unicode' },
  },
  users: {
    description: 'Users of this machine, from /etc/passwd.',
    ...linux,
    columns: { username: 'unicode', uid: 'int', gid: 'int', gecos: 'unicode', home: 'unicode', shell: 'unicode' },
  },
  logins: {
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
  },
  mounts: {
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
  },
  interfaces: {
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
  },
  arp: {
    description: 'Which hardware address answers for which IPv4 address.',
    ...linux,
    columns: { address: 'unicode', mac: 'unicode', interface: 'unicode', flags: 'int' },
  },
  routes: {
    description: 'IPv4 routes of the main table and IPv6 routes, as the kernel has them.',
    ...linux,
    columns: { destination: 'unicode', gateway: 'unicode', interface: 'unicode', metric: 'int', flags: 'int' },
  },
  packages: {
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
  },
  services: {
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
  },
  crontab: {
    description: 'Jobs of cron: of the system, of users, and programs of every hour, day, week and month.',
    ...linux,
    columns: { file: 'unicode', schedule: 'unicode', username: 'unicode', command: 'unicode' },
  },
  modules: {
    description: 'Loaded kernel modules. Size in bytes.',
    ...linux,
    columns: { name: 'unicode', size: 'int', references: 'int', used_by: 'json', state: 'unicode' },
  },
  registry: {
    description: 'The Windows registry; no version reads it yet.',
    platforms: ['win32'],
    params: [{ name: 'globs', type: 'string', array: true, required: true, description: 'keys to read' }],
    columns: { path: 'unicode', type: 'unicode', value: 'unicode' },
  },
  yara: {
    description: 'Rules of YARA over files, by the program yara where it is installed.',
    platforms: ['linux', 'darwin', 'win32'],
    params: [
      { name: 'rules', type: 'string', required: true, description: 'the text of the rules' },
      { name: 'paths', type: 'string', array: true, required: true, description: 'files' },
    ],
    columns: { path: 'unicode', rule: 'unicode', offset: 'int', string: 'unicode', match: 'unicode' },
  },
  osquery: {
    description: 'A query of osquery, by the program osqueryi where it is installed; `row` is JSON, columns follow.',
    platforms: ['linux', 'darwin', 'win32'],
    params: [{ name: 'query', type: 'string', required: true, description: 'SQL' }],
    columns: { row: 'unicode' },
    more: true,
  },
} as const satisfies Declared;
