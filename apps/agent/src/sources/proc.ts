import { readFileSync } from 'node:fs';
import { pidsOf, readLink, readText } from './read.js';

/** Linux reports times of processes in this unit, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

/** One process as /proc shows it. Times in seconds, sizes in bytes; null where it cannot be seen. */
export interface ProcessRow {
  Name: string;
  pid: number;
  ppid: number;
  /** Seconds since 1970. */
  start_time: number;
  /** Arguments joined by spaces; empty for kernel threads. */
  cmdline: string | null;
  exe: string | null;
  username: string | null;
  uid: number | null;
  cpu_user: number;
  cpu_system: number;
  rss: number | null;
  threads: number;
  /** One letter, as `ps` shows it. */
  state: string;
  cwd: string | null;
}

/** Seconds since 1970 at which this machine booted. */
export const bootTime = (): number => {
  const match = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'));
  if (match === null) throw new Error('/proc/stat has no btime line');
  return Number(match[1]);
};

/** Names of users by number, from /etc/passwd. */
export const userNames = (): ReadonlyMap<number, string> => {
  const names = new Map<number, string>();
  for (const line of (readText('/etc/passwd') ?? '').split('\n')) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined && uid !== '' && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
};

const statusValue = (status: string | undefined, field: string): number | null => {
  const match = status === undefined ? null : new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status);
  return match === null ? null : Number(match[1]);
};

/** Reads one process; undefined when it has ended. */
const readProcess = (pid: number, boot: number, users: ReadonlyMap<number, string>): ProcessRow | undefined => {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // `pid (name) state ppid ...`: the name may hold brackets and spaces, so fields are counted from its last bracket.
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const status = readText(`/proc/${pid}/status`);
  const cmdline = readText(`/proc/${pid}/cmdline`);
  const uid = statusValue(status, 'Uid');
  const rssKib = statusValue(status, 'VmRSS');
  return {
    Name: stat.slice(open + 1, close),
    pid,
    ppid: field(4),
    start_time: boot + field(22) / TICKS_PER_SECOND,
    cmdline: cmdline === undefined ? null : cmdline.replace(/\0+$/, '').replaceAll('\0', ' '),
    exe: readLink(`/proc/${pid}/exe`) ?? null,
    username: uid === null ? null : (users.get(uid) ?? String(uid)),
    uid,
    cpu_user: field(14) / TICKS_PER_SECOND,
    cpu_system: field(15) / TICKS_PER_SECOND,
    rss: rssKib === null ? null : rssKib * 1024,
    threads: field(20),
    state: fields[0] ?? '?',
    cwd: readLink(`/proc/${pid}/cwd`) ?? null,
  };
};

/** The running processes, by pid; only those asked for when `pids` is given. */
export function* processes(pids?: readonly number[]): Generator<ProcessRow> {
  const boot = bootTime();
  const users = userNames();
  for (const pid of pidsOf(pids)) {
    const row = readProcess(pid, boot, users);
    if (row !== undefined) yield row;
  }
}

/** CPU seconds and resident bytes of one process; undefined when it has ended. */
export const processUsage = (pid: number): { cpuSeconds: number; memoryBytes: number } | undefined => {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
  const rssKib = statusValue(readText(`/proc/${pid}/status`), 'VmRSS');
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryBytes: (rssKib ?? 0) * 1024 };
};
