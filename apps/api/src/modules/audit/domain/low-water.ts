/** What Postgres says of running transactions at one moment, and the highest event id that is visible then. */
export interface Horizon {
  /** Every transaction below has ended. */
  xmin: bigint;
  /** No transaction from here on has begun. */
  xmax: bigint;
  highest: bigint;
}

/** A transaction draws its event's id a moment before it gets its own number; this is far longer than that moment. */
const SETTLE_MS = 60_000;

/**
 * Up to which event id nothing can come any more, so that the search for unchained events need not look there. An id is
 * settled when every transaction that was running, or had ended, while a higher id was visible has ended, and everything
 * visible after that was chained. Ids are drawn before they commit, so the highest chained id says nothing.
 */
export class LowWater {
  private settledId = 0n;
  private mark: { id: bigint; xmax: bigint; atMs: number } | undefined;

  /** Events up to this id are chained, and none can come. */
  get id(): bigint {
    return this.settledId;
  }

  /** Tells that everything that was visible at the horizon, or later, is chained. */
  drained(seen: Horizon, nowMs: number): void {
    const { mark } = this;
    if (mark !== undefined) {
      if (seen.xmin < mark.xmax || nowMs - mark.atMs < SETTLE_MS) return;
      this.settledId = mark.id;
    }
    this.mark = { id: seen.highest, xmax: seen.xmax, atMs: nowMs };
  }
}
