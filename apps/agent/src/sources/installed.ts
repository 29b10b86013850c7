import { readFileSync } from 'node:fs';
import { namesIn, linesOf, readLink, readText, unlessGone } from './read.js';
import { findProgram, runProgram } from './programs.js';

const DPKG_STATUS = '/var/lib/dpkg/status';
const RPM_DATABASES = ['/var/lib/rpm', '/usr/lib/sysimage/rpm'];

/** The fields of each paragraph of a Debian control file; continued lines belong to the field before. */
function* paragraphs(text: string): Generator<ReadonlyMap<string, string>> {
  for (const paragraph of text.split(/\n\n+/)) {
    const fields = new Map<string, string>();
    for (const [, name = '', value = ''] of paragraph.matchAll(/^([A-Za-z][A-Za-z0-9-]*): ?(.*)$/gm))
      fields.set(name, value);
    if (fields.size > 0) yield fields;
  }
}

/** Rows of a dpkg status file; packages that are only configured away are left out. */
export function* dpkgPackages(text: string): Generator<object> {
  for (const fields of paragraphs(text)) {
    const status = fields.get('Status') ?? '';
    if (/ (?:not-installed|config-files)$/.test(status)) continue;
    const size = fields.get('Installed-Size');
    yield {
      name: fields.get('Package') ?? null,
      version: fields.get('Version') ?? null,
      architecture: fields.get('Architecture') ?? null,
      status,
      source: fields.get('Source')?.split(' ')[0] ?? fields.get('Package') ?? null,
      size: size === undefined ? null : Number(size) * 1024,
      manager: 'dpkg',
    };
  }
}

function* rpmPackages(): Generator<object> {
  if (!RPM_DATABASES.some((path) => namesIn(path).length > 0) || findProgram('rpm') === undefined) return;
  const format = String.raw`%{NAME}\t%{EVR}\t%{ARCH}\t%{SOURCERPM}\t%{SIZE}\n`;
  for (const line of runProgram('packages', 'rpm', ['-qa', '--queryformat', format]).split('\n')) {
    const [name, version, architecture, source, size] = line.split('\t');
    if (name === undefined || name === '') continue;
    yield { name, version, architecture, status: 'installed', source, size: Number(size), manager: 'rpm' };
  }
}

/** Installed packages of dpkg and rpm. */
export function* packages(): Generator<object> {
  const status = unlessGone(() => readFileSync(DPKG_STATUS, 'utf8'));
  if (status !== undefined) yield* dpkgPackages(status);
  yield* rpmPackages();
}

/** Where units are looked for; an earlier folder hides a unit of the same name in a later one. */
const UNIT_FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const UNIT = /\.(?:service|timer|socket|path|mount|target)$/;

const setting = (text: string, name: string): string | null =>
  new RegExp(String.raw`^${name}\s*=[ \t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? null;

/** Units that some target wants or requires: they start by themselves. */
const wanted = (): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const folder of UNIT_FOLDERS.slice(0, 2))
    for (const dir of namesIn(folder).filter((name) => /\.(?:wants|requires)$/.test(name)))
      for (const unit of namesIn(`${folder}/${dir}`)) {
        names.add(unit);
        // An instance that starts enables its template.
        names.add(unit.replace(/@.+(?=\.\w+$)/, '@'));
      }
  return names;
};

const unitState = (name: string, path: string, text: string, starting: ReadonlySet<string>): string => {
  if (readLink(path) === '/dev/null') return 'masked';
  if (starting.has(name)) return 'enabled';
  return /^\[Install\]/m.test(text) ? 'disabled' : 'static';
};

/** Main processes of a unit, by its control group. */
const unitPids = (name: string): number[] =>
  ['/sys/fs/cgroup/system.slice', '/sys/fs/cgroup/systemd/system.slice']
    .flatMap((slice) => linesOf(`${slice}/${name}/cgroup.procs`))
    .map(Number);

/** Units of systemd, read from their files: no bus is asked. */
export function* services(): Generator<object> {
  const starting = wanted();
  const seen = new Set<string>();
  for (const folder of UNIT_FOLDERS) {
    for (const name of namesIn(folder).filter((unit) => UNIT.test(unit))) {
      if (seen.has(name)) continue;
      seen.add(name);
      const path = `${folder}/${name}`;
      const text = readText(path) ?? '';
      const pids = unitPids(name);
      yield {
        name,
        type: name.slice(name.lastIndexOf('.') + 1),
        state: unitState(name, path, text, starting),
        running: pids.length > 0,
        pids,
        description: setting(text, 'Description'),
        exec_start: setting(text, 'ExecStart'),
        username: setting(text, 'User'),
        path,
      };
    }
  }
}

const NICKNAME = /^@(?:reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)$/;
const FIELDS = 5;

/** The jobs of one crontab; a system one names the user of each. Lines that are neither job nor setting are left out. */
export function* cronJobs(file: string, text: string, owner: string | undefined): Generator<object> {
  for (const line of text.split('\n').map((l) => l.trim())) {
    if (line === '' || line.startsWith('#') || /^[A-Za-z_][A-Za-z0-9_]*\s*=/.test(line)) continue;
    const words = line.split(/\s+/);
    const times = NICKNAME.test(words[0] ?? '') ? 1 : FIELDS;
    const user = owner ?? words[times];
    const skip = times + (owner === undefined ? 1 : 0);
    if (words.length <= skip) continue;
    const command = new RegExp(String.raw`^(?:\S+\s+){${skip}}(.*)$`).exec(line)?.[1];
    yield { file, schedule: words.slice(0, times).join(' '), username: user, command };
  }
}

const PERIODS = ['hourly', 'daily', 'weekly', 'monthly'] as const;
const SPOOLS = ['/var/spool/cron/crontabs', '/var/spool/cron'];

/** Jobs of cron: the system's, the users', and the programs that run every hour, day, week or month. */
export function* crontab(): Generator<object> {
  const system = ['/etc/crontab', ...namesIn('/etc/cron.d').map((name) => `/etc/cron.d/${name}`)];
  for (const file of system) yield* cronJobs(file, readText(file) ?? '', undefined);
  for (const folder of SPOOLS)
    for (const user of namesIn(folder)) {
      const text = unlessGone(() => readText(`${folder}/${user}`));
      if (text !== undefined) yield* cronJobs(`${folder}/${user}`, text, user);
    }
  for (const period of PERIODS)
    for (const name of namesIn(`/etc/cron.${period}`).filter((n) => !n.startsWith('.'))) {
      const file = `/etc/cron.${period}/${name}`;
      yield { file, schedule: `@${period}`, username: 'root', command: file };
    }
}
