import type { QuarantineReason, Ticket, TicketKey } from '#wire';

/** A ticket as a listing shows it. */
export interface TicketObject {
  key: string;
  etag: string;
  /** The store's time: the one that counts. */
  lastModified: Date;
  size: number;
  /** Set when something was taken in under this key before: why it is put aside. */
  replay?: string;
}

/** With its bytes; undefined when it is too large to be read. */
export interface StoredTicket extends TicketObject {
  body: Buffer | undefined;
}

/** Why a ticket is put aside. */
export interface Fault {
  reason: QuarantineReason;
  detail: string;
}

/** A ticket that holds by itself: its signature fits, its path says what its content says. */
export interface SoundTicket {
  stored: StoredTicket;
  path: TicketKey;
  ticket: Ticket;
  /** SHA-256 of the key that signed it. */
  identity: string;
}

/** One that does not. `path` is undefined when its key is none that an honest agent writes. */
export interface FaultyTicket {
  stored: StoredTicket;
  path: TicketKey | undefined;
  fault: Fault;
}

export type OpenedTicket = SoundTicket | FaultyTicket;

export const isFaulty = (ticket: OpenedTicket): ticket is FaultyTicket => 'fault' in ticket;

/** Whose a key says it is, for fairness only: keys without a client share one name. */
export const ticketClient = (key: string): string => /\/(C\.[0-9a-f]{16})\//.exec(key)?.[1] ?? '';
