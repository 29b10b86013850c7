// Tests that compare with programs of the operating system: `npm run test:debian`. Missing Debian packages are installed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { buildIfStale } from './support/build.mjs';
import { becomeNode, helpOrContinue, toolFile } from './support/project.mjs';

/** Program, or file, -> the Debian package that has it. */
const PROGRAMS = {
  sqlite3: 'sqlite3',
  jq: 'jq',
  gunzip: 'gzip',
  curl: 'curl',
  python3: 'python3',
  ps: 'procps',
  ss: 'iproute2',
  ip: 'iproute2',
  lsof: 'lsof',
  who: 'coreutils',
  utmpdump: 'util-linux',
  yara: 'yara',
  findmnt: 'util-linux',
  'dpkg-query': 'dpkg',
  find: 'findutils',
  grep: 'grep',
  sha256sum: 'coreutils',
  chromium: 'chromium',
  strace: 'strace',
  '/usr/bin/aws': 'awscli',
  '/usr/bin/s3cmd': 's3cmd',
  '/usr/bin/rclone': 'rclone',
  '/usr/lib/python3/dist-packages/boto3/__init__.py': 'python3-boto3',
};

helpOrContinue(`
test:debian [VITEST ARGUMENTS]: installs the Debian packages of ${[...new Set(Object.values(PROGRAMS))].join(', ')} where
they are missing (apt-get; as root, or by sudo), then runs test/debian
`);

const has = (program) =>
  program.startsWith('/') ? existsSync(program) : spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const missing = [
  ...new Set(
    Object.entries(PROGRAMS)
      .filter(([program]) => !has(program))
      .map(([, name]) => name),
  ),
];
if (missing.length > 0) {
  const prefix = process.getuid() === 0 ? [] : ['sudo'];
  for (const args of [
    ['apt-get', 'update'],
    ['apt-get', 'install', '-y', '--no-install-recommends', ...missing],
  ]) {
    const [command, ...rest] = [...prefix, ...args];
    const run = spawnSync(command, rest, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (run.status !== 0) {
      console.error(`test:debian: ${args.join(' ')} failed`);
      process.exit(1);
    }
  }
}
const code = await buildIfStale();
if (code !== 0) process.exit(code);
becomeNode([toolFile('vitest'), 'run', '--config', 'vitest.debian.config.mts', ...process.argv.slice(2)]);
