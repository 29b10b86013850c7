import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseGlob } from './glob.js';
import { walkGlobs } from './glob-walk.js';
import { homeDirectories } from './homes.js';
import { type Problem, Problems } from './problems.js';
import { bytesOf, textOf } from './raw-path.js';

let root: string;
const problems: Problem[] = [];

/** What the globs name below the test's folder, relative, sorted. */
const found = (...globs: string[]): string[] =>
  [
    ...walkGlobs(
      globs.flatMap((glob) => parseGlob(root + glob)),
      new Problems((p) => problems.push(p)),
    ),
  ]
    .map(({ path }) => textOf(path).slice(root.length))
    .toSorted();

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rekall-glob-'));
  mkdirSync(join(root, 'a/b/c/d/e'), { recursive: true });
  for (const file of ['one.txt', 'two.log', 'a/.hidden', 'a/b/x1.so', 'a/b/x2.so', 'a/b/c/y.so', 'a/b/c/d/e/z.so'])
    writeFileSync(join(root, file), '');
  writeFileSync(join(root, '[odd]*{1,2}'), '');
  writeFileSync(Buffer.concat([bytesOf(`${root}/n`), Buffer.from([0xe9]), Buffer.from('.txt')]), '');
  symlinkSync('a', join(root, 'link'));
});

afterAll(() => rmSync(root, { recursive: true }));

describe('globs', () => {
  it.each<[string, string[]]>([
    ['/*.txt', ['/n\ufffd.txt', '/one.txt']],
    ['/n?.txt', ['/n\ufffd.txt']],
    ['/t?o.log', ['/two.log']],
    ['/[a-o]*', ['/a', '/link', '/n\ufffd.txt', '/one.txt']],
    ['/[!a-o]*', ['/[odd]*{1,2}', '/two.log']],
    ['/{one,two}.{txt,log}', ['/one.txt', '/two.log']],
    ['/{a/{b,x}/c,one}*', ['/a/b/c', '/one.txt']],
    [String.raw`/\[odd\]\*\{1,2\}`, ['/[odd]*{1,2}']],
    ['/a/*', ['/a/.hidden', '/a/b']],
    ['/a/b/x?.so', ['/a/b/x1.so', '/a/b/x2.so']],
    ['/**/*.so', ['/a/b/c/y.so', '/a/b/x1.so', '/a/b/x2.so']],
    ['/**2/*.so', ['/a/b/x1.so', '/a/b/x2.so']],
    ['/**10/*.so', ['/a/b/c/d/e/z.so', '/a/b/c/y.so', '/a/b/x1.so', '/a/b/x2.so']],
    ['/a/**2', ['/a', '/a/.hidden', '/a/b', '/a/b/c', '/a/b/x1.so', '/a/b/x2.so']],
    ['/a/**9/c/**9/*.so', ['/a/b/c/d/e/z.so', '/a/b/c/y.so']],
    ['/a/b/nothing', []],
    ['/one.txt/x', []],
  ])('%s', (glob, expected) => {
    expect(found(glob)).toEqual(expected);
  });

  it('are walked together, and each path comes once', () => {
    expect(found('/**9/*.so', '/a/b/*', '/a/b/x1.so')).toEqual([
      '/a/b/c',
      '/a/b/c/d/e/z.so',
      '/a/b/c/y.so',
      '/a/b/x1.so',
      '/a/b/x2.so',
    ]);
  });

  it('never follow links, and say so where one stood in the way', () => {
    expect(found('/**9/link/*', '/link/b/*')).toEqual([]);
    expect(problems.splice(0)).toContainEqual({ path: join(root, 'link'), reason: 'a symbolic link, not followed' });
    expect(found('/*n*/**5/x1.so')).toEqual([]);
  });

  it('give names that are not UTF-8 as their bytes', () => {
    const [hit] = walkGlobs(parseGlob(`${root}/n*`), new Problems(() => undefined));
    expect(Buffer.isBuffer(hit!.name) && hit!.name.equals(Buffer.from([0x6e, 0xe9, 0x2e, 0x74, 0x78, 0x74]))).toBe(
      true,
    );
  });

  it('know the homes of people', () => {
    const homes = homeDirectories();
    expect(parseGlob('/%%users.homedir%%/.ssh')).toHaveLength(homes.length);
    expect(homes).toContain('/root');
  });

  it('do not enter /proc unless it is named', () => {
    const proc = (glob: string): string[] =>
      [...walkGlobs(parseGlob(glob), new Problems(() => undefined))].map(({ path }) => textOf(path));
    expect(proc('/*/self/status')).toEqual([]);
    expect(proc('/proc/self/status')).toEqual([]); // self is a link
    expect(proc(`/proc/${process.pid}/stat?s`)).toEqual([`/proc/${process.pid}/status`]);
  });

  it.each([
    ['relative/*', 'glob relative/*: it must be an absolute path'],
    ['/a/../b', 'glob /a/../b: .. is not allowed'],
    ['/%%environ%%', 'glob /%%environ%%: unknown %%environ%%; known: %%users.homedir%%'],
    ['/a/**5000/b', 'glob /a/**5000/b: **5000 is deeper than 1000'],
    [`/${'{a,b}'.repeat(11)}`, 'a glob has more than 1000 alternatives'],
    ['/[z-a]', 'glob /[z-a]: [z-a] cannot be read'],
  ])('%s is refused', (glob, message) => {
    expect(() => parseGlob(glob)).toThrow(message);
  });
});
