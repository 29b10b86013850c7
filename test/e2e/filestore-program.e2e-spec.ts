import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusal, s3Client } from '../contract/object-store.contract.js';
import { runConsole } from '../support/console-process.js';
import {
  FILESTORE_KEYS,
  FILESTORE_MAIN,
  fileStoreEnvironment,
  fileStoreFolder,
  startFileStore,
  type FileStoreProcess,
} from '../support/filestore-process.js';
import { BUCKET, REGION } from '../support/filestore-world.js';

let folder: Awaited<ReturnType<typeof fileStoreFolder>>;
let server: FileStoreProcess;
beforeAll(async () => {
  folder = await fileStoreFolder();
  server = await startFileStore(folder.root);
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

describe('the program', () => {
  async function program(
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(process.execPath, [FILESTORE_MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([
      buffer(child.stdout),
      buffer(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    return { code, out: out.toString(), err: err.toString() };
  }
  const bare = { PATH: process.env['PATH'] };

  it('--help says what there is', async () => {
    const { code, out } = await program(['--help'], bare);
    expect(code).toBe(0);
    for (const option of [
      '--root',
      '--bucket',
      '--access-key',
      '--upload-prefix',
      '--public-prefix',
      '--config',
      'REKALL_FILESTORE_',
    ]) {
      expect(out).toContain(option);
    }
  });

  it('--config-doc and rekall config doc say every setting, its default and what it is', async () => {
    const { code, out } = await program(['--config-doc'], bare);
    expect(code).toBe(0);
    const { config } = JSON.parse(out) as { config: { name: string; default: string }[] };
    expect(config.find(({ name }) => name === 'REKALL_FILESTORE_BUCKET')?.default).toBe('(required)');
    expect(config.find(({ name }) => name === 'REKALL_FILESTORE_QUOTAS')?.default).toContain('"total":{"bytes":');
    const listed = await runConsole(['config', 'doc', '--json']);
    expect(listed.stdout).toContain('"REKALL_FILESTORE_QUOTAS"');
    expect(listed.stdout).toContain('"S3_UPLOAD_ACCESS_KEY"');
  });

  it.each<[string, string[], string]>([
    ['an unknown option', ['--rot', 'x'], "unknown option '--rot'"],
    ['missing settings', [], '--root: is missing'],
    ['a port that is none', ['--port', 'http'], '--port:'],
    [
      'no such configuration file',
      ['--config', '/nonexistent/file.json'],
      'cannot read the configuration file /nonexistent/file.json',
    ],
    ['an argument too many', ['serve'], 'too many arguments'],
  ])('%s: one clear line, exit code 1', async (_what, args, message) => {
    const { code, out, err } = await program(args, bare);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(err).not.toContain('    at ');
  });

  it('a port in use, a folder in use, a folder that is a file: one clear line, exit code 1', async () => {
    const own = await fileStoreFolder();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const inUse = await program(['--port', port], fileStoreEnvironment(own.root));
    expect([inUse.code, inUse.err]).toEqual([
      1,
      `rekall-filestore: 127.0.0.1:${port} is in use: choose another --port, or stop the program that has it\n`,
    ]);
    taken.close();
    const second = await program([], fileStoreEnvironment(server.root));
    expect(second.code).toBe(1);
    expect(second.err).toContain(`served by process ${String(server.pid)} already`);
    const file = join(own.root, 'file');
    writeFileSync(file, '');
    const notFolder = await program([], fileStoreEnvironment(file));
    expect(notFolder.code).toBe(1);
    expect(notFolder.err).toMatch(/^rekall-filestore: E[A-Z]+: .*\n$/);
    await own.remove();
  });

  it('SIGTERM lets a running upload end, then stops with 0; the folder can be served again', async () => {
    const own = await fileStoreFolder();
    const running = await startFileStore(own.root);
    const client = s3Client({ endpoint: running.url, region: REGION }, FILESTORE_KEYS.service);
    const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: BUCKET, Key: 'last' }), { expiresIn: 60 });
    const { pathname, search, host } = new URL(url);
    const socket = connect(running.port, '127.0.0.1');
    socket.write(
      `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
    );
    const answer = text(socket);
    await once(socket, 'readable'); // 100 Continue: the upload runs
    const stopped = running.stop();
    socket.write('hello');
    expect(await answer).toContain('HTTP/1.1 200 OK');
    expect(await stopped).toBe(0);
    const again = await startFileStore(own.root);
    const read2 = await s3Client({ endpoint: again.url, region: REGION }, FILESTORE_KEYS.service).send(
      new GetObjectCommand({ Bucket: BUCKET, Key: 'last' }),
    );
    expect(await read2.Body?.transformToString()).toBe('hello');
    await again.stop();
    await own.remove();
  });

  it('takes its settings from a file, so that no secret is in the process list', async () => {
    const own = await fileStoreFolder();
    const config = join(own.root, 'config.json');
    writeFileSync(
      config,
      JSON.stringify({
        publicPrefix: 'open/',
        quotas: [
          { pattern: 'C.*/vfs/', bytes: 10, objects: 5 },
          { pattern: 'tickets/', byClient: true, bytes: 10, objects: 5, total: { bytes: 20, objects: 3 } },
        ],
      }),
    );
    const running = await startFileStore(own.root, ['--config', config]);
    const as = (keys: typeof FILESTORE_KEYS.service | typeof FILESTORE_KEYS.upload): S3Client =>
      s3Client({ endpoint: running.url, region: REGION }, keys);
    await as(FILESTORE_KEYS.service).send(new PutObjectCommand({ Bucket: BUCKET, Key: 'open/x', Body: 'x' }));
    expect((await fetch(`${running.url}/${BUCKET}/open/x`)).status).toBe(200);
    const write = (key: string, body: string) =>
      refusal(as(FILESTORE_KEYS.upload).send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body })));
    expect((await write('C.1/vfs/a', '12345678')).status).toBe(200);
    expect(await write('C.1/vfs/b', '123')).toEqual({ status: 403, code: 'QuotaExceeded' });
    expect((await write('C.2/vfs/b', '123')).status).toBe(200);
    expect((await write('C.1/vfs/a', '1')).status).toBe(200);
    expect((await write('C.1/vfs/b', '123')).status).toBe(200);
    const ticket = (id: number) => write(`tickets/Startup/C.${String(id).padStart(16, '0')}/1.json`, '123');
    const answers = [await ticket(1), await ticket(2), await ticket(3), await ticket(4)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 403]); // ids may be invented: three objects in all
    await running.stop();
    await own.remove();
  });
});
