import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runAdmin, type Server, startAgent, startFilestore } from '#embedded';
import { runOtherProcess, sourceUrl, until } from '../support/other-process.js';

let dir: string;
let configFile: string;
let running: Server | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rekall-programs-'));
  configFile = await filestoreConfig(0);
});
afterEach(async () => {
  await running?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function filestoreConfig(port: number): Promise<string> {
  const root = join(dir, `store-${port}`);
  await mkdir(root, { recursive: true });
  const file = join(dir, `filestore-${port}.json`);
  const service = { accessKey: 'service-key', secretKey: 'secret-of-the-service' };
  await writeFile(file, JSON.stringify({ root, bucket: 'evidence', port, service }), { mode: 0o600 });
  return file;
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false; // fetch's word for "no connection"
    throw error;
  }
}

describe('the programs as children', () => {
  it('start, say where they listen, and stop', async () => {
    running = await startFilestore({ configFile });
    expect(running.ready).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${running.ready}/evidence/private`)).status).toBe(403);
    expect(await running.stop()).toEqual({ code: 0, signal: null });
    expect(await answers(running.ready)).toBe(false);
  });

  it('tell why they do not start, in their own words', async () => {
    running = await startFilestore({ configFile });
    const taken = await filestoreConfig(Number(new URL(running.ready).port));
    await expect(startFilestore({ name: 'second store', configFile: taken })).rejects.toThrow(
      /^second store exited with code 1 before it was ready; its last lines:\nrekall-filestore: 127\.0\.0\.1:\d+ is in use/,
    );
    await expect(startAgent({ configFile: join(dir, 'none.json') })).rejects.toThrow(/^agent exited[^]*none\.json/);
    await expect(runAdmin(['migrate'], {})).rejects.toThrow(/^admin migrate: [^]*DATABASE_MIGRATE_URL: is not set/);
  });

  it('end with the process that started them, also when that is killed', async () => {
    const other = runOtherProcess(`
      import { startFilestore } from '${sourceUrl('libs/embedded/src/index.ts')}';
      const store = await startFilestore({ configFile: '${configFile}' });
      console.log(store.ready);`);
    const url = await other.line();
    expect(await answers(url)).toBe(true);
    await other.kill9();
    await until('the store is gone', async () => !(await answers(url)));
  });
});
