import { AUDIT_GENESIS, auditChainHash, auditEventHash, type AuditRow, auditRowText } from '#wire';

/** One link of the chain as it lies in audit_chain. */
export interface Link {
  seq: number;
  eventId: string;
  eventHash: string;
  /** RFC 3339 with milliseconds. */
  chainedAt: string;
  chainHash: string;
}

/** Where the chain ends. */
export interface Head {
  seq: number;
  chainHash: string;
}

/** The end of an empty chain. */
export const GENESIS: Head = { seq: 0, chainHash: AUDIT_GENESIS };

/** The chain hash that belongs to a link after `previous`. */
export const chainHashOf = (previous: string, link: Omit<Link, 'chainHash' | 'eventId'>): string =>
  auditChainHash({ previous, seq: link.seq, eventHash: link.eventHash, chainedAt: link.chainedAt });

/** Events as links after the head, in the order given. */
export const linksAfter = (head: Head, rows: readonly AuditRow[], chainedAt: string): Link[] => {
  let { seq, chainHash } = head;
  return rows.map((row) => {
    seq++;
    const eventHash = auditEventHash(auditRowText(row));
    chainHash = chainHashOf(chainHash, { seq, eventHash, chainedAt });
    return { seq, eventId: row.id ?? '', eventHash, chainedAt, chainHash };
  });
};
