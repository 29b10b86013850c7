import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Spool } from './spool.js';
import type { NewItem } from './spool-item.js';

const logger = pino({ level: 'silent' });
const ticket = (key: string): NewItem => ({ kind: 'ticket', key, content_type: 'application/json' });
const result = (key: string, attempt = 1): NewItem => ({
  kind: 'result',
  key,
  content_type: 'application/gzip',
  flow: { flow_id: 'H_00000000000000aa', attempt },
});

let folder: string;
let dir: string;
let now: Date;
const open = () => Spool.open(dir, { durable: true, now: () => now, logger });
const aFile = async (text: string): Promise<string> => {
  const path = join(folder, `f${(await readdir(folder)).length}`);
  await writeFile(path, text);
  return path;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekall-spool-'));
  dir = join(folder, 'spool');
  await mkdir(dir);
  now = new Date('2026-03-01T12:00:00.000Z');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('keeps its order and its bytes over a restart, and numbers go on', async () => {
  const spool = await open();
  await spool.addText(ticket('tickets/a'), 'one', false);
  await spool.addFile(result('hunts/b'), await aFile('two'));
  const again = await open();
  await again.addText(ticket('tickets/c'), 'three', false);
  const items = again.items();
  expect(items.map((i) => [i.key, i.bytes])).toEqual([
    ['tickets/a', 3],
    ['hunts/b', 3],
    ['tickets/c', 5],
  ]);
  expect(await Promise.all(items.map((i) => readFile(again.dataPath(i), 'utf8')))).toEqual(['one', 'two', 'three']);
});

it('what is delivered leaves nothing behind', async () => {
  const spool = await open();
  await spool.remove(await spool.addText(ticket('tickets/a'), 'one', false));
  expect(await readdir(dir)).toEqual([]);
  expect((await open()).items()).toEqual([]);
});

it('bytes without a descriptor were never complete; a damaged descriptor is moved aside', async () => {
  await writeFile(join(dir, '000000000001.data'), 'x');
  await writeFile(join(dir, '000000000002.json'), '{"__type__":');
  await writeFile(join(dir, '000000000003.json.tmp'), '');
  expect((await open()).items()).toEqual([]);
  expect(await readdir(dir)).toEqual(['000000000002.json.damaged']);
});

it('takes no result beyond its limit, tickets always', async () => {
  const spool = await open();
  spool.limit(5);
  await spool.addFile(result('hunts/a'), await aFile('1234'));
  await expect(spool.addFile(result('hunts/b'), await aFile('12'))).rejects.toThrow(
    'would hold 6 bytes, its limit is 5',
  );
  await spool.addText(ticket('tickets/a'), 'a long ticket', false);
  expect(spool.items()).toHaveLength(2);
});

it('drops what could not be delivered for 30 days, and nothing younger', async () => {
  const spool = await open();
  await spool.addText(ticket('tickets/old'), 'x', false);
  now = new Date('2026-03-02T12:00:00.000Z');
  await spool.addText(ticket('tickets/young'), 'x', false);
  now = new Date('2026-03-31T13:00:00.000Z');
  await spool.dropOld();
  expect(spool.items().map((i) => i.key)).toEqual(['tickets/young']);
});

it('removes the results of one attempt, and no other', async () => {
  const spool = await open();
  await spool.addFile(result('hunts/a', 1), await aFile('1'));
  await spool.addFile(result('hunts/b', 2), await aFile('2'));
  await spool.removeResults('H_00000000000000aa', 1);
  expect(spool.items().map((i) => i.key)).toEqual(['hunts/b']);
});
