import type { Abortable, Meter } from './limits.js';

/** The longest time that a timer can be set to, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What a promise yields, unless the time of the evaluation is over or its signal aborted before: then its error. */
export async function waited<T>(promise: Promise<T>, meter: Meter, signal: Abortable | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    // A timer may fire a little before the clock says so: then it is set again.
    const look = (): void => {
      clearTimeout(timer);
      try {
        meter.look();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      const remaining = meter.remaining();
      if (remaining < LONGEST_TIMER) timer = setTimeout(look, Math.max(0, remaining) + 1);
    };
    look();
    signal?.addEventListener?.('abort', look);
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener?.('abort', look);
    };
    promise.then(resolve, reject).finally(over);
  });
}
