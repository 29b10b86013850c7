import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { sha256Hex } from '#wire';
import type { AgentDeployment } from '../support/agent-deployment.js';
import { AgentWorld } from '../support/agent-world.js';

/** Bits per second: 500 kB/s. */
const RATE = 4_000_000;
const FILE_BYTES = 1_000_000;

let world: AgentWorld;
let bucket: AgentDeployment;

beforeAll(async () => {
  world = await AgentWorld.start();
  bucket = world.deployment;
});

afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
});

afterAll(async () => {
  await bucket.close();
});

it("two files at a time share the Manifest's upload rate, and come whole", async () => {
  await bucket.publishManifest({ limits: { upload_rate: RATE } });
  const paths = ['one', 'two'].map((name) => join(bucket.folder, name));
  const contents = paths.map(() => randomBytes(FILE_BYTES)); // gzip makes nothing of it
  await Promise.all(paths.map((path, i) => writeFile(path, contents[i]!)));
  const agent = await world.agent(world.newState());
  await agent.ready;
  const hunt = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths }] });
  await bucket.publishQueue(bucket.allQueue, [hunt]);
  const startedAt = performance.now();
  const ticket = await world.final(hunt.flowId);
  const seconds = (performance.now() - startedAt) / 1000;

  expect([ticket.state, ticket.error, ticket.files.length]).toEqual(['Done', undefined, 2]);
  for (const [i, file] of ticket.files.entries()) {
    const stored = await bucket.bytesOf(file.key);
    expect([stored.length, sha256Hex(stored)]).toEqual([file.stored_bytes, file.stored_sha256]);
    expect(gunzipSync(stored).equals(contents[i]!)).toBe(true);
  }
  const bits = ticket.files.reduce((sum, file) => sum + file.stored_bytes * 8, 0);
  expect(bits).toBeGreaterThan(2 * FILE_BYTES * 8);
  expect(seconds).toBeGreaterThanOrEqual(bits / RATE);
});
