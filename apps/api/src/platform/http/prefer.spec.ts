import { describe, expect, it } from 'vitest';
import { preferredWait } from './prefer.js';

describe('Prefer: wait', () => {
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['wait=10', 10],
    ['WAIT = 10', 10],
    ['wait="10"', 10],
    ['respond-async, wait=10; foo="a,b"', 10],
    ['x="wait=9, wait=8", wait=7', 7],
    ['wait=3, wait=9', 3],
    ['wait=, wait=9', undefined], // the first one counts
    ['wait', undefined],
    ['wait=0', undefined],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['wait=1e9', undefined],
    ['wait=10s', undefined],
    ['waiting=10', undefined],
    ['no-wait=10', undefined],
    ['wait=31', 30],
    ['wait=999999999', 30],
    ['wait=9999999999', undefined],
    ['"wait=10', undefined],
  ])('%j is %j', (header, seconds) => {
    expect(preferredWait(header)).toBe(seconds);
  });

  it('of hostile length is judged at once', () => {
    expect(preferredWait(`${'"'.repeat(8_001)},wait=2`)).toBeUndefined();
    expect(preferredWait(`${'a,'.repeat(8_000)}wait=2`)).toBe(2);
    expect(preferredWait('"\\'.repeat(8_000))).toBeUndefined();
  });
});
