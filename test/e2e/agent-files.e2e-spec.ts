import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_QUOTA, isResultKey, keys, sha256Hex, type StatusTicket } from '#wire';
import type { AgentDeployment } from '../support/agent-deployment.js';
import { AgentWorld } from '../support/agent-world.js';

let world: AgentWorld;
let bucket: AgentDeployment;
let root: string;

/** SHA-256 of `abc`, as published with the standard. */
const SHA_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

beforeAll(async () => {
  world = await AgentWorld.start();
  bucket = world.deployment;
  root = join(bucket.folder, 'evidence');
  await mkdir(join(root, 'sub/deeper'), { recursive: true });
  await writeFile(join(root, 'a.txt'), 'abc');
  await writeFile(join(root, 'sub/b.log'), 'needle here');
  await writeFile(join(root, 'sub/deeper/c.txt'), 'abc');
  await writeFile(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff]), Buffer.from('.txt')]), 'abc');
  await symlink('..', join(root, 'sub/loop'));
  await symlink('/nowhere', join(root, 'dangling'));
  expect(spawnSync('mkfifo', [join(root, 'pipe')]).status).toBe(0);
  await utimes(join(root, 'a.txt'), 1_000_000_000, 1_100_000_000.5);
});

afterEach(async ({ task }) => {
  await world.stopAgents(task.result?.state === 'fail');
});

afterAll(async () => {
  await bucket.close();
});

const run: AgentWorld['run'] = (...args) => world.run(...args);

const names = async (ticket: StatusTicket, table = 'entries', column = 'filename'): Promise<unknown[]> =>
  (await bucket.rowsOf(ticket.collections[0]!.key, `select ${column} from ${table} order by ${column}`)).map(
    (row) => row[column],
  );

describe('ListDirectory', () => {
  it('lists a tree: links as links, names that are not UTF-8 exactly, nothing opened', async () => {
    const ticket = await run({ __type__: 'ListDirectory', path: `${root}/`, depth: 10, one_device: true });
    expect(ticket).toMatchObject({ state: 'Done', logs: [] });
    const [collection] = ticket.collections;
    expect(isResultKey(collection!.key, ticket.flow_id, ticket.client_id)).toBe(true);
    const [before] = keys.listing(ticket.flow_id, ticket.client_id, root, '0'.repeat(32)).split('0'.repeat(32));
    expect(collection!.key.startsWith(before!)).toBe(true);
    expect(collection!.rows).toEqual({ entries: 9, problems: 0 });
    expect(await names(ticket)).toEqual(
      ['a.txt', 'b.log', 'bad\ufffd.txt', 'c.txt', 'dangling', 'deeper', 'loop', 'pipe', 'sub'].toSorted(),
    );
  });

  it('tells of each entry what a stat says', async () => {
    const ticket = await run({ __type__: 'ListDirectory', path: root, depth: 1, one_device: true });
    expect(ticket.collections[0]!.rows).toEqual({ entries: 5, problems: 0 });
    const [row] = await bucket.rowsOf(ticket.collections[0]!.key, `select * from entries where filename = 'a.txt'`);
    expect(row).toMatchObject({
      dirname: root,
      path_bytes: null,
      st_size: 3,
      st_mode_str: '-rw-r--r--',
      st_nlink: 1,
      st_uid: process.getuid!(),
      st_atime: 1_000_000_000,
      st_mtime: 1_100_000_000.5,
    });
    const [odd] = await bucket.rowsOf(
      ticket.collections[0]!.key,
      'select path_bytes from entries where path_bytes is not null',
    );
    expect(Buffer.from(odd!['path_bytes'] as Uint8Array)).toEqual(
      Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff]), Buffer.from('.txt')]),
    );
    const kinds = await bucket.rowsOf(
      ticket.collections[0]!.key,
      'select filename, substr(st_mode_str, 1, 1) as kind from entries order by filename',
    );
    expect(kinds.map((k) => `${String(k['filename'])} ${String(k['kind'])}`)).toEqual([
      'a.txt -',
      'bad\ufffd.txt -',
      'dangling l',
      'pipe p',
      'sub d',
    ]);
  });

  it('keeps what its filter keeps', async () => {
    const ticket = await run({
      __type__: 'ListDirectory',
      path: root,
      depth: 5,
      one_device: true,
      filter: "st_size == 3 and filename =~ '^[a-c].txt$'",
    });
    expect(await names(ticket)).toEqual(['a.txt', 'c.txt']);
  });

  it.each([
    ['/nowhere/at/all', /ENOENT/],
    ['relative', /must be absolute/],
    ['/etc/passwd', /it is no directory/],
  ])('%s: Error that says why', async (path, why) => {
    const ticket = await run({ __type__: 'ListDirectory', path, depth: 2, one_device: true });
    expect(ticket.state).toBe('Error');
    expect(ticket.error).toMatch(why);
  });

  it('20,000 files, with progress told', async () => {
    const many = join(bucket.folder, 'many');
    for (let d = 0; d < 20; d++) {
      await mkdir(join(many, `d${d}`), { recursive: true });
      await Promise.all(Array.from({ length: 1000 }, (_, i) => writeFile(join(many, `d${d}`, `f${i}`), '')));
    }
    const ticket = await run({ __type__: 'ListDirectory', path: many, depth: 3, one_device: true });
    expect(ticket.collections[0]!.rows).toEqual({ entries: 20_020, problems: 0 });
    expect(ticket.progress.rows).toBe(20_020);
    expect(ticket.resources.memory_bytes).toBeLessThan(300 * 1024 * 1024);
    await rm(many, { recursive: true });
  });
});

describe('FileFinder', () => {
  it('serves several globs in one walk, each path once', async () => {
    const ticket = await run({
      __type__: 'FileFinder',
      globs: [`${root}/**5/*.txt`, `${root}/*.{txt,log}`, `${root}/sub/b.log`],
      conditions: [],
      do: 'stat',
    });
    expect(await names(ticket)).toEqual(['a.txt', 'b.log', 'bad\ufffd.txt', 'c.txt'].toSorted());
  });

  it('hashes what fulfils all conditions', async () => {
    const ticket = await run({
      __type__: 'FileFinder',
      globs: [`${root}/**9`],
      conditions: [
        { __type__: 'Size', min: 1, max: 3 },
        { __type__: 'Owner', uid: process.getuid!() },
        { __type__: 'Mode', mask: 0o400, value: 0o400 },
        { __type__: 'ModificationTime', min: 1_100_000_000, max: 1_100_000_001 },
        { __type__: 'ContentsLiteral', literal: Buffer.from('bc').toString('base64') },
        { __type__: 'ContentsRegex', regex: '^a.c$' },
      ],
      do: 'hash',
    });
    const rows = await bucket.rowsOf(ticket.collections[0]!.key, 'select filename, sha256, note from entries');
    expect(rows).toMatchObject([{ filename: 'a.txt', sha256: SHA_ABC, note: null }]);
  });

  it('a regular expression that never ends is stopped on time, and the agent goes on', async () => {
    const trap = join(bucket.folder, 'trap');
    await writeFile(trap, `${'a'.repeat(60)}!`);
    const hunt = await bucket.hunt({
      actions: [
        {
          __type__: 'FileFinder',
          globs: [trap],
          conditions: [{ __type__: 'ContentsRegex', regex: '(a|aa)+$' }],
          do: 'stat',
        },
      ],
      quota: { ...DEFAULT_QUOTA, cpu_seconds: 1 },
    });
    const next = await bucket.hunt({ actions: [{ __type__: 'GetFiles', paths: [trap] }] });
    await bucket.publishQueue(bucket.allQueue, [hunt, next]);
    await world.agent(world.newState());
    const ticket = await world.final(hunt.flowId);
    expect(ticket).toMatchObject({ state: 'Error' });
    expect(ticket.error).toMatch(/^Resource exceeded: CPU seconds, limit 1, used /);
    expect((await world.final(next.flowId)).state).toBe('Done');
  });

  it('never opens a FIFO or a socket, and says what it could not read', async () => {
    const server = createServer().listen(join(root, 'socket'));
    const ticket = await run({
      __type__: 'FileFinder',
      globs: [`${root}/{pipe,socket,a.txt}`, `${root}/sub/loop/*`],
      conditions: [],
      do: 'upload',
    });
    server.close();
    expect(ticket.state).toBe('Done');
    expect(await names(ticket)).toEqual(['a.txt', 'pipe', 'socket']);
    expect(ticket.files.map((f) => f.path)).toEqual([join(root, 'a.txt')]);
    expect(await names(ticket, 'problems', 'reason')).toEqual(['a symbolic link, not followed']);
    expect(ticket.logs[0]!.message).toBe('1 paths could not be read (a symbolic link, not followed 1)');
  });

  it.each([
    ['*.txt', /must be an absolute path/],
    ['/%%users.cat%%/x', /unknown %%users.cat%%/],
    ['/a/../b', /\.\. is not allowed/],
  ])('glob %s: Error that says why', async (glob, why) => {
    const ticket = await run({ __type__: 'FileFinder', globs: [glob], conditions: [], do: 'stat' });
    expect(ticket.error).toMatch(why);
  });
});

describe('GetFiles', () => {
  it('uploads what it was asked for and says what was not there', async () => {
    const ticket = await run({
      __type__: 'GetFiles',
      paths: [join(root, 'a.txt'), join(root, 'gone'), join(root, 'sub'), '/proc/sys/kernel/hostname'],
    });
    expect(ticket.state).toBe('Done');
    const [file, hostname] = ticket.files;
    expect(file).toMatchObject({ path: join(root, 'a.txt'), content_bytes: 3, content_sha256: SHA_ABC });
    expect(Buffer.from(file!.path_bytes, 'base64').toString()).toBe(join(root, 'a.txt'));
    expect(isResultKey(file!.key, ticket.flow_id, ticket.client_id)).toBe(true);
    const stored = await bucket.bytesOf(file!.key);
    expect([stored.length, sha256Hex(stored)]).toEqual([file!.stored_bytes, file!.stored_sha256]);
    expect(gunzipSync(stored).toString()).toBe('abc');
    // A file of the kernel says that it is empty, and is not.
    expect(gunzipSync(await bucket.bytesOf(hostname!.key))).toEqual(await readFile('/proc/sys/kernel/hostname'));
    expect(await names(ticket, 'problems', 'reason')).toEqual(['ENOENT', 'not a regular file']);
  });

  it('does not read what is larger than allowed', async () => {
    const ticket = await run({ __type__: 'GetFiles', paths: [join(root, 'a.txt')], max_file_bytes: 2 });
    expect(ticket.files).toEqual([]);
    expect(await names(ticket, 'entries', 'note')).toEqual(['larger than 2 bytes: not read']);
  });

  it('lists more than 500 files in a collection of their own', async () => {
    const many = join(bucket.folder, 'six-hundred');
    await mkdir(many);
    await Promise.all(Array.from({ length: 600 }, (_, i) => writeFile(join(many, `f${i}`), `content ${i}`)));
    const hunt = await bucket.hunt({
      actions: [{ __type__: 'FileFinder', globs: [`${many}/*`], conditions: [], do: 'upload' }],
    });
    await bucket.publishQueue(bucket.allQueue, [hunt]);
    await world.agent(world.newState());
    const ticket = await world.final(hunt.flowId, 50_000);
    expect(ticket).toMatchObject({ state: 'Done', files: [], files_collection: { rows: { files: 600 } } });
    const list = await bucket.bytesOf(ticket.files_collection!.key);
    expect(sha256Hex(list)).toBe(ticket.files_collection!.stored_sha256);
    const rows = await bucket.rowsOf(ticket.files_collection!.key, 'select * from files order by path');
    expect(rows).toHaveLength(600);
    const row = rows.find((r) => r['path'] === join(many, 'f42'))!;
    const stored = await bucket.bytesOf(row['key'] as string);
    expect(sha256Hex(stored)).toBe(row['stored_sha256']);
    expect(gunzipSync(stored).toString()).toBe('content 42');
  });
});
