import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clientIdOf, DEFAULT_QUOTA, identityOf, keys, LargeFileIndex, parseSignedFile, randomHex32 } from '#wire';
import { AgentClock } from '../../apps/agent/src/clock.js';
import { createLogger } from '../../apps/agent/src/logger.js';
import { Attempt } from '../../apps/agent/src/runner/attempt.js';
import type { Runner } from '../../apps/agent/src/runner/runner.js';
import { Spool } from '../../apps/agent/src/spool/spool.js';
import { StateStore } from '../../apps/agent/src/state/state-store.js';
import { Tickets } from '../../apps/agent/src/tickets.js';
import { AGENT_MAIN } from '../support/agent-process.js';

const MIB = 1024 * 1024;
/** What wire.md says of one part. */
const PART = 64 * MIB;
const SIZE = 2 * PART + MIB;

const FLOW = 'H_00000000000000f1';
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const expires_at = new Date(Date.now() + 3_600_000).toISOString();

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rekall-part-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Runs flows in processes of the built agent. */
const builtRunner = async (): Promise<Runner> => {
  const url = new URL('runner/process-runner.js', pathToFileURL(AGENT_MAIN));
  return ((await import(url.href)) as { processRunner: Runner }).processRunner;
};

/**
 * What an agent finds that was killed after a part was uploaded and before that was written down: a file of three
 * parts, the first of which still lies in the spool.
 */
const killedAfterPart = async () => {
  const path = join(dir, 'memory.img');
  const handle = await open(path, 'w');
  await handle.truncate(SIZE);
  await handle.close();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const clientId = clientIdOf(identityOf(publicKey.export({ type: 'spki', format: 'der' })));
  const clock = new AgentClock();
  const logger = createLogger({ level: 'silent' });
  const now = (): Date => clock.now();
  await mkdir(join(dir, 'spool'));
  await mkdir(join(dir, 'work'));
  const spool = await Spool.open(join(dir, 'spool'), { durable: true, now, logger });
  const state = await StateStore.create(join(dir, 'state.json'), clientId, true);
  const raw = Buffer.alloc(PART);
  const stored = gzipSync(raw, { level: 1 });
  const nonce = randomHex32();
  const part = {
    raw_bytes: PART,
    raw_sha256: sha256(raw),
    stored_bytes: stored.length,
    stored_sha256: sha256(stored),
  };
  await writeFile(join(dir, 'first.part'), stored);
  const item = await spool.addFile(
    {
      kind: 'result',
      key: keys.file(FLOW, clientId, Buffer.from(path), nonce, { part: 0 }),
      content_type: 'application/gzip',
      flow: { flow_id: FLOW, attempt: 1 },
      part: { nonce, number: 0 },
    },
    join(dir, 'first.part'),
  );
  const files = [{ path_base64: Buffer.from(path).toString('base64'), nonce, parts: [part] }];
  await state.accept({ flow_id: FLOW, attempt: 1, digest: 'd'.repeat(64), accepted_at: expires_at, expires_at });
  const tickets = new Tickets({ identity: { clientId, privateKey, queue: randomHex32() }, state, clock, spool });
  const attempt = new Attempt(
    {
      flowId: FLOW,
      attempt: 1,
      digest: 'd'.repeat(64),
      spec: {
        actions: [{ __type__: 'GetFiles', paths: [path] }],
        quota: DEFAULT_QUOTA,
        spread_seconds: 0,
        report_skips: false,
        expires_at,
      },
      transfers: files,
    },
    {
      clientId,
      state,
      spool,
      tickets,
      runner: await builtRunner(),
      clock,
      fault: () => undefined,
      logger,
      workDir: join(dir, 'work'),
      jobFacts: () => ({ agent: { client_id: clientId, agent_version: '1', labels: [], started_at: '' }, sources: [] }),
      spooled: () => undefined,
    },
  );
  return { attempt, spool, state, item };
};

it('a part that leaves while the process is being made is not taken for its job, and makes room for the next', async () => {
  const { attempt, spool, state, item } = await killedAfterPart();
  // Its process is there and is written down, its job was not told yet: now the store has the part.
  const setChild = state.setChild.bind(state);
  state.setChild = async (...args) => {
    await setChild(...args);
    await spool.remove(item);
  };
  await attempt.run();
  const items = spool.itemsOf(FLOW, 1);
  const told = items.find((i) => i.final !== undefined)!;
  const { payload } = parseSignedFile(await readFile(spool.dataPath(told), 'utf8'), 'the ticket', MIB);
  const ticket = JSON.parse(payload) as { error?: string; state: string };
  expect([ticket.state, ticket.error]).toEqual(['Done', undefined]);
  const index = items.find((i) => i.key.endsWith('/index.json'))!;
  const { size, parts } = LargeFileIndex.parse(JSON.parse(await readFile(spool.dataPath(index), 'utf8')));
  expect([size, parts.map((p) => p.raw_bytes)]).toEqual([SIZE, [PART, PART, MIB]]);
  expect(parts[0]!.key).toBe(item.key);
});
