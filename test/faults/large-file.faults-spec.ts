import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isResultKey, sha256Hex, type StatusTicket } from '#wire';
import type { AgentDeployment } from '../support/agent-deployment.js';
import { AgentWorld } from '../support/agent-world.js';

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

describe('a large file, killed in between', () => {
  const PART = 64 * 1024 * 1024;
  let large: string;
  let sha: string;

  /** 150 MiB, mostly holes, with something to tell in each part. */
  const writeLarge = async (mark: string): Promise<void> => {
    const handle = await open(large, 'w');
    await handle.truncate(150 * 1024 * 1024);
    for (const at of [0, PART - 2, PART + 1000, 2 * PART - 1, 150 * 1024 * 1024 - 10]) await handle.write(mark, at);
    await handle.close();
    const hash = createHash('sha256');
    for await (const piece of (await open(large)).createReadStream()) hash.update(piece as Buffer);
    sha = hash.digest('hex');
  };

  interface Index {
    size: number;
    sha256: string;
    path: string;
    changed_while_reading: boolean;
    parts: { key: string; raw_bytes: number; raw_sha256: string; stored_bytes: number; stored_sha256: string }[];
  }

  const checkStored = async (ticket: StatusTicket): Promise<Index> => {
    const [file] = ticket.files;
    expect(file).toMatchObject({ path: large, parts: 3, content_bytes: 150 * 1024 * 1024, content_sha256: sha });
    expect(file!.key.endsWith('/index.json')).toBe(true);
    const text = await bucket.bytesOf(file!.key);
    expect([text.length, sha256Hex(text)]).toEqual([file!.stored_bytes, file!.stored_sha256]);
    const index = JSON.parse(text.toString()) as Index;
    expect(index).toMatchObject({ size: file!.content_bytes, sha256: sha, path: large, changed_while_reading: false });
    expect(index.parts.map((p) => p.raw_bytes)).toEqual([PART, PART, 150 * 1024 * 1024 - 2 * PART]);
    const whole = createHash('sha256');
    for (const part of index.parts) {
      expect(isResultKey(part.key, ticket.flow_id, ticket.client_id)).toBe(true);
      const stored = await bucket.bytesOf(part.key);
      expect([stored.length, sha256Hex(stored)]).toEqual([part.stored_bytes, part.stored_sha256]);
      const raw = gunzipSync(stored);
      expect([raw.length, sha256Hex(raw)]).toEqual([part.raw_bytes, part.raw_sha256]);
      whole.update(raw);
    }
    expect(whole.digest('hex')).toBe(sha);
    return index;
  };

  beforeAll(async () => {
    large = join(bucket.folder, 'memory.img');
    await writeLarge('rekall');
  });

  it('goes on after a kill: no part again, one final ticket', async () => {
    const hunt = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths: [large] }] });
    await bucket.publishQueue(bucket.allQueue, [hunt]);
    const state = world.newState();
    const first = await world.agent(state, { REKALL_AGENT_FAULT: 'part-uploaded' });
    expect((await first.exited).signal).toBe('SIGKILL');
    expect(await bucket.finals(hunt.flowId)).toEqual([]);
    const before = (await bucket.keysUnder(`hunts/${hunt.flowId}/vfs/files/`)).filter((k) => k.includes('/part-'));
    expect(before).toHaveLength(1);
    const second = await world.agent(state);
    const ticket = await world.final(hunt.flowId);
    expect(ticket.state).toBe('Done');
    expect(second.log.some((l) => l.message === 'goes on sending large files')).toBe(true);
    const index = await checkStored(ticket);
    expect(index.parts[0]!.key).toBe(before[0]);
    expect(ticket.collections).toHaveLength(1);
  });

  it('that changed between a kill and the next start begins again under a new name', async () => {
    const hunt = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths: [large] }] });
    await bucket.publishQueue(bucket.allQueue, [hunt]);
    const state = world.newState();
    const first = await world.agent(state, { REKALL_AGENT_FAULT: 'part-uploaded' });
    await first.exited;
    const before = await bucket.keysUnder(`hunts/${hunt.flowId}/vfs/files/`);
    await writeLarge('changed');
    await world.agent(state);
    const ticket = await world.final(hunt.flowId);
    const index = await checkStored(ticket);
    expect(before).not.toContain(index.parts[0]!.key);
    expect(ticket.logs.map((l) => l.message)).toContain('a file changed after parts of it were sent: begun again');
  });
});
