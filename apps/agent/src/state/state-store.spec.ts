import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateStore } from './state-store.js';

const CLIENT = 'C.0123456789abcdef';
const NOW = new Date('2026-03-01T12:00:00.000Z');
const attempt = (n: number) => ({
  flow_id: 'H_00000000000000aa',
  attempt: n,
  digest: 'd'.repeat(64),
  accepted_at: NOW.toISOString(),
  expires_at: '2026-03-02T12:00:00.000Z',
});

let dir: string;
let path: string;
const open = () => StateStore.open(path, CLIENT, { now: NOW, durable: true });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rekall-state-'));
  path = join(dir, 'state.json');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('what an agent remembers', () => {
  it('is on disk when a change resolves, readable by nobody else', async () => {
    const store = await StateStore.create(path, CLIENT, true);
    await store.accept(attempt(1));
    await store.setChild('H_00000000000000aa', 1, { pid: 77, start_ticks: 5 });
    const { store: again, finding } = await open();
    expect(finding).toEqual({ kind: 'kept' });
    expect(again.unfinished()).toEqual([{ ...attempt(1), child: { pid: 77, start_ticks: 5 } }]);
    await again.finish('H_00000000000000aa', 1, 'Done');
    expect((await open()).store.attempt('H_00000000000000aa', 1)).toEqual({ ...attempt(1), outcome: 'Done' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('an attempt is taken up once', async () => {
    const store = await StateStore.create(path, CLIENT, true);
    await store.accept(attempt(1));
    await expect(store.accept(attempt(1))).rejects.toThrow('taken up before');
  });

  it('an attempt that could not be written down was not taken up', async () => {
    const store = await StateStore.create(path, CLIENT, true);
    await rm(dir, { recursive: true });
    await expect(store.accept(attempt(1))).rejects.toThrow('ENOENT');
    expect(store.attemptsOf('H_00000000000000aa')).toEqual([]);
  });

  it('no sequence number is used twice, also after a kill at any moment', async () => {
    const used: number[] = [];
    let store = await StateStore.create(path, CLIENT, true);
    for (let life = 0; life < 3; life++) {
      for (let i = 0; i < 70; i++) {
        const seq = await store.nextSeq();
        const onDisk = JSON.parse(await readFile(path, 'utf8')) as { seq_reserved: number };
        expect(onDisk.seq_reserved).toBeGreaterThan(seq);
        used.push(seq);
      }
      ({ store } = await open());
    }
    expect(new Set(used).size).toBe(210);
    expect(used).toEqual(used.toSorted((a, b) => a - b));
  });

  it('forgets attempts only long after they expired', async () => {
    const store = await StateStore.create(path, CLIENT, true);
    await store.accept(attempt(1));
    await store.prune(new Date('2026-03-30T00:00:00.000Z'));
    expect(store.attemptsOf('H_00000000000000aa')).toHaveLength(1);
    await store.prune(new Date('2026-04-02T00:00:00.000Z'));
    expect(store.attemptsOf('H_00000000000000aa')).toEqual([]);
  });
});

describe('a state that is lost', () => {
  it.each([
    ['cut short', '{"__type__":"AgentState","ver'],
    ['of another shape', '{"__type__":"AgentState","version":1}'],
    ['empty', ''],
  ])('%s: moved aside, nothing issued until now will run, numbers go on above all before', async (_what, text) => {
    await writeFile(path, text);
    const { store, finding } = await open();
    expect(finding.kind).toBe('lost');
    expect(store.lostAt).toBe(NOW.toISOString());
    expect(await store.nextSeq()).toBeGreaterThanOrEqual(NOW.getTime());
    expect(await readdir(dir)).toContain(`state.json.damaged-${NOW.getTime()}`);
    expect((await open()).finding).toEqual({ kind: 'kept' });
  });

  it("missing although there is a key, or another client's: lost as well", async () => {
    expect((await open()).finding).toEqual({ kind: 'lost', reason: 'the state file is missing' });
    await StateStore.create(path, 'C.ffffffffffffffff', true);
    expect((await open()).finding.kind).toBe('lost');
  });

  it('is not dated before what the server signed', async () => {
    const { store } = await open();
    await store.raiseLostAt('2026-03-01T10:00:00.000Z');
    expect(store.lostAt).toBe(NOW.toISOString());
    await store.raiseLostAt('2026-03-01T13:00:00.000Z');
    expect((await open()).store.lostAt).toBe('2026-03-01T13:00:00.000Z');
  });
});
