import type { AuditLine } from '#wire';
import { chainHashOf, type Head, type Link } from './chain.js';
import type { Findings } from './finding.js';

interface Broken {
  link: Link;
  /** The chain hash before it, as recorded. */
  previous: string;
}

const MOST_PAIRED = 300;
const fits = (previous: string, link: Link): boolean => chainHashOf(previous, link) === link.chainHash;
const range = (from: number, to: number): string => (from === to ? `seq ${from}` : `seq ${from} to ${to}`);

/** Holds the links of audit_chain against what is sealed, or, where nothing is, against each other. */
export class LinkCheck {
  private readonly broken = new Map<number, Broken>();
  private readonly other: { link: Link; sealed: AuditLine }[] = [];

  constructor(private readonly findings: Findings) {}

  /** A link whose place is sealed. */
  sealed(link: Link, sealed: AuditLine): void {
    const same =
      link.eventId === sealed.event_id &&
      link.eventHash === sealed.event_hash &&
      link.chainedAt === sealed.chained_at &&
      link.chainHash === sealed.chain_hash;
    if (!same) this.other.push({ link, sealed });
  }

  /** Links after the head, in order, that are not sealed; answers the new head. */
  unsealed(head: Head, links: readonly Link[]): Head {
    let { seq, chainHash } = head;
    for (const link of links) {
      const hasGap = link.seq !== seq + 1;
      if (hasGap) this.gap(seq + 1, link.seq - 1);
      // after a gap the hash before is not known: the recorded one is where the rest is counted from
      else if (!fits(chainHash, link)) this.broken.set(link.seq, { link, previous: chainHash });
      ({ seq, chainHash } = link);
    }
    return { seq, chainHash };
  }

  /** Places that have no link. */
  gap(from: number, to: number): void {
    const seqs = Array.from({ length: Math.min(to - from + 1, 100) }, (_, i) => from + i);
    this.findings.add('deleted', [], seqs, `${range(from, to)} of the chain was deleted`);
  }

  /** Tells exchanged links from edited ones; when all were checked. */
  finish(): void {
    this.finishSealed();
    this.finishUnsealed();
  }

  private finishSealed(): void {
    const left = new Set(this.other);
    const sealedIds = new Set(this.other.map(({ sealed }) => sealed.event_id));
    if (left.size <= MOST_PAIRED)
      for (const a of this.other)
        for (const b of this.other) {
          if (a.link.seq >= b.link.seq || !left.has(a) || !left.has(b)) continue;
          if (a.link.eventId !== b.sealed.event_id || b.link.eventId !== a.sealed.event_id) continue;
          left.delete(a);
          left.delete(b);
          this.swapped(a.link, b.link);
        }
    for (const { link, sealed } of left) {
      const { seq, eventId } = link;
      if (eventId !== sealed.event_id && !sealedIds.has(eventId))
        this.findings.add(
          'inserted',
          [eventId],
          [seq],
          `event ${eventId} was inserted as seq ${seq}, where event ${sealed.event_id} is sealed`,
        );
      else
        this.findings.add(
          'edited',
          [eventId],
          [seq],
          `the link of seq ${seq} (event ${eventId}) is not the sealed one`,
        );
    }
  }

  private finishUnsealed(): void {
    const places = [...this.broken.keys()];
    if (places.length <= MOST_PAIRED) for (const i of places) for (const j of places) if (i < j) this.tryExchange(i, j);
    for (const { link } of this.broken.values())
      this.findings.add(
        'edited',
        [link.eventId],
        [link.seq],
        `seq ${link.seq} (event ${link.eventId}) does not follow from what stands before it: it was edited, or another was put in or taken out there`,
      );
  }

  /** Two links that fit when they are exchanged: whole, or only the events that they name. */
  private tryExchange(i: number, j: number): void {
    const a = this.broken.get(i);
    const b = this.broken.get(j);
    if (a === undefined || b === undefined) return;
    const named = (at: Link, from: Link): Link => ({ ...at, eventId: from.eventId, eventHash: from.eventHash });
    if (fits(a.previous, named(a.link, b.link)) && fits(b.previous, named(b.link, a.link))) {
      this.broken.delete(i);
      this.broken.delete(j);
      this.swapped(a.link, b.link);
      return;
    }
    const first = { ...b.link, seq: i };
    const second = { ...a.link, seq: j };
    if (!fits(a.previous, first) || !fits(j === i + 1 ? first.chainHash : b.previous, second)) return;
    this.broken.delete(i);
    this.broken.delete(j);
    this.swapped(a.link, b.link);
    this.forgive(i + 1, first.chainHash);
    this.forgive(j + 1, second.chainHash);
  }

  /** A link that only looked broken because the one before it was exchanged. */
  private forgive(seq: number, previous: string): void {
    const next = this.broken.get(seq);
    if (next !== undefined && fits(previous, next.link)) this.broken.delete(seq);
  }

  private swapped(a: Link, b: Link): void {
    this.findings.add(
      'reordered',
      [a.eventId, b.eventId],
      [a.seq, b.seq],
      `the links of seq ${a.seq} (now event ${a.eventId}) and seq ${b.seq} (now event ${b.eventId}) were swapped`,
    );
  }
}
