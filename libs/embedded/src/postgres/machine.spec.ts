import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sharedBinaries } from './binaries.js';
import { lockFolder } from './folder-lock.js';
import { canReach, parsePasswd } from './system-user.js';

const run = promisify(execFile);
const stranger = { name: 'stranger', uid: 54_321, gid: 54_321 };
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rekall-machine-'));
  await chmod(dir, 0o755);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('sharedBinaries', () => {
  it('copies the programs once, for all users, also when several processes start at the same time', async () => {
    const state = join(dir, 'state');
    const copies = await Promise.all([sharedBinaries(state), sharedBinaries(state), sharedBinaries(state)]);
    expect(new Set(copies.map(({ postgres }) => postgres)).size).toBe(1);
    expect(await readdir(state)).toHaveLength(1); // nothing half-made is left
    const { postgres, initdb } = copies[0];
    expect((await stat(postgres)).mode & 0o777).toBe(0o755);
    expect(await canReach(stranger, join(postgres, '..'))).toBe(true);
    expect((await run(initdb, ['--version'])).stdout).toMatch(/^initdb \(PostgreSQL\) 18/);
    const { mtimeMs } = await stat(postgres);
    await sharedBinaries(state);
    expect((await stat(postgres)).mtimeMs).toBe(mtimeMs);
  });

  it('refuses a folder that others may write to', async () => {
    const state = join(dir, 'state');
    await mkdir(state);
    await chmod(state, 0o777);
    await expect(sharedBinaries(state)).rejects.toThrow(`${state} belongs to user`);
  });
});

describe('canReach', () => {
  it('needs the right to enter on every folder of the way', async () => {
    const inner = join(dir, 'home/work');
    await mkdir(inner, { recursive: true });
    await chmod(inner, 0o755);
    await chmod(join(dir, 'home'), 0o711);
    expect(await canReach(stranger, inner)).toBe(true);
    await chmod(join(dir, 'home'), 0o700);
    expect(await canReach(stranger, inner)).toBe(false);
    const { uid, gid } = await stat(inner);
    expect(await canReach({ name: 'owner', uid, gid }, inner)).toBe(true);
    await chmod(join(dir, 'home'), 0o710);
    expect(await canReach({ name: 'of the group', uid: 54_321, gid }, inner)).toBe(true);
  });
});

describe('parsePasswd', () => {
  it('reads accounts and passes over comments and broken lines', () => {
    const users = parsePasswd(
      '# comment\nroot:x:0:0:root:/root:/bin/sh\nbroken:x:\nnobody:*:-2:-2::/:/x\npostgres:x:101:104:,,,:/x:/y\n',
    );
    expect([...users.values()]).toEqual([
      { name: 'root', uid: 0, gid: 0 },
      { name: 'postgres', uid: 101, gid: 104 },
    ]);
  });
});

describe('lockFolder', () => {
  it('is refused while a living process holds it, and free again afterwards', async () => {
    const path = join(dir, 'lock');
    const unlock = await lockFolder(path, dir);
    await expect(lockFolder(path, dir)).rejects.toThrow(`${dir} is in use by process ${process.pid}`);
    await unlock();
    await (
      await lockFolder(path, dir)
    )();
  });

  it('takes over from a process that is gone, also when its pid belongs to another one now', async () => {
    const path = join(dir, 'lock');
    for (const holder of [
      { pid: 4_000_000, identity: 'long ago' },
      { pid: process.pid, identity: 'before the reboot' },
    ]) {
      await writeFile(path, JSON.stringify(holder));
      await (
        await lockFolder(path, dir)
      )();
    }
  });
});
