import { describe, expect, it } from 'vitest';
import { concat, NO_BYTES, toBytes, type ByteString } from '../bytes.js';
import { decodeEntry, keyToNames } from './key-path.js';

/** The key that a path of names stands for, from the entries alone. */
function keyOf(names: readonly string[]): ByteString {
  return names.reduce<ByteString>((key, name) => concat(key, decodeEntry(name)?.adds ?? NO_BYTES), NO_BYTES);
}

const HOSTILE = [
  '..',
  '../../etc/passwd',
  './a',
  '/',
  '//',
  'a//b',
  '/a',
  'a/',
  '\0',
  'a\\b',
  'CON',
  'nul.',
  'trailing...',
  '%2e%2e%2f',
  '+a',
  'f-x/d-y',
  'Case',
  'case',
  '-',
  'ä€😀/日本',
  'x'.repeat(79),
  'x'.repeat(80),
  'x'.repeat(81),
  `${'x'.repeat(80)}/y`,
  'é'.repeat(512),
  'X'.repeat(1_024),
  'a/'.repeat(512),
  '/'.repeat(1_024),
];

describe('keyToNames', () => {
  it.each(HOSTILE)('%j gives names that are safe everywhere, and gives the key back', (key) => {
    const names = keyToNames(toBytes(key));
    for (const name of names) expect(name).toMatch(/^[fdc]-(?:[a-z0-9\-_.+%]*[a-z0-9\-_+%])?$/);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(242);
    expect(names.join('/').length).toBeLessThanOrEqual(3_200);
    expect(keyOf(names)).toBe(toBytes(key));
  });

  it('gives different names to keys that differ in case only', () => {
    expect(keyToNames(toBytes('Ab'))).not.toEqual(keyToNames(toBytes('aB')));
  });

  it('keeps a key and the keys under it apart', () => {
    expect(keyToNames(toBytes('a'))).toEqual(['f-a']);
    expect(keyToNames(toBytes('a/b'))).toEqual(['d-a', 'f-b']);
    expect(keyToNames(toBytes('a/'))).toEqual(['d-a', 'f-']);
  });
});

describe('the order of entries', () => {
  /** Every key of up to four of these pieces: small, so exhaustive; the long piece crosses the 80-byte border. */
  const PIECES = ['!', '/', '0', 'a', 'x'.repeat(79)];
  function* keys(depth: number): Generator<string> {
    for (const piece of PIECES) {
      yield piece;
      if (depth > 1) for (const rest of keys(depth - 1)) yield piece + rest;
    }
  }

  it('is the byte order of the keys: comparing entry by entry never disagrees with comparing keys', () => {
    const sample = [...keys(4)].map(toBytes);
    const byPath = sample.toSorted((a, b) => {
      const [x, y] = [keyToNames(a), keyToNames(b)];
      for (let index = 0; ; index++) {
        const [p, q] = [x[index], y[index]];
        if (p === undefined || q === undefined) return 0;
        if (p !== q) return (decodeEntry(p)?.adds ?? '') < (decodeEntry(q)?.adds ?? '') ? -1 : 1;
      }
    });
    const byKey = sample.toSorted((a, b) => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')));
    expect(byPath).toEqual(byKey);
  });
});

describe('decodeEntry', () => {
  it.each(['lost+found', '.DS_Store', 'x-a', 'f', ''])('%j is none of ours', (name) => {
    expect(decodeEntry(name)).toBeUndefined();
  });
});
