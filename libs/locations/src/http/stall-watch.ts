import { performance } from 'node:perf_hooks';

/**
 * Watches a body that is sent: aborts its signal, with a TimeoutError, when neither `touch` nor `sent` was called for
 * `timeoutMs` milliseconds.
 */
export class StallWatch {
  readonly #abort = new AbortController();
  readonly #startMs = performance.now();
  #timer: NodeJS.Timeout;

  constructor(private readonly timeoutMs: number) {
    this.#timer = this.#start(timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The connection took another piece. */
  touch(): void {
    this.#timer.refresh();
  }

  /**
   * The connection took the last piece. What lies in its buffers may need about as long as the rest did, unseen, before the peer has it
   * all and answers: so the limit grows with that, up to six times.
   */
  sent(): void {
    const soFarMs = performance.now() - this.#startMs;
    clearTimeout(this.#timer);
    this.#timer = this.#start(this.timeoutMs + Math.min(2 * soFarMs, 5 * this.timeoutMs));
  }

  /** The end: nothing is aborted any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(limitMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#abort.abort(new DOMException(`nothing moved for ${Math.round(limitMs)} ms`, 'TimeoutError'));
    }, limitMs);
  }
}
