import { expect, it } from 'vitest';
import { Pace } from './pace.js';

it('waits poll_min after something happened, and ever longer up to poll_max while nothing does', () => {
  const pace = new Pace(
    () => ({ min: 5, max: 60 }),
    () => 0.5,
  );
  const waits = Array.from({ length: 12 }, () => pace.nextMs());
  expect(waits.slice(0, 3)).toEqual([5000, 10_500, 16_000]);
  expect(waits.slice(-2)).toEqual([60_000, 60_000]);
  pace.active();
  expect(pace.nextMs()).toBe(5000);
});

it('spreads agents by a tenth to either side', () => {
  expect(
    new Pace(
      () => ({ min: 10, max: 10 }),
      () => 0,
    ).nextMs(),
  ).toBe(9000);
  expect(
    new Pace(
      () => ({ min: 10, max: 10 }),
      () => 1,
    ).nextMs(),
  ).toBe(11_000);
});

it('a stop ends a wait at once', async () => {
  const abort = new AbortController();
  const waited = new Pace(() => ({ min: 3600, max: 3600 })).wait(0, abort.signal);
  abort.abort();
  await expect(waited).resolves.toBeUndefined();
});

it('something that happens cuts a long wait short, unless the store asked for it', async () => {
  let min = 3600;
  const pace = new Pace(() => ({ min, max: 3600 }));
  const { signal } = new AbortController();
  const waited = pace.wait(0, signal);
  min = 0.01;
  pace.active();
  await waited;

  const asked = new AbortController();
  const fixed = pace.wait(3_600_000, asked.signal);
  pace.active();
  await expect(Promise.race([fixed.then(() => 'polled'), waited.then(() => 'still waiting')])).resolves.toBe(
    'still waiting',
  );
  asked.abort();
  await fixed;
});
