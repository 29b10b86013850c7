/** What was done to the log: to a row, to its place, or to what is sealed of it. */
export const FINDING_KINDS = ['edited', 'deleted', 'inserted', 'reordered', 'segment'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One thing that is not as it was chained or sealed. */
export interface Finding {
  kind: FindingKind;
  /** The events concerned, by id; none where only a segment is. */
  event_ids: string[];
  /** Their places in the chain. */
  seqs: number[];
  message: string;
}

const MOST = 1000;

/** Findings in the order in which they are made, up to a thousand. */
export class Findings {
  readonly list: Finding[] = [];
  /** There were more than are listed. */
  more = false;

  add(kind: FindingKind, eventIds: readonly string[], seqs: readonly number[], message: string): void {
    if (this.list.length < MOST) this.list.push({ kind, event_ids: [...eventIds], seqs: [...seqs], message });
    else this.more = true;
  }
}
