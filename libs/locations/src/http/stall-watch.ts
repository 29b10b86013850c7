/** Aborts its signal, with a TimeoutError, when `touch` was not called for `timeoutMs` milliseconds. */
export class StallWatch {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.#timer = setTimeout(() => {
      this.#abort.abort(new DOMException(`nothing moved for ${timeoutMs} ms`, 'TimeoutError'));
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Something moved. */
  touch(): void {
    this.#timer.refresh();
  }

  /** The end: nothing is aborted any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
