import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latin1NamesIn, LARGE_DIRECTORY_BYTES } from './directory.js';
import { listHere } from './listing.js';
import { listingRows } from './listing-rows.js';
import { modeString } from './stat-entry.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rekall-listing-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const list = (path: string, depth = 1000) => {
  const rows: Record<string, unknown>[] = [];
  const reasons: string[] = [];
  const summary = listHere(
    path,
    { depth, oneDevice: true },
    { batch: (batch) => rows.push(...listingRows(batch)), problem: ({ reason }) => reasons.push(reason) },
  );
  return { rows, reasons, summary };
};

describe('a listing', () => {
  it('goes as deep as asked', () => {
    mkdirSync(join(root, 'deep/a/b'), { recursive: true });
    writeFileSync(join(root, 'deep/a/b/f'), 'xyz');
    expect(list(join(root, 'deep'), 1).rows.map((r) => r['filename'])).toEqual(['a']);
    expect(list(join(root, 'deep'), 2).rows.map((r) => r['filename'])).toEqual(['a', 'b']);
    expect(
      list(join(root, 'deep'), 3)
        .rows.map((r) => [r['dirname'], r['filename'], r['st_size']])
        .at(-1),
    ).toEqual([join(root, 'deep/a/b'), 'f', 3]);
  });

  it('survives a chain of names of 1 MB, links that lead back, and says what it could not reach', () => {
    const name = 'x'.repeat(250);
    const start = process.cwd();
    mkdirSync(join(root, 'chain'));
    try {
      process.chdir(join(root, 'chain'));
      symlinkSync('.', 'loop');
      for (let i = 0; i < 4000; i++) {
        mkdirSync(name);
        process.chdir(name);
      }
    } finally {
      process.chdir(start);
    }
    const { rows, reasons, summary } = list(join(root, 'chain'));
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.length).toBeLessThan(40);
    expect(reasons).toEqual(['ENAMETOOLONG']);
    expect(summary).toBe('1 paths could not be read (ENAMETOOLONG 1)');
  });

  it('reads a very large directory piece by piece to the same names', () => {
    const dir = join(root, 'wide');
    mkdirSync(dir);
    for (let i = 0; i < 1500; i++) writeFileSync(join(dir, `é${i}`), '');
    const whole = [...latin1NamesIn(dir, 0)].toSorted();
    expect(whole).toHaveLength(1500);
    expect([...latin1NamesIn(dir, LARGE_DIRECTORY_BYTES)].toSorted()).toEqual(whole);
  });

  it('shows modes as ls does', () => {
    expect([0o100644, 0o104755, 0o042755, 0o041777, 0o120777, 0o102644, 0o100000].map(modeString)).toEqual([
      '-rw-r--r--',
      '-rwsr-xr-x',
      'drwxr-sr-x',
      'drwxrwxrwt',
      'lrwxrwxrwx',
      '-rw-r-Sr--',
      '----------',
    ]);
  });
});
