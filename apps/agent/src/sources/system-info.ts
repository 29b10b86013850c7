import { readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import { SystemInfo } from '#wire';
import { codeOf } from '../errors.js';
import { bootTime } from './proc.js';

const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' };

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EACCES') return undefined;
    throw error;
  }
};

const unquote = (text: string): string => text.replace(/^(["'])(.*)\1$/, '$2');

const osRelease = (): Record<string, string> => {
  const text = readIfThere('/etc/os-release') ?? '';
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, key, value]) => [key, unquote(value ?? '')]),
  ) as Record<string, string>;
};

const fqdn = (): string => {
  const host = os.hostname();
  if (host.includes('.')) return host;
  // /etc/hosts: `address canonical-name aliases...`, the canonical name first.
  for (const line of (readIfThere('/etc/hosts') ?? '').split('\n')) {
    const [, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const full = names.find((name) => name.startsWith(`${host}.`));
    if (names.includes(host) && full !== undefined) return full;
  }
  return host;
};

const glibc = (): string | undefined => {
  Object.assign(process.report, { excludeNetwork: true }); // else it looks up the names of all peers
  const report: unknown = process.report.getReport();
  if (typeof report !== 'object' || report === null || !('header' in report)) return undefined;
  const { header } = report;
  if (typeof header !== 'object' || header === null || !('glibcVersionRuntime' in header)) return undefined;
  return typeof header.glibcVersionRuntime === 'string' ? `glibc ${header.glibcVersionRuntime}` : undefined;
};

let libc: { version: string | undefined } | undefined;
/** A report costs milliseconds and its answer never changes while we run. */
const libcVersion = (): string | undefined => (libc ??= { version: glibc() }).version;

const installTime = (): string | undefined => {
  try {
    const { birthtimeMs } = statSync('/lost+found');
    return birthtimeMs > 0 ? new Date(birthtimeMs).toISOString() : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EACCES') return undefined;
    throw error;
  }
};

const interfaces = (): SystemInfo['interfaces'] =>
  Object.entries(os.networkInterfaces())
    .slice(0, 64)
    .map(([name, addresses = []]) => ({
      name: name.slice(0, 64),
      ...(addresses[0] === undefined ? {} : { mac: addresses[0].mac }),
      addresses: addresses.slice(0, 64).map((a) => a.address),
    }));

/** People of this machine: root, and the users that may log in. */
const users = (): SystemInfo['users'] =>
  (readIfThere('/etc/passwd') ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , uid, , , , shell = '']) => uid !== undefined && !/(nologin|false|sync)$/.test(shell))
    .slice(0, 200)
    .map(([username = '', , uid = '0', , , home = '']) => ({ username, uid: Number(uid), home }));

const optional = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> => {
  const out: Partial<Record<K, V>> = {};
  if (value !== undefined) out[key] = value;
  return out;
};

/** What this machine is: kernel, names, users, interfaces. */
export const systemInfo = (): SystemInfo => {
  const release = osRelease();
  return {
    system: SYSTEMS[process.platform] ?? process.platform,
    node: os.hostname(),
    fqdn: fqdn(),
    release: os.release(),
    kernel_version: os.version(),
    machine: os.machine(),
    architecture: process.arch,
    ...optional('os_name', release['NAME']),
    ...optional('os_version', release['VERSION_ID']),
    ...optional('libc_version', libcVersion()),
    ...optional('install_time', installTime()),
    interfaces: interfaces(),
    users: users(),
  };
};

/** When this machine booted. */
export const bootInstant = (): string =>
  process.platform === 'linux'
    ? new Date(bootTime() * 1000).toISOString()
    : new Date(Date.now() - os.uptime() * 1000).toISOString();
