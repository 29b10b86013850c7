/** An offset below this is left alone: it is what the network and coarse `Date` headers make. */
const MIN_OFFSET_MS = 2 * 60_000;

/**
 * The agent's time: its own plus an offset from the `Date` of TLS-authenticated answers when that exceeds two minutes,
 * and never before the newest `issued_at` that was verified (wire.md, section 4).
 */
export class AgentClock {
  #offsetMs = 0;
  #floorMs = 0;

  constructor(private readonly localMs: () => number = Date.now) {}

  /** The machine's own time; shown, never counted with. */
  local(): Date {
    return new Date(this.localMs());
  }

  /** The time that counts for dates, expiries and grants. */
  now(): Date {
    return new Date(Math.max(this.localMs() + this.#offsetMs, this.#floorMs));
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** A `Date` header of an answer; call it only for answers that came over TLS. */
  observe(serverDate: Date): void {
    const offset = serverDate.getTime() - this.localMs();
    this.#offsetMs = Math.abs(offset) > MIN_OFFSET_MS ? offset : 0;
  }

  /** An `issued_at` that was verified: time is not before it. */
  notBefore(issuedAt: string): void {
    this.#floorMs = Math.max(this.#floorMs, Date.parse(issuedAt));
  }
}
