import { describe, expect, it } from 'vitest';
import { Bell } from './bell.js';

const FOREVER = 2 ** 30;

describe('a bell', () => {
  it('wakes who waits, and who comes after it rang, once', async () => {
    const stop = new AbortController();
    const bell = new Bell(stop.signal);
    const waiting = bell.wait(FOREVER);
    bell.ring();
    await waiting;
    bell.ring();
    await bell.wait(FOREVER);
    await bell.wait(1); // nothing rang: the time wakes
  });

  it('wakes everybody at the end', async () => {
    const stop = new AbortController();
    const bell = new Bell(stop.signal);
    const waiting = bell.wait(FOREVER);
    stop.abort();
    await waiting;
    await bell.wait(FOREVER);
    expect(stop.signal.aborted).toBe(true);
  });
});
