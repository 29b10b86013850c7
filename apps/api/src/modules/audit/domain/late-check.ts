import type { Findings } from './finding.js';

/** No transaction of ours lasts half as long. */
const LATE_MS = 60_000;

/**
 * Finds events that were chained long after events with higher ids: an honest one draws its id and commits within
 * seconds, so one that comes later was put in later. Links are told in the order of the chain.
 */
export class LateCheck {
  private readonly recent: { id: bigint; atMs: number }[] = [];
  private floor = 0n;

  constructor(private readonly findings: Findings) {}

  check(link: { seq: number; eventId: string; chainedAt: string }): void {
    const id = BigInt(link.eventId);
    const atMs = Date.parse(link.chainedAt);
    for (let first = this.recent[0]; first !== undefined && first.atMs <= atMs - LATE_MS; first = this.recent[0]) {
      this.floor = first.id;
      this.recent.shift();
    }
    if (id < this.floor)
      this.findings.add(
        'inserted',
        [link.eventId],
        [link.seq],
        `event ${link.eventId} was chained as seq ${link.seq} at ${link.chainedAt}, more than ${LATE_MS / 1000} s after events with higher ids: it was inserted later`,
      );
    const last = this.recent.at(-1);
    if (last === undefined || last.atMs !== atMs) {
      if (id > (last?.id ?? this.floor)) this.recent.push({ id, atMs });
    } else if (id > last.id) last.id = id;
  }
}
