/** So many parts of large files lie on the disk at once: one is uploaded while the next is made. */
const MAX_PARTS = 2;

/** Lets a flow make parts only as fast as they leave. */
export class PartGate {
  #outstanding: number;
  #wake: (() => void) | undefined;

  /**
   * @param onWait it has to wait now
   * @param waiting parts that lie on the disk already
   */
  constructor(
    private readonly onWait: () => void,
    waiting = 0,
  ) {
    this.#outstanding = waiting;
  }

  /** Resolves when one more part may be made; counts it. */
  async room(): Promise<void> {
    while (this.#outstanding >= MAX_PARTS) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => resolve(undefined);
      this.onWait();
      await promise;
    }
    this.#outstanding += 1;
  }

  /** One part has left. */
  left(): void {
    this.#outstanding = Math.max(0, this.#outstanding - 1);
    this.#wake?.();
    this.#wake = undefined;
  }
}
