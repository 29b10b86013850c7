import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from './index.js';

let home: string;
beforeAll(() => (home = mkdtempSync(join(tmpdir(), 'rekall-files-'))));
afterAll(() => rmSync(home, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('makeFolder', () => {
  it('makes each folder that is missing, closed to others', () => {
    makeFolder(join(home, 'a', 'b', 'c'));
    expect(readdirSync(join(home, 'a'))).toEqual(['b']);
    expect([modeOf(join(home, 'a')), modeOf(join(home, 'a/b')), modeOf(join(home, 'a/b/c'))]).toEqual([
      0o700, 0o700, 0o700,
    ]);
  });

  it('leaves one that is there as it is, also behind a link', () => {
    makeFolder(join(home, 'open'), 0o755);
    makeFolder(join(home, 'open'), 0o700);
    expect(modeOf(join(home, 'open'))).toBe(0o755);
    symlinkSync(join(home, 'open'), join(home, 'link'));
    makeFolder(join(home, 'link'));
    makeFolder(join(home, 'link', 'below'));
    expect(readdirSync(join(home, 'open'))).toEqual(['below']);
  });

  it('says what is in the way', () => {
    writeFileSync(join(home, 'file'), '');
    expect(() => makeFolder(join(home, 'file'))).toThrow(/EEXIST/);
    expect(() => makeFolder(join(home, 'file', 'below'))).toThrow(/ENOTDIR/);
    symlinkSync(join(home, 'nowhere'), join(home, 'dangling'));
    expect(() => makeFolder(join(home, 'dangling'))).toThrow(/EEXIST/);
  });

  it.runIf(process.platform === 'linux')('ends where no folder can be made', () => {
    expect(() => makeFolder('/proc/rekall')).toThrow(/ENOENT/);
    expect(() => makeFolder('/proc/rekall/below/it')).toThrow(/ENOENT/);
  });
});
