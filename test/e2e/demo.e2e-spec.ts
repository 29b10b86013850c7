import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConsoleProcess, dataFolderOf, descendants, isRunning, startConsole } from '../support/console-process.js';
import { until } from '../support/other-process.js';

/** `rekall demo` as its users see it: real processes, its output, its exit code, and what it leaves behind. */
let folder: string;
let demo: ConsoleProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekall-demo-test-'));
});
afterEach(async () => {
  demo?.send('SIGKILL');
  await demo?.ended;
  await rm(folder, { recursive: true, force: true });
});

const start = (...args: string[]): ConsoleProcess =>
  (demo = startConsole(['demo', ...args], { env: { TMPDIR: folder } }));

/** Where the demo's database lies, and all of its processes; known once its agents run. */
const parts = async (running: ConsoleProcess): Promise<{ data: string; pids: number[] }> => {
  await running.said(/agent 5: process/);
  const [name] = await readdir(folder);
  if (name === undefined) throw new Error('the demo has no folder');
  const dir = join(folder, name);
  return { data: (await dataFolderOf(dir)) ?? join(dir, 'postgres', 'data'), pids: await descendants(running.pid) };
};

const expectNothingLeft = async ({ data, pids }: { data: string; pids: number[] }): Promise<void> => {
  expect(pids.length).toBeGreaterThanOrEqual(9); // Postgres, store, API, worker, five agents
  await until('every process is gone', async () => !(await Promise.all(pids.map(isRunning))).includes(true));
  expect(await readdir(folder)).toEqual([]);
  expect(existsSync(data)).toBe(false);
};

describe('rekall demo', () => {
  it('--exit: hunts over five agents, shows what came of it, and leaves nothing', { timeout: 180_000 }, async () => {
    const running = start('--exit');
    const left = await parts(running);
    const { code, stdout, stderr } = await running.ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('Done 5/5')]);

    const agents = [...stderr.matchAll(/^agent (\d): process (\d+), client (C\.[0-9a-f]{16})$/gm)];
    expect(agents.map(([, number]) => number)).toEqual(['1', '2', '3', '4', '5']);
    expect(new Set(agents.map(([, , , client]) => client)).size).toBe(5);
    const lines = stdout.split('\n');
    for (const [, number = '', pid = '', client = ''] of agents) {
      const own = lines.filter((line) => new RegExp(`^${client} +${pid} `).test(line));
      expect(own).toHaveLength(1);
      expect(own[0]).toMatch(
        new RegExp(`apps/agent/src/main\\.js --config \\S+agent\\.json --state \\S+/agents/${number}$`),
      );
    }
    expect(stdout).toMatch(/^Done 5\/5, \d+ rows$/m);
    expect(stdout).toMatch(/^recruitment: [^]*^ +[\d.]+ s +#+ +5$/m);
    expect(stdout).toMatch(/^\d+ of \d+ rows of 5 clients$/m);
    expect(stdout).toMatch(/^API +http:\/\/127\.0\.0\.1:\d+\/api\/v1/m);
    expect(stdout).toMatch(/^token +T_[0-9a-f]{16}\.\S+ /m);
    await expectNothingLeft(left);
  });

  it('serves until Ctrl-C, also when npm passes that on as well', { timeout: 180_000 }, async () => {
    const running = start();
    const left = await parts(running);
    await running.said(/still serving; Ctrl-C ends it/);
    const [, api = ''] = await running.said(/^API +(\S+)/m);
    const [, token = ''] = await running.said(/^token +(\S+)/m);
    const answer = await fetch(`${api}/hunts`, { headers: { authorization: `Bearer ${token}` } });
    expect(await answer.json()).toMatchObject({ items: [{ type: 'ListProcesses', state: 'Completed' }] });
    expect((await fetch(`${api}/hunts`)).status).toBe(401);
    const [, playground = ''] = await running.said(/^GraphQL +(\S+)/m);
    const page = await fetch(playground, { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<title>Rekall Agent: GraphQL')]);
    running.send('SIGINT');
    running.send('SIGINT');
    expect((await running.ended).code).toBe(0);
    await expectNothingLeft(left);
  });

  it('fails and names the agent that was killed before it delivered', { timeout: 180_000 }, async () => {
    const running = start('--exit');
    const left = await parts(running);
    const [, pid = ''] = await running.said(/agent 3: process (\d+)/);
    process.kill(Number(pid), 'SIGKILL');
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`rekall: agent 3 (process ${pid}) was ended by SIGKILL`);
    await expectNothingLeft(left);
  });
});
