import { describe, expect, it } from 'vitest';
import { backoff, parseRetryAfter, sleepFor } from './backoff.js';

const ceiling = (attempt: number): number =>
  backoff({ attempt, firstMs: 1000, maxMs: 900_000, random: () => 1 - 2 ** -53 });

describe('backoff', () => {
  it('doubles the ceiling from the first delay to the longest one and no further', () => {
    expect([1, 2, 3, 9, 10, 11, 12, 1000, Number.MAX_SAFE_INTEGER].map(ceiling)).toEqual([
      999, 1999, 3999, 255_999, 511_999, 899_999, 899_999, 899_999, 899_999,
    ]);
  });

  it('spreads over the whole range from 0', () => {
    const at = (random: number): number => backoff({ attempt: 3, firstMs: 1000, maxMs: 900_000, random: () => random });
    expect([at(0), at(0.25), at(0.5)]).toEqual([0, 1000, 2000]);
  });
});

describe('parseRetryAfter', () => {
  const date = new Date('2026-03-01T12:00:00Z');
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['999999999', 3_600_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['Mon, 02 Mar 2026 12:00:00 GMT', 3_600_000],
    ['-1', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j as %j ms', (value, expected) => {
    expect(parseRetryAfter(value, date)).toBe(expected);
  });

  it('does not compare a date with our own clock', () => {
    expect(parseRetryAfter('Sun, 01 Mar 2026 12:00:30 GMT', undefined)).toBeUndefined();
  });
});

describe('sleepFor', () => {
  it('rejects with the reason of the signal, before and while it waits', async () => {
    const abort = new AbortController();
    const waiting = sleepFor(60_000, abort.signal);
    const reason = new Error('stopping');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(sleepFor(60_000, abort.signal)).rejects.toBe(reason);
  });
});
