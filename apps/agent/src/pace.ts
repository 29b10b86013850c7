import { backoff } from '#locations/agent';

const FIRST_WAIT_MS = 1000;
const MAX_MANIFEST_WAIT_MS = 60_000;
/** The wait grows from poll_min to poll_max in so many polls. */
const STEPS = 10;
/** Agents that started together do not stay together. */
const JITTER = 0.1;
/** No store may make an agent wait longer. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** When to poll next: soon after something happened, ever later while nothing does. */
export class Pace {
  #seconds: number | undefined;
  #manifestTries = 0;
  #wake: (() => void) | undefined;
  #endsAt = 0;

  constructor(
    /** Seconds. */
    private readonly range: () => { min: number; max: number },
    private readonly random: () => number = Math.random,
  ) {}

  /** Something happened: the next poll comes after poll_min. */
  active(): void {
    const { min } = this.range();
    this.#seconds = undefined;
    if (this.#wake === undefined || this.#endsAt <= performance.now() + min * 1000) return;
    this.#wake();
  }

  /** The next wait in milliseconds; grows with each call until `active`. */
  nextMs(): number {
    const { min, max } = this.range();
    this.#seconds = this.#seconds === undefined ? min : Math.min(max, this.#seconds + (max - min) / STEPS);
    return this.#seconds * 1000 * (1 - JITTER + 2 * JITTER * this.random());
  }

  /** Waits until the next poll is due. */
  async wait(retryAfterMs: number, signal: AbortSignal): Promise<void> {
    const asked = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
    await this.#sleep(Math.max(this.nextMs(), asked), asked > 0, signal);
  }

  /** Waits before the Manifest is tried again: nothing works without it. */
  async waitBeforeManifest(retryAfterMs: number, signal: AbortSignal): Promise<void> {
    const attempt = ++this.#manifestTries;
    const ms = backoff({ attempt, firstMs: FIRST_WAIT_MS, maxMs: MAX_MANIFEST_WAIT_MS, random: this.random });
    await this.#sleep(Math.max(ms, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)), true, signal);
  }

  /** `fixed`: the store asked for this wait, nothing that happens here cuts it short. */
  async #sleep(ms: number, fixed: boolean, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), ms);
    const stopped = (): void => resolve(undefined);
    signal.addEventListener('abort', stopped, { once: true });
    this.#endsAt = performance.now() + ms;
    if (!fixed) {
      this.#wake = () => {
        // Something happened in the middle of a long wait: poll_min from now.
        clearTimeout(timer);
        const { min } = this.range();
        this.#endsAt = performance.now() + min * 1000;
        setTimeout(() => resolve(undefined), min * 1000);
        this.#wake = undefined;
      };
    }
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', stopped);
    this.#wake = undefined;
  }
}
