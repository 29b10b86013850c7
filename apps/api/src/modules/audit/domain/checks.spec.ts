import { describe, expect, it } from 'vitest';
import { Findings } from './finding.js';
import { LateCheck } from './late-check.js';
import { LowWater } from './low-water.js';

const at = (seconds: number): string => new Date(Date.UTC(2026, 2, 1, 12) + seconds * 1000).toISOString();

describe('LateCheck', () => {
  const inserted = (...links: [eventId: number, seconds: number][]): string[] => {
    const findings = new Findings();
    const check = new LateCheck(findings);
    links.forEach(([id, seconds], i) => check.check({ seq: i + 1, eventId: String(id), chainedAt: at(seconds) }));
    return findings.list.flatMap((f) => f.event_ids);
  };

  it('takes events as they commit: in order, and somewhat late', () => {
    expect(inserted([1, 0], [2, 0], [5, 1], [3, 30], [4, 59], [6, 500])).toEqual([]);
  });

  it('names what was chained a minute after higher ones', () => {
    expect(inserted([1, 0], [5, 0], [7, 10], [4, 60], [6, 60], [6, 70], [8, 70])).toEqual(['4', '6']);
    expect(inserted([10, 0], [11, 1], [3, 4000], [12, 4000], [4, 4000])).toEqual(['3', '4']);
  });
});

describe('LowWater', () => {
  it('rises over an id when every transaction that could commit below it has ended, and a minute has passed', () => {
    const water = new LowWater();
    expect(water.id).toBe(0n);
    water.drained({ xmin: 100n, xmax: 105n, highest: 7n }, 0);
    water.drained({ xmin: 104n, xmax: 110n, highest: 9n }, 100_000); // 104 may hold an id below 7
    expect(water.id).toBe(0n);
    water.drained({ xmin: 105n, xmax: 111n, highest: 9n }, 100_500);
    expect(water.id).toBe(7n);
    water.drained({ xmin: 120n, xmax: 120n, highest: 12n }, 100_600); // all have ended, but a moment ago
    expect(water.id).toBe(7n);
    water.drained({ xmin: 120n, xmax: 130n, highest: 15n }, 161_000);
    expect(water.id).toBe(9n);
  });
});
