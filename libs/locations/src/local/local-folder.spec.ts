import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalWriteFailed, LocationConfigError, UploadRefused } from '../errors.js';
import { LocalFolder, localFileProblem } from './local-folder.js';

const KEY = 'hunts/H_00000000000000aa/vfs/files/C.0123456789abcdef/etc/hosts/00112233445566778899aabbccddeeff.gz';

let folder: string;
let root: string;
let source: string;
let local: LocalFolder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekall-local-'));
  root = join(folder, 'stick');
  await mkdir(root);
  source = join(folder, 'result.gz');
  await writeFile(source, 'the result');
  local = new LocalFolder(root);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const files = async (of: string): Promise<string[]> =>
  (await readdir(of, { recursive: true, withFileTypes: true })).filter((e) => !e.isDirectory()).map((e) => e.name);

describe('writing', () => {
  it('lays a file under its key, and nothing beside it', async () => {
    await local.write(KEY, source);
    expect(await readFile(join(root, KEY), 'utf8')).toBe('the result');
    expect(await files(root)).toEqual(['00112233445566778899aabbccddeeff.gz']);
    expect((await stat(join(root, KEY))).mode & 0o777).toBe(0o600);
  });

  it('takes a folder below, and makes it', async () => {
    await local.write(KEY, source, { folder: join(root, 'case-7', 'host') });
    expect(await readFile(join(root, 'case-7/host', KEY), 'utf8')).toBe('the result');
  });

  it('copies every byte of what is larger than its buffer, and an empty file', async () => {
    const bytes = Buffer.alloc(1_000_003, 'rekall');
    await writeFile(source, bytes);
    await local.write('a/large', source);
    expect((await readFile(join(root, 'a/large'))).equals(bytes)).toBe(true);
    await writeFile(source, '');
    await local.write('a/empty', source);
    expect((await stat(join(root, 'a/empty'))).size).toBe(0);
  });

  it('again with the same bytes is done; other bytes never replace what is there', async () => {
    await local.write(KEY, source);
    const before = await stat(join(root, KEY));
    await local.write(KEY, source);
    await new LocalFolder(root).write(KEY, source);
    expect((await stat(join(root, KEY))).ino).toBe(before.ino);
    await writeFile(source, 'another!!!');
    await expect(local.write(KEY, source)).rejects.toMatchObject({ kind: 'final', code: 'exists' });
    expect(await readFile(join(root, KEY), 'utf8')).toBe('the result');
  });

  it('overwrites what a kill left half written', async () => {
    // the temporary name is the first 32 hex digits of: printf %s "$target" | sha256sum
    const target = join(root, 'a/b');
    const left = join(root, 'a', `.${createHash('sha256').update(target).digest('hex').slice(0, 32)}.part`);
    await mkdir(join(root, 'a'));
    await writeFile(left, 'half of an older, longer attempt');
    await local.write('a/b', source);
    expect(await readFile(target, 'utf8')).toBe('the result');
    expect(await files(root)).toEqual(['b']);
  });

  it('a folder that is not there is not made: its disk is not mounted; later it goes on', async () => {
    await rename(root, join(folder, 'unplugged'));
    await expect(local.write(KEY, source)).rejects.toBeInstanceOf(LocalWriteFailed);
    await expect(local.write(KEY, source)).rejects.toMatchObject({ code: 'ENOENT' });
    await rename(join(folder, 'unplugged'), root);
    await local.write(KEY, source);
    expect(await readFile(join(root, KEY), 'utf8')).toBe('the result');
  });

  it('a file where a folder must be: said, and nothing is lost', async () => {
    await writeFile(join(root, 'hunts'), 'in the way');
    await expect(local.write(KEY, source)).rejects.toBeInstanceOf(LocalWriteFailed);
    expect(await readFile(join(root, 'hunts'), 'utf8')).toBe('in the way');
  });

  it('ends when it is told to, and leaves nothing', async () => {
    await expect(local.write(KEY, source, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await files(root)).toEqual([]);
  });
});

describe('nothing leaves the folder', () => {
  it.each(['../x', 'a/../../x', 'a//x', '/etc/x', 'a/.', '', 'a\\..\\x', 'a\0b', 'a/'])('key %j', async (key) => {
    await expect(local.write(key, source)).rejects.toMatchObject({ kind: 'final', code: 'bad-key' });
    expect(await files(folder)).toEqual(['result.gz']);
  });

  it('through a link to another folder', async () => {
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await symlink(outside, join(root, 'hunts'));
    await expect(local.write(KEY, source)).rejects.toMatchObject({ kind: 'final', code: 'outside' });
    expect(await files(outside)).toEqual([]);
  });

  it('through a link in place of the file', async () => {
    await mkdir(join(root, 'a'));
    await symlink(join(folder, 'target'), join(root, 'a/b'));
    await expect(local.write('a/b', source)).rejects.toBeInstanceOf(UploadRefused);
    expect((await readdir(folder)).toSorted()).toEqual(['result.gz', 'stick']);
  });

  it('a name longer than file systems take can never be written', async () => {
    await expect(local.write(`a/${'n'.repeat(256)}`, source)).rejects.toMatchObject({
      kind: 'final',
      code: 'name-too-long',
    });
    await local.write(`a/${'n'.repeat(255)}`, source);
  });

  it('another folder than the allowed one', async () => {
    const outside = join(folder, 'outside');
    await expect(local.write(KEY, source, { folder: outside })).rejects.toBeInstanceOf(LocationConfigError);
    expect((await readdir(folder)).toSorted()).toEqual(['result.gz', 'stick']);
  });
});

describe('the folder of a job', () => {
  it.each(['/media/stick', '/media/stick/', '/media/stick/case-7', '/media/stick/..x'])('%s is allowed', (path) => {
    expect(localFileProblem('/media/stick', path)).toBeUndefined();
  });

  it.each([
    '/media',
    '/media/stick2',
    '/',
    '/etc',
    'stick',
    './x',
    '/media/stick/../x',
    '/media/stick/.',
    '/media/stick/\0',
  ])('%j is refused', (path) => {
    expect(localFileProblem('/media/stick', path)).toMatch(/outside of the allowed|no absolute path/);
  });

  it('where none is allowed, none is', () => {
    expect(localFileProblem(undefined, '/media/stick')).toBe(
      'it writes to the local folder /media/stick, and no local_folder is allowed',
    );
  });
});
