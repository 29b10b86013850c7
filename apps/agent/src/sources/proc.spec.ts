import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/other-process.js';
import { processes, processUsage, type ProcessRow } from './proc.js';

/** What `ps` says of one process, field by field. */
const ps = (pid: number, field: string): string =>
  execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();

describe.runIf(process.platform === 'linux')('pslist, compared with ps', () => {
  let child: ChildProcess;
  let row: ProcessRow;

  beforeAll(async () => {
    child = spawn('sleep', ['54321', '--'], { cwd: '/tmp', stdio: 'ignore' });
    await once(child, 'spawn');
    await until('it sleeps', () => {
      row = [...processes([child.pid!])][0]!;
      return row.Name === 'sleep' && row.state === 'S';
    });
  });
  afterAll(() => child.kill('SIGKILL'));

  it('names, parents, owners and command lines', () => {
    const { pid } = row;
    expect(pid).toBe(child.pid);
    expect(row.Name).toBe(ps(pid, 'comm'));
    expect(row.ppid).toBe(Number(ps(pid, 'ppid')));
    expect(row.cmdline).toBe(ps(pid, 'args'));
    expect(row.uid).toBe(Number(ps(pid, 'uid')));
    expect(row.username).toBe(ps(pid, 'user:64'));
    expect(row.threads).toBe(Number(ps(pid, 'nlwp')));
    expect(row.state).toBe(ps(pid, 'state'));
    expect([row.exe?.endsWith('/sleep'), row.cwd]).toEqual([true, '/tmp']);
  });

  it('memory in bytes, CPU and start in seconds', () => {
    expect(row.rss).toBe(Number(ps(row.pid, 'rss')) * 1024);
    expect(row.cpu_user + row.cpu_system).toBeLessThan(1);
    const started = Date.parse(ps(row.pid, 'lstart')) / 1000;
    expect(Math.abs(row.start_time - started)).toBeLessThanOrEqual(1);
  });

  it('sees every process that ps sees', () => {
    const seen = new Set([...processes()].map((p) => p.pid));
    // Those that live through both: kernel and system processes, this one and its child.
    expect([1, process.pid, process.ppid, child.pid!].filter((pid) => !seen.has(pid))).toEqual([]);
  });

  it('a process that has ended is left out', () => {
    expect([...processes([4_194_305])]).toEqual([]); // above the kernel's highest pid
    expect(processUsage(4_194_305)).toBeUndefined();
  });

  it('measures what a process uses', () => {
    const before = process.cpuUsage();
    const usage = processUsage(process.pid)!;
    expect(Math.abs(usage.cpuSeconds - (before.user + before.system) / 1e6)).toBeLessThan(0.5);
    expect(usage.memoryBytes).toBeGreaterThan(20_000_000);
  });
});
