import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { collectAction } from '../support/agent-deployment.js';
import { AgentWorld } from '../support/agent-world.js';

const run = promisify(execFile);
const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
const asRoot = (...args: string[]) => {
  const [program = '', ...rest] = [...sudo, ...args];
  return run(program, rest);
};

let world: AgentWorld;
let disk: string;
beforeAll(async () => {
  world = await AgentWorld.start();
  disk = await mkdtemp(join(tmpdir(), 'rekall-disk-'));
  const who = `uid=${String(process.getuid?.() ?? 0)},gid=${String(process.getgid?.() ?? 0)},mode=0700`;
  await asRoot('mount', '-t', 'tmpfs', '-o', `size=4m,${who}`, 'tmpfs', disk);
});
afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
});
afterAll(async () => {
  await world.deployment.close();
  await asRoot('umount', '--lazy', disk); // processes of flows that were killed may still be ending
  await rm(disk, { recursive: true });
});

const PSLIST = collectAction('select pid from pslist()', [{ name: 'pid', type: 'int' }]);

it('a full disk: the flow ends in an Error that says so, the agent goes on, with room again it works', async () => {
  const bucket = world.deployment;
  const filler = join(disk, 'filler');
  await writeFile(filler, Buffer.alloc(1_500_000));
  // More than is left, both as a collection and as files.
  const source = join(bucket.folder, 'large');
  await writeFile(source, randomBytes(3_000_000));
  const files = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths: [source] }] });
  const listing = await bucket.hunt({
    actions: [{ __type__: 'ListDirectory', path: '/usr', depth: 20, one_device: true }],
  });
  const small = await bucket.hunt({ actions: [PSLIST] });
  await bucket.publishQueue(bucket.allQueue, [files, listing, small]);
  await world.agent(join(disk, 'state'));
  for (const hunt of [files, listing]) {
    const ticket = await world.final(hunt.flowId);
    expect([ticket.state, ticket.collections, ticket.files]).toEqual(['Error', [], []]);
    expect(ticket.error).toMatch(/no space left on device|ENOSPC|disk is full|less than a tenth of the disk is free/i);
  }
  expect((await world.final(small.flowId)).state).toBe('Done');
  expect(await readdir(join(disk, 'state/work'))).toEqual([]);
  await rm(filler);
  const again = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths: ['/etc/passwd'] }] });
  await bucket.publishQueue(bucket.allQueue, [files, listing, small, again]);
  expect((await world.final(again.flowId)).state).toBe('Done');
});
