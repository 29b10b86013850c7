import { expect, it } from 'vitest';
import { AgentClock } from './clock.js';

const NOON = Date.parse('2026-03-01T12:00:00.000Z');

it('takes over an offset of more than two minutes, and drops it when the clock was set', () => {
  let local = NOON;
  const clock = new AgentClock(() => local);
  clock.observe(new Date(NOON + 110_000));
  expect(clock.now()).toEqual(new Date(NOON));
  clock.observe(new Date(NOON + 3_600_000));
  expect([clock.offsetMs, clock.now()]).toEqual([3_600_000, new Date('2026-03-01T13:00:00.000Z')]);
  expect(clock.local()).toEqual(new Date(NOON));
  local += 3_600_000;
  clock.observe(new Date(local));
  expect(clock.offsetMs).toBe(0);
});

it('is never before the newest time that was signed', () => {
  const clock = new AgentClock(() => NOON);
  clock.notBefore('2026-03-02T00:00:00.000Z');
  clock.notBefore('2026-03-01T18:00:00.000Z');
  expect(clock.now()).toEqual(new Date('2026-03-02T00:00:00.000Z'));
});
