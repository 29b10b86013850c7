/** Why a command stops before its end. */
export class Stopped extends Error {
  override readonly name = 'Stopped';

  constructor(readonly signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A terminal sends Ctrl-C to npm, to its script and to us; each of them may pass it on. That is one Ctrl-C. */
const SAME_WITHIN_MS = 1_000;

/**
 * Runs `work` with a signal that is aborted (reason: {@link Stopped}) by Ctrl-C and the like. A second Ctrl-C ends the
 * program at once; its children end with it.
 */
export const untilStopped = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const controller = new AbortController();
  let first: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (first !== undefined && performance.now() - first > SAME_WITHIN_MS) process.exit(130);
    first ??= performance.now();
    controller.abort(new Stopped(signal));
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
};

/** Resolves when the signal is aborted: Ctrl-C is how a command that serves ends well. */
export const stopAsked = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
