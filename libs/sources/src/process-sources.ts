import type { Declared } from './declaration.js';

const PIDS = {
  name: 'pids',
  type: 'number',
  array: true,
  description: 'only these processes; `where pid == 5` asks for one as well',
} as const;
const ofProcesses = { platforms: ['linux'], params: [PIDS], pushdown: { pid: 'pids' } } as const;

/** Sources about running processes. */
export const PROCESS_SOURCES = {
  pslist: {
    description: 'Running processes. Times in seconds since 1970, CPU in seconds, rss in bytes.',
    ...ofProcesses,
    columns: {
      Name: 'unicode',
      pid: 'int',
      ppid: 'int',
      start_time: 'epoch',
      cmdline: 'unicode',
      exe: 'unicode',
      username: 'unicode',
      uid: 'int',
      cpu_user: 'float',
      cpu_system: 'float',
      rss: 'int',
      threads: 'int',
      state: 'unicode',
      cwd: 'unicode',
    },
  },
  netstat: {
    description: 'Internet sockets (TCP, UDP, raw; IPv4, IPv6) with the process that holds each.',
    ...ofProcesses,
    columns: {
      protocol: 'unicode',
      local_address: 'unicode',
      local_port: 'int',
      remote_address: 'unicode',
      remote_port: 'int',
      state: 'unicode',
      pid: 'int',
      name: 'unicode',
      uid: 'int',
      username: 'unicode',
      inode: 'int',
    },
  },
  lsof: {
    description: 'Open files of processes, and their working directory, root and program.',
    ...ofProcesses,
    columns: {
      pid: 'int',
      name: 'unicode',
      username: 'unicode',
      fd: 'unicode',
      type: 'unicode',
      mode: 'unicode',
      offset: 'int',
      path: 'unicode',
    },
  },
  environ: {
    description: 'Environment variables of processes, as they were at their start.',
    ...ofProcesses,
    columns: { pid: 'int', name: 'unicode', key: 'unicode', value: 'unicode' },
  },
  maps: {
    description: 'Memory mappings of processes. Addresses are hex texts, size and offset in bytes.',
    ...ofProcesses,
    columns: {
      pid: 'int',
      name: 'unicode',
      start: 'unicode',
      end: 'unicode',
      size: 'int',
      perms: 'unicode',
      offset: 'int',
      device: 'unicode',
      inode: 'int',
      path: 'unicode',
    },
  },
} as const satisfies Declared;
