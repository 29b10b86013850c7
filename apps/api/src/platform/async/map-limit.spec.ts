import { describe, expect, it } from 'vitest';
import { mapLimit } from './map-limit.js';

describe('mapLimit', () => {
  it('keeps the order and the limit', async () => {
    let running = 0;
    let most = 0;
    const results = await mapLimit([3, 1, 2, 5, 4], 2, async (n) => {
      most = Math.max(most, ++running);
      for (let i = 0; i < n; i++) await Promise.resolve();
      running--;
      return n * 10;
    });
    expect(results).toEqual([30, 10, 20, 50, 40]);
    expect(most).toBe(2);
    expect(await mapLimit([], 2, () => Promise.resolve(1))).toEqual([]);
  });

  it('rejects with the first failure, after what was under way, and starts nothing more', async () => {
    const started: number[] = [];
    const ended: number[] = [];
    const all = mapLimit([1, 2, 3, 4], 2, async (n) => {
      started.push(n);
      await Promise.resolve();
      if (n === 1) throw new Error('one');
      for (let i = 0; i < 5; i++) await Promise.resolve();
      ended.push(n);
      return n;
    });
    await expect(all).rejects.toThrow('one');
    expect(started).toEqual([1, 2]);
    expect(ended).toEqual([2]);
  });
});
