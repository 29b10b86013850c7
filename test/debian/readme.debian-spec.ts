import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleProcess, removeDeployment, startConsole } from '../support/console-process.js';

/*
 * The commands of README.md, run as they are written, but for the folder, the port and the ids that differ each time.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');

/** The shell commands under a heading, a block each. */
const blocksOf = (heading: string): string[] => {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`README.md has no section "${heading}"`);
  return [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = '']) => text);
};

let folder: string;
let dir: string;
let up: ConsoleProcess;
let api: string;

/** Runs shell text in the project's folder as a reader would, with the deployment in the test's folder. */
const shell = async (text: string): Promise<string> => {
  const here = text.replaceAll('./deployment', dir).replaceAll('http://127.0.0.1:8080', api);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here], {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekall-readme-'));
  dir = join(folder, 'deployment');
  const [init = '', start = '', token = ''] = blocksOf('Run it for longer')[0]?.trimEnd().split('\n') ?? [];
  api = 'not yet known';
  expect(await shell(init)).toMatch(/^deployment [0-9a-f]{32} is in /m);
  const words = start.replace(/ +#.*/, '').split(' ');
  expect(words.slice(0, 5)).toEqual(['npm', 'run', '-s', 'rekall', '--']);
  up = startConsole([...words.slice(5).map((word) => word.replace('./deployment', dir)), '--port', '0']);
  [, api = ''] = await up.said(/API +(http:\/\/127\.0\.0\.1:\d+)\/api\/v1/);
  await up.said(/running; Ctrl-C stops it/);
  expect(token).toBe('export REKALL_TOKEN=$(cat ./deployment/token)');
}, 120_000);
afterAll(async () => {
  up.send('SIGTERM');
  expect((await up.ended).code).toBe(0);
  await removeDeployment(dir);
  await rm(folder, { recursive: true, force: true });
}, 60_000);

describe('the commands of the README', () => {
  it('hunt: create, list, read, look at the bucket', async () => {
    const [commands = ''] = blocksOf('Hunt');
    const steps = commands.split('\n');
    const listed = steps.findIndex((line) => line.startsWith('rekall hunt list'));
    const created = await shell(steps.slice(0, listed).join('\n'));
    const [, hunt = ''] = /^hunt +(H_[0-9a-f]{16})$/m.exec(created) ?? [];
    expect(created).toMatch(/^progress +Done 2\/2$/m);

    const rest = [steps[0], ...steps.slice(listed)].join('\n').replaceAll('H_...', hunt);
    const said = await shell(rest);
    expect(said).toMatch(new RegExp(`^${hunt} +Completed +ListProcesses +All`, 'm'));
    expect(said).toMatch(/^CLIENT_ID +NAME +PID +PPID/m);
    expect(said).toMatch(/^Usage: rekall flow launch/m);
    expect(said).toMatch(/folder +tickets\/HuntStatus\/$/m);
  });

  it('the same by REST: once for one key, and its rows', async () => {
    const [, curl = ''] = blocksOf('Hunt');
    const token = `export REKALL_TOKEN=$(cat ${dir}/token)\n`;
    const first = JSON.parse(await shell(token + curl)) as { hunt_id: string; status_url: string };
    const again = JSON.parse(await shell(token + curl)) as { hunt_id: string };
    expect(again.hunt_id).toBe(first.hunt_id);
    expect(first.status_url).toBe(`/api/v1/hunts/${first.hunt_id}`);
    const answer = await shell(`${token}curl -sf ${api}/api/v1/openapi.json`);
    expect(JSON.parse(answer)).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) as unknown });
  });
});
