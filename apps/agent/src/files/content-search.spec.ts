import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { literalNeedle, regexNeedle, search, type Needle } from './content-search.js';
import { withRegular } from './open-regular.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rekall-search-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Offsets at which a needle is found in these bytes. */
const offsets = (content: Buffer | string, needle: Needle, firstBytes?: number): number[] => {
  const path = join(dir, 'file');
  writeFileSync(path, content);
  return withRegular(path, lstatSync(path), (file) => [...search(file, needle, firstBytes)].map((f) => f.offset));
};

const MIB = 1024 * 1024;

describe('a literal', () => {
  it('is found wherever it stands, also across the pieces in which a file is read', () => {
    const content = Buffer.alloc(3 * MIB, 'x');
    const places = [0, 10, MIB - 3, 2 * MIB - 1, 2 * MIB + 5, 3 * MIB - 6];
    for (const at of places) content.write('needle', at);
    expect(offsets(content, literalNeedle(Buffer.from('needle')))).toEqual(places);
  });

  it('is any bytes', () => {
    expect(offsets(Buffer.from([1, 0, 255, 0, 255]), literalNeedle(Buffer.from([0, 255])))).toEqual([1, 3]);
  });

  it('is looked for in the first bytes alone where that is asked for', () => {
    expect(offsets('....needle', literalNeedle(Buffer.from('needle')), 9)).toEqual([]);
    expect(offsets('....needle', literalNeedle(Buffer.from('needle')), 10)).toEqual([4]);
  });

  it('of no bytes is refused', () => {
    expect(() => literalNeedle(Buffer.alloc(0))).toThrow('a literal has 1 to 65536 bytes');
  });
});

describe('a regular expression', () => {
  it.each<[string, string, number[]]>([
    ['^b+$', 'abb\nbb\nbbx\nb', [4, 11]],
    ['a.c', 'a\nc abc', [4]],
    ['(?s)a.c', 'a\nc abc', [0, 4]],
    ['(?i)NEEDLE', 'a needle', [2]],
    ['NEEDLE', 'a needle', []],
    ['é+x', 'aééx', [1]],
    ['a*', 'baa', [0, 1, 3]],
  ])('%s', (pattern, content, expected) => {
    expect(offsets(content, regexNeedle(pattern))).toEqual(expected);
  });

  it('sees lines as they are, wherever the file was cut to be read', () => {
    const content = Buffer.alloc(3 * MIB, 'x');
    for (const at of [MIB - 4, 2 * MIB - 1, 2 * MIB, 3 * MIB - 10]) content.write('\nkey=1\n', at);
    expect(offsets(content, regexNeedle(String.raw`^key=\d$`))).toEqual([MIB - 3, 2 * MIB + 1, 3 * MIB - 9]);
  });

  it('of one long line without end has no line start inside', () => {
    expect(offsets(Buffer.alloc(3 * MIB, 'x'), regexNeedle('^x'))).toEqual([0]);
  });

  it('that is none is refused', () => {
    expect(() => regexNeedle('a(')).toThrow('regex a(: ');
    expect(() => regexNeedle('[é]')).toThrow('only ASCII');
  });
});
