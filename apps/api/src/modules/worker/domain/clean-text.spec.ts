import { describe, expect, it } from 'vitest';
import { cleanJson, cleanText } from './clean-text.js';

describe('texts for Postgres', () => {
  it.each([
    ['plain é😀', 'plain é😀'],
    ['a\0b', 'a\ufffdb'],
    ['half \ud83d', 'half \ufffd'],
    ['\udc00', '\ufffd'],
  ])('%j becomes %j', (given, expected) => {
    expect(cleanText(given)).toBe(expected);
  });

  it('are clean at any depth, names included', () => {
    expect(cleanJson({ 'a\0': ['\0', { b: '\ud800' }], n: 1, t: true, z: null })).toEqual({
      'a\ufffd': ['\ufffd', { b: '\ufffd' }],
      n: 1,
      t: true,
      z: null,
    });
  });
});
