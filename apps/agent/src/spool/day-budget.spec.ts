import { beforeEach, describe, expect, it } from 'vitest';
import { DayBudget } from './day-budget.js';

let now: Date;
let limit: number | undefined;
let used: Map<string, number>;
let said: number[];
let budget: DayBudget;

beforeEach(() => {
  now = new Date('2026-03-01T18:00:00.000Z');
  limit = 1000;
  used = new Map();
  said = [];
  budget = new DayBudget({
    now: () => now,
    limit: () => limit,
    usedOn: (day) => used.get(day) ?? 0,
    add: (day, bytes) => Promise.resolve(void used.set(day, (used.get(day) ?? 0) + bytes)),
    onFull: (full) => said.push(full),
  });
});

describe('bytes of a day', () => {
  it('leave until they are used up, then wait for the next day (UTC), said once', async () => {
    expect(budget.waitMs(600)).toBe(0);
    await budget.used(600);
    expect(budget.waitMs(400)).toBe(0);
    expect(budget.waitMs(401)).toBe(6 * 3_600_000);
    expect(budget.waitMs(401)).toBe(6 * 3_600_000);
    expect(said).toEqual([1000]);
    now = new Date('2026-03-02T00:00:00.000Z');
    expect(budget.waitMs(401)).toBe(0);
  });

  it('what alone is more than a day may use leaves first on a day', async () => {
    expect(budget.waitMs(5000)).toBe(0);
    await budget.used(1);
    expect(budget.waitMs(5000)).toBeGreaterThan(0);
  });

  it('without a limit nothing waits and nothing is counted', async () => {
    limit = undefined;
    await budget.used(1e12);
    expect([budget.waitMs(1e12), used.size]).toEqual([0, 0]);
  });
});
