/** How many bytes of results may leave in a day (UTC); counted in the state, so that a restart changes nothing. */
export class DayBudget {
  #saidFor: string | undefined;

  constructor(
    private readonly deps: {
      now: () => Date;
      /** Undefined: as many as it likes. */
      limit: () => number | undefined;
      usedOn: (day: string) => number;
      add: (day: string, bytes: number) => Promise<void>;
      /** Said once a day: results wait for the next one. */
      onFull: (limit: number) => void;
    },
  ) {}

  /** Milliseconds until so many bytes may leave: 0, or until the next day. What alone is more than a day's worth leaves first on a day. */
  waitMs(bytes: number): number {
    const limit = this.deps.limit();
    if (limit === undefined) return 0;
    const now = this.deps.now();
    const day = dayOf(now);
    const used = this.deps.usedOn(day);
    if (used === 0 || used + bytes <= limit) return 0;
    if (this.#saidFor !== day) this.deps.onFull(limit);
    this.#saidFor = day;
    return Date.parse(`${day}T00:00:00.000Z`) + 86_400_000 - now.getTime();
  }

  used(bytes: number): Promise<void> {
    return this.deps.limit() === undefined ? Promise.resolve() : this.deps.add(dayOf(this.deps.now()), bytes);
  }
}

const dayOf = (now: Date): string => now.toISOString().slice(0, 10);
