import { existsSync, statSync } from 'node:fs';
import { userNames } from './proc.js';
import { linesOf, namesIn, pidsOf, readLink, readText, unlessGone } from './read.js';
import { SourceError } from './source.js';

const nameOf = (pid: number): string | null => readText(`/proc/${pid}/comm`)?.trim() ?? null;

const O_ACCMODE = 3;
const MODES = ['r', 'w', 'u'];

const fdInfo = (pid: number, fd: string): { offset: number | null; mode: string | null } => {
  const text = readText(`/proc/${pid}/fdinfo/${fd}`);
  if (text === undefined) return { offset: null, mode: null };
  const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? '0', 8);
  const offset = /^pos:\s*(\d+)/m.exec(text)?.[1];
  return { offset: offset === undefined ? null : Number(offset), mode: MODES[flags & O_ACCMODE] ?? null };
};

/** What a link in /proc leads to: a path, or `socket:[1]`, `pipe:[2]`, `anon_inode:x`. */
const typeOf = (target: string, link: string): string => {
  const kind = /^(socket|pipe|anon_inode):/.exec(target)?.[1];
  if (kind !== undefined) return kind;
  const stats = unlessGone(() => statSync(link));
  if (stats === undefined) return 'unknown';
  if (stats.isDirectory()) return 'directory';
  if (stats.isCharacterDevice()) return 'character device';
  if (stats.isBlockDevice()) return 'block device';
  return stats.isFIFO() ? 'pipe' : 'file';
};

const HELD = ['cwd', 'root', 'exe'] as const;

/** Open files, and working directory, root and program, of processes. */
export function* lsof(pids?: readonly number[]): Generator<object> {
  const users = userNames();
  for (const pid of pidsOf(pids)) {
    const uid = unlessGone(() => statSync(`/proc/${pid}`))?.uid;
    const common = {
      pid,
      name: nameOf(pid),
      username: uid === undefined ? null : (users.get(uid) ?? String(uid)),
    };
    for (const held of HELD) {
      const path = readLink(`/proc/${pid}/${held}`);
      if (path !== undefined)
        yield { ...common, fd: held, type: held === 'exe' ? 'file' : 'directory', mode: null, offset: null, path };
    }
    const fds = namesIn(`/proc/${pid}/fd`).toSorted((a, b) => Number(a) - Number(b));
    for (const fd of fds) {
      const link = `/proc/${pid}/fd/${fd}`;
      const path = readLink(link);
      if (path !== undefined) yield { ...common, fd, type: typeOf(path, link), ...fdInfo(pid, fd), path };
    }
  }
}

/** Environment variables of processes, as they were at their start. */
export function* environ(pids?: readonly number[]): Generator<object> {
  for (const pid of pidsOf(pids)) {
    const name = nameOf(pid);
    for (const entry of (readText(`/proc/${pid}/environ`) ?? '').split('\0')) {
      if (entry === '') continue;
      const equals = entry.indexOf('=');
      const key = equals < 0 ? entry : entry.slice(0, equals);
      yield { pid, name, key, value: equals < 0 ? null : entry.slice(equals + 1) };
    }
  }
}

const MAPS_LINE = /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) (\S+) (\d+)\s*(.*)$/;

/** Memory mappings of processes. Addresses are hex: they do not fit a number. */
export function* maps(pids?: readonly number[]): Generator<object> {
  for (const pid of pidsOf(pids)) {
    const name = nameOf(pid);
    for (const line of linesOf(`/proc/${pid}/maps`)) {
      const [, start = '', end = '', perms, offset = '', device, inode, path] = MAPS_LINE.exec(line) ?? [];
      yield {
        pid,
        name,
        start: `0x${start}`,
        end: `0x${end}`,
        size: Number(BigInt(`0x${end}`) - BigInt(`0x${start}`)),
        perms,
        offset: Number.parseInt(offset, 16),
        device,
        inode: Number(inode),
        path: path === '' ? null : path,
      };
    }
  }
}

/** Loaded kernel modules. Throws {@link SourceError} where the kernel takes none. */
export function* modules(): Generator<object> {
  if (!existsSync('/proc/modules'))
    throw new SourceError(
      `${process.platform} has no source modules: this kernel takes none, there is no /proc/modules`,
    );
  for (const line of linesOf('/proc/modules')) {
    const [name, size, references, users = '-', state] = line.split(' ');
    yield {
      name,
      size: Number(size),
      references: Number(references),
      used_by: users === '-' ? [] : users.split(',').filter((user) => user !== ''),
      state,
    };
  }
}

const unescapeMount = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_whole, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Mounted file systems as this process sees them. */
export function* mounts(): Generator<object> {
  for (const line of linesOf('/proc/self/mountinfo')) {
    const [mount = '', source = ''] = line.split(' - ');
    const [id, parent, device, root = '', target = '', options] = mount.split(' ');
    const [fstype, from = '', superOptions] = source.split(' ');
    yield {
      target: unescapeMount(target),
      source: unescapeMount(from),
      fstype,
      options,
      super_options: superOptions,
      root: unescapeMount(root),
      device,
      mount_id: Number(id),
      parent_id: Number(parent),
    };
  }
}
