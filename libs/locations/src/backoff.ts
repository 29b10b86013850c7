import { setTimeout as delay } from 'node:timers/promises';
import { parseHttpDate } from './http/http-date.js';

/** No server may make us wait longer than this by `Retry-After`: one hour, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Full jitter: how long to wait after the failure number `attempt` (1, 2, ...), in whole milliseconds: anywhere from 0 to
 * `firstMs` doubled with each attempt, never above `maxMs`. `random` gives numbers from 0 (included) to 1 (excluded).
 */
export function backoff(options: { attempt: number; firstMs: number; maxMs: number; random: () => number }): number {
  const doublings = Math.min(Math.max(options.attempt, 1) - 1, 52);
  const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** doublings);
  return Math.floor(options.random() * ceiling);
}

/** Waits; rejects with the signal's reason when it is aborted. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export const sleepFor: Sleep = async (ms, signal) => {
  signal?.throwIfAborted();
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
};

/**
 * A `Retry-After` header in milliseconds, at most one hour: seconds, or a date, which is taken relative to the answer's own `Date`
 * so that our clock does not matter. Undefined when absent or not readable.
 */
export const parseRetryAfter = (value: string | undefined, serverDate: Date | undefined): number | undefined => {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS);
  const at = parseHttpDate(text);
  if (at === undefined || serverDate === undefined) return undefined;
  return Math.min(Math.max(at.getTime() - serverDate.getTime(), 0), MAX_RETRY_AFTER_MS);
};
