import { describe, expect, it } from 'vitest';
import { Lottery } from './lottery.js';

const ids = (from: number, to: number): Set<string> =>
  new Set(Array.from({ length: to - from }, (_, i) => `C.${(from + i).toString(16).padStart(16, '0')}`));

describe('drawing lots', () => {
  it('takes all while there is room, and no more than there is', () => {
    const lottery = new Lottery();
    expect(lottery.draw(ids(0, 5), 10).size).toBe(5);
    expect(lottery.draw(ids(5, 25), 10).size).toBe(10);
    expect(lottery.waiting).toBe(10);
  });

  it('gives who is last in the order the same chance as who is first, once they were counted', () => {
    const lottery = new Lottery();
    let last = 0;
    let drawn = 0;
    for (let look = 0; look < 40; look++) {
      let room = look === 0 ? 0 : 100;
      for (let page = 0; page < 10; page++) {
        const won = lottery.draw(ids(page * 1000, (page + 1) * 1000), room);
        room -= won.size;
        drawn += won.size;
        if (page >= 5) last += won.size;
      }
      expect(lottery.waiting).toBeGreaterThanOrEqual(9800);
      lottery.next();
    }
    expect(drawn).toBeGreaterThan(3000);
    // half of the ids are in the second half: binomial, within five deviations
    expect(Math.abs(last - drawn / 2)).toBeLessThan(5 * Math.sqrt(drawn / 4));
  });

  it('tells a new look by a listing that goes back', () => {
    const lottery = new Lottery();
    expect(['a', 'b', 'c', 'a', 'a', 'b'].map((place) => lottery.begins(place))).toEqual([
      false,
      false,
      false,
      true,
      true,
      false,
    ]);
  });
});
