import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './client.js';
import { Hunt } from './models.js';

const LOOK_EVERY_MS = 300;

/** Clients that have reported a final state of the hunt, whichever. */
export const finished = ({ stats: s }: Hunt): number =>
  s.done + s.error + s.cancelled + s.crashed + s.rejected + s.skipped;

const ENDED = new Set(['Stopped', 'Completed', 'Refused']);

/** Whether nothing more is to be expected of the hunt. */
export const isOver = (hunt: Hunt): boolean =>
  ENDED.has(hunt.state) || (hunt.stats.expected > 0 && finished(hunt) >= hunt.stats.expected);

/**
 * Looks again and again until `enough`; undefined when the time is over before.
 * @param seen is told of each look
 */
export const watch = async <T>(options: {
  look: () => Promise<T>;
  enough: (value: T) => boolean;
  seen: (value: T) => void;
  withinMs: number;
  signal: AbortSignal;
}): Promise<T | undefined> => {
  const end = performance.now() + options.withinMs;
  for (;;) {
    options.signal.throwIfAborted();
    const value = await options.look();
    options.seen(value);
    if (options.enough(value)) return value;
    if (performance.now() > end) return undefined;
    await delay(LOOK_EVERY_MS);
  }
};

/** Reads a hunt. */
export const getHunt = (api: ApiClient, huntId: string): Promise<Hunt> => api.get(`/hunts/${huntId}`, {}, Hunt);
