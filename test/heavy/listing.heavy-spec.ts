import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AgentWorld } from '../support/agent-world.js';
import { say } from '../support/say.js';

const DIRECTORIES = 1600;
const FILES_EACH = 1000;
/** Linux file systems allow 65,000 links to a file. */
const LINKS_OF_ONE = 50_000;
const ROWS = DIRECTORIES * FILES_EACH + DIRECTORIES;
/** Directories, the collection, and it again compressed, on its way and in the store. */
const NEEDS_BYTES = 1.5e9;

let world: AgentWorld;
let tree: string;
beforeAll(async () => {
  world = await AgentWorld.start();
  tree = join(world.deployment.folder, 'tree');
  mkdirSync(tree);
  const disk = statfsSync(tree);
  const free = disk.bavail * disk.bsize;
  if (free < NEEDS_BYTES) throw new Error(`${tree} has ${free} bytes free, this needs ${NEEDS_BYTES}`);
  let source = '';
  for (let d = 0, made = 0; d < DIRECTORIES; d++) {
    const dir = join(tree, `directory-${d}`);
    mkdirSync(dir);
    for (let f = 0; f < FILES_EACH; f++, made++) {
      const path = join(dir, `file-${f}.txt`);
      if (made % LINKS_OF_ONE === 0) writeFileSync((source = path), `content ${made}`);
      else linkSync(source, path);
    }
  }
});
afterAll(async () => {
  await world.stopAgents(false);
  execFileSync('rm', ['-rf', tree]); // in one process of its own: a hundred times faster than name by name
  await world.deployment.close();
  await rm(tree, { recursive: true, force: true });
});

it(`a listing of ${ROWS} entries, to the bucket`, async () => {
  const bucket = world.deployment;
  const hunt = await bucket.hunt({
    actions: [{ __type__: 'ListDirectory', path: tree, depth: 3, one_device: true }],
  });
  await bucket.publishQueue(bucket.allQueue, [hunt]);
  await world.agent(world.newState());
  const ticket = await world.final(hunt.flowId, 280_000);
  expect([ticket.state, ticket.error]).toEqual(['Done', undefined]);
  const [collection] = ticket.collections;
  expect(collection!.rows).toEqual({ entries: ROWS, problems: 0 });
  const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
  say(
    {
      rows: ROWS,
      seconds: Math.round(ticket.resources.wall_seconds),
      'CPU seconds': Math.round(ticket.resources.cpu_seconds),
      MiB: mib(collection!.content_bytes),
      'gzip MiB': mib(collection!.stored_bytes),
      'peak MiB': mib(ticket.resources.memory_bytes),
    },
    { 'the paper: rows': 1_600_000, seconds: 240, MB: 300, 'gzip MB': 46 },
  );
  expect(ticket.resources.memory_bytes).toBeLessThan(300 * 2 ** 20);
});
