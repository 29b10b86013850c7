import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runOtherProcess, sourceUrl, until } from '../../../test/support/other-process.js';
import { startProcess, type StartProcessOptions } from './child.js';
import { EmbeddedError } from './errors.js';
import { isAlive } from './postgres/process-identity.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rekall-child-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A Node program given as text; it is ready with the first line on stdout. */
function program(code: string, more: Partial<StartProcessOptions<string>> = {}): StartProcessOptions<string> {
  return {
    name: 'probe',
    command: process.execPath,
    args: ['--input-type=module', '--eval', code],
    ready: (line, stream) => (stream === 'stdout' ? line : undefined),
    ...more,
  };
}

/** A program that is not ours; it is ready with the first line on stdout. */
function shell(script: string, more: Partial<StartProcessOptions<string>> = {}): StartProcessOptions<string> {
  return { ...program(''), command: '/bin/sh', args: ['-c', script], ...more };
}

const STAYS = 'setInterval(() => {}, 1000);';

describe('startProcess', () => {
  it('waits for the line that says ready, passes over others, and stops the program', async () => {
    const child = await startProcess(
      program(`console.log('hello'); console.log(JSON.stringify({ port: 7 })); ${STAYS}`, {
        ready: (line) => (line.startsWith('{') ? line : undefined),
      }),
    );
    expect(child.ready).toBe('{"port":7}');
    expect(isAlive(child.pid)).toBe(true);
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(isAlive(child.pid)).toBe(false);
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGTERM' }); // a second time is no error
    expect(child.output()).toContain('hello');
  });

  it('lets a program end by itself and answers its exit code', async () => {
    const child = await startProcess(
      program(`process.on('SIGTERM', () => process.exit(3)); console.log('x'); ${STAYS}`),
    );
    expect(await child.stop()).toEqual({ code: 3, signal: null });
  });

  it('kills a program that does not stop in time', async () => {
    const child = await startProcess(program(`process.on('SIGTERM', () => {}); console.log('x'); ${STAYS}`));
    expect(await child.stop('SIGTERM', 50)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('fails with the last lines of a program that ends before it is ready', async () => {
    const started = startProcess(program(`console.error('no such key: abc'); process.exit(4);`));
    await expect(started).rejects.toThrow(
      /probe exited with code 4 before it was ready; its last lines:\nno such key: abc/,
    );
    await expect(started).rejects.toBeInstanceOf(EmbeddedError);
  });

  it.each([
    ['one of ours', program(`console.error(process.pid); ${STAYS}`)],
    ['another', shell('echo $$ >&2; exec sleep 600')],
  ])('kills a program that is never ready (%s)', async (_case, options) => {
    const pids: number[] = [];
    const started = startProcess({
      ...options,
      readyWithinMs: 1_000,
      ready: (line) => {
        pids.push(Number(line));
        return undefined;
      },
    });
    await expect(started).rejects.toThrow('probe was not ready within 1000 ms');
    expect(pids).toHaveLength(1);
    expect(isAlive(pids[0]!)).toBe(false);
  });

  it('says that a program cannot be run', async () => {
    const started = startProcess(shell('', { command: '/no/such/program' }));
    await expect(started).rejects.toThrow(/cannot start \/no\/such\/program: .*ENOENT/);
  });

  it('hands over the given environment and nothing secret of its own', async () => {
    process.env['REKALL_TEST_SECRET'] = 'mine';
    try {
      const child = await startProcess(
        program(`console.log(JSON.stringify(process.env)); ${STAYS}`, { env: { GIVEN: 'yes' } }),
      );
      const environment = JSON.parse(child.ready) as Record<string, string>;
      expect(environment).toMatchObject({ GIVEN: 'yes', PATH: process.env['PATH'] });
      expect(Object.keys(environment).filter((name) => name.startsWith('REKALL'))).toEqual([]);
      await child.stop();
    } finally {
      delete process.env['REKALL_TEST_SECRET'];
    }
  });

  it('appends what it writes to a log file that only we can read', async () => {
    const logFile = join(dir, 'probe.log');
    for (const word of ['first', 'second']) {
      const child = await startProcess(program(`console.error('${word}'); console.log('up'); ${STAYS}`, { logFile }));
      await child.stop();
    }
    await until('the log is complete', async () => (await readFile(logFile, 'utf8')).split('\n').length === 5);
    const lines = (await readFile(logFile, 'utf8')).trim().split('\n').sort();
    expect(lines).toEqual(['first', 'second', 'up', 'up']);
    expect((await stat(logFile)).mode & 0o777).toBe(0o600);
  });

  it('runs another program under the supervisor and answers the pid of the program itself', async () => {
    const child = await startProcess(shell('echo $$; exec sleep 600'));
    expect(child.pid).toBe(Number(child.ready));
    expect(await child.kill9()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(isAlive(child.pid)).toBe(false);
  });

  it('ends its children when it is killed itself, ours and others, also one that ignores the signal', async () => {
    const other = runOtherProcess(`
      import { startProcess } from '${sourceUrl('libs/embedded/src/child.ts')}';
      const ready = (line) => line;
      const node = await startProcess({ name: 'a', command: process.execPath, ready,
        args: ['--eval', 'console.log(1); setInterval(() => {}, 1000)'] });
      const sleep = await startProcess({ name: 'b', command: '/bin/sh', args: ['-c', 'echo 1; exec sleep 600'], ready });
      const deaf = await startProcess({ name: 'c', command: '/bin/sh', ready, stopWithinMs: 200,
        args: ['-c', 'trap "" TERM; echo 1; while :; do sleep 1; done'] });
      console.log(JSON.stringify([node.pid, sleep.pid, deaf.pid]));`);
    const pids = JSON.parse(await other.line()) as number[];
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    await other.kill9();
    await until('all children are gone', () => !pids.some(isAlive));
  });
});
