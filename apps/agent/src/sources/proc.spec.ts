import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/other-process.js';
import { processes, processUsage, type ProcessRow } from './proc.js';

describe.runIf(process.platform === 'linux')('pslist', () => {
  let child: ChildProcess;
  let row: ProcessRow;
  const startedAt = Date.now() / 1000;

  beforeAll(async () => {
    child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 1e9)', '--', 'a b'], { cwd: '/tmp', stdio: 'ignore' });
    await once(child, 'spawn');
    await until('it sleeps', () => {
      row = [...processes([child.pid!])][0]!;
      return row.state === 'S';
    });
  });
  afterAll(() => child.kill('SIGKILL'));

  it('names, parents, owners and command lines', () => {
    expect(row).toMatchObject({
      pid: child.pid,
      ppid: process.pid,
      cmdline: `${process.execPath} -e setTimeout(() => {}, 1e9) -- a b`,
      uid: process.getuid!(),
      username: os.userInfo().username,
      cwd: '/tmp',
    });
    expect(row.Name).toBe(readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim());
    expect(row.threads).toBeGreaterThan(1);
  });

  it('memory in bytes, CPU and start in seconds', () => {
    expect(row.rss).toBeGreaterThan(10_000_000);
    expect(row.rss).toBeLessThan(1_000_000_000);
    expect(row.cpu_user + row.cpu_system).toBeLessThan(20);
    expect(row.start_time).toBeGreaterThan(startedAt - 3);
    expect(row.start_time).toBeLessThan(Date.now() / 1000 + 3);
  });

  it('sees processes that live through it', () => {
    const seen = new Set([...processes()].map((p) => p.pid));
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
