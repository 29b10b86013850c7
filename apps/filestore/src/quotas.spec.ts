import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBytes } from './bytes.js';
import { DiskStore } from './disk/store.js';
import { Quotas } from './quotas.js';

const RULES = [
  { pattern: 'tickets/', byClient: true, bytes: 100, objects: 2 },
  { pattern: 'C.*/vfs/', byClient: false, bytes: 100, objects: 3 },
];
const A = 'C.00000000000000aa';
const B = 'C.00000000000000bb';

describe('Quotas', () => {
  let root: string;
  let store: DiskStore;
  let quotas: Quotas;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'filestore-'));
    store = DiskStore.open(root, 'bucket', () => 0);
    quotas = new Quotas(RULES, store);
  });
  afterEach(() => {
    store.close();
    rmSync(root, { recursive: true });
  });

  async function lay(key: string, size: number): Promise<void> {
    const incoming = store.incoming();
    await incoming.write(Buffer.alloc(size));
    const etag = (await incoming.digest()).toString('hex');
    await store.put(
      toBytes(key),
      incoming,
      { etag, headers: {}, user: {} },
      { onlyNew: false, before: () => () => undefined },
    );
    await incoming.discard();
  }
  const admit = (key: string, size: number): Promise<void> => quotas.admit(toBytes(key), size);
  const charge = (key: string, before: number | undefined, after: number | undefined, enforce = true): (() => void) =>
    quotas.charge(toBytes(key), before, after, enforce);

  it('counts what lies there already, each prefix on its own', async () => {
    await lay(`${A}/vfs/1`, 60);
    await lay(`${B}/vfs/1`, 10);
    await expect(admit(`${A}/vfs/2`, 41)).rejects.toThrow(`The quota of ${A}/vfs/ is used up: at most 100 bytes.`);
    await expect(admit(`${A}/vfs/2`, 40)).resolves.toBeUndefined();
    await expect(admit(`${B}/vfs/2`, 41)).resolves.toBeUndefined();
  });

  it('counts tickets by the client in the key, over all kinds', async () => {
    await lay(`tickets/Startup/${A}/1.json`, 10);
    await lay(`tickets/FlowStatus/F_0000000000000001/${A}/1.json`, 10);
    await admit(`tickets/Startup/${A}/2.json`, 1);
    expect(() => charge(`tickets/Startup/${A}/2.json`, undefined, 1)).toThrow(
      `tickets/ of ${A} is used up: at most 2 objects`,
    );
    expect(() => charge(`tickets/Startup/${B}/2.json`, undefined, 1)).not.toThrow();
  });

  it('bounds the tickets of all clients together, so that invented ids gain nothing', async () => {
    const total = { bytes: 250, objects: 4 };
    quotas = new Quotas([{ pattern: 'tickets/', byClient: true, bytes: 100, objects: 2, total }], store);
    const ticket = (id: number): string => `tickets/Startup/C.${id.toString(16).padStart(16, '0')}/1.json`;
    await lay(ticket(1), 90);
    await admit(ticket(2), 90);
    charge(ticket(2), undefined, 90);
    await expect(admit(ticket(3), 71)).rejects.toThrow(
      'The quota of tickets/ over all clients is used up: at most 250 bytes.',
    );
    const undo = charge(ticket(3), undefined, 70);
    expect(() => charge(ticket(4), undefined, 1)).toThrow('over all clients is used up: at most 250 bytes');
    undo();
    for (const id of [3, 4]) charge(ticket(id), undefined, 1);
    expect(() => charge(ticket(5), undefined, 1)).toThrow('over all clients is used up: at most 4 objects');
    charge(ticket(1), 90, undefined); // the worker took it in
    expect(() => charge(ticket(5), undefined, 1)).not.toThrow();
  });

  it('follows changes: new, larger, removed, taken back', async () => {
    await admit(`${A}/vfs/1`, 0);
    charge(`${A}/vfs/1`, undefined, 90);
    expect(() => charge(`${A}/vfs/2`, undefined, 11)).toThrow('100 bytes');
    charge(`${A}/vfs/1`, 90, 50);
    const undo = charge(`${A}/vfs/2`, undefined, 50);
    expect(() => charge(`${A}/vfs/3`, undefined, 1)).toThrow('100 bytes');
    undo();
    charge(`${A}/vfs/3`, undefined, 50);
    charge(`${A}/vfs/1`, 50, undefined);
    expect(() => charge(`${A}/vfs/4`, undefined, 50)).not.toThrow();
  });

  it('binds the upload-only key; the service is counted and not refused', async () => {
    await admit(`${A}/vfs/1`, 0);
    expect(() => charge(`${A}/vfs/1`, undefined, 1_000, false)).not.toThrow();
    await expect(admit(`${A}/vfs/2`, 0)).rejects.toThrow('100 bytes');
  });

  it('leaves other keys alone', async () => {
    await expect(admit('flows/F_1/1.json', 1_000_000)).resolves.toBeUndefined();
    expect(() => charge('flows/F_1/1.json', undefined, 1_000_000)).not.toThrow();
  });
});
