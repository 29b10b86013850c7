import { AUDIT_COLUMNS, auditEventHash, type AuditRow, auditRowText, parseAuditRow } from '#wire';
import type { Findings } from './finding.js';

/** What an event must be: its hash, and its row where that was sealed. */
export interface Expected {
  seq: number;
  eventId: string;
  eventHash: string;
  row: string | null;
}

interface Changed extends Expected {
  present: AuditRow;
}

const hashOf = (row: AuditRow): string => auditEventHash(auditRowText(row));

/** Ways in which two events can have been exchanged: each gives what `a` was before, from what both are now. */
const EXCHANGES: readonly ((a: AuditRow, b: AuditRow) => AuditRow)[] = [
  (a, b) => ({ ...b, id: a.id }), // all but the id
  (a, b) => ({ ...a, at: b.at }), // the times
  (_, b) => b, // not the events, but the links that name them
];

const isExchange = (a: Changed, b: Changed): boolean =>
  EXCHANGES.some(
    (before) =>
      hashOf(before(a.present, b.present)) === a.eventHash && hashOf(before(b.present, a.present)) === b.eventHash,
  );

/** Beyond this many changed events nobody exchanged two: the pairs are not tried. */
const MOST_PAIRED = 300;
const SHOWN = 200;

const shown = (value: string | null): string =>
  value === null ? 'NULL' : JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);

/** Holds events against what they must be. */
export class EventCheck {
  private readonly changed: Changed[] = [];

  constructor(private readonly findings: Findings) {}

  /** @param hasLink whether its link is still there: an event and its link that are gone are one finding */
  check(expected: Expected, present: AuditRow | undefined, hasLink: boolean): void {
    const { seq, eventId } = expected;
    if (present === undefined) {
      const said = expected.row === null ? '' : `; it was ${expected.row}`;
      const what = hasLink ? '' : ', with its link';
      this.findings.add('deleted', [eventId], [seq], `event ${eventId} (seq ${seq}) was deleted${what}${said}`);
      return;
    }
    if (!hasLink)
      this.findings.add('deleted', [eventId], [seq], `the link of event ${eventId} (seq ${seq}) was deleted`);
    if (hashOf(present) !== expected.eventHash) this.changed.push({ ...expected, present });
  }

  /** Tells edited events from exchanged ones; when all were checked. */
  finish(): void {
    const left = new Set(this.changed);
    if (left.size <= MOST_PAIRED)
      for (const a of this.changed)
        for (const b of this.changed) {
          if (a.seq >= b.seq || !left.has(a) || !left.has(b) || !isExchange(a, b)) continue;
          left.delete(a);
          left.delete(b);
          const which = `events ${a.eventId} (seq ${a.seq}) and ${b.eventId} (seq ${b.seq})`;
          this.findings.add('reordered', [a.eventId, b.eventId], [a.seq, b.seq], `${which} were swapped`);
        }
    for (const event of left) this.findings.add('edited', [event.eventId], [event.seq], editedMessage(event));
  }
}

const editedMessage = ({ eventId, seq, row, present }: Changed): string => {
  const start = `event ${eventId} (seq ${seq}) was edited`;
  if (row === null) return start;
  const before = parseAuditRow(row);
  const columns = AUDIT_COLUMNS.filter((name) => before[name] !== present[name]);
  return `${start}: ${columns.map((name) => `${name} was ${shown(before[name])}, is ${shown(present[name])}`).join('; ')}`;
};
