import { Injectable, Logger } from '@nestjs/common';
import { isFinal, keys, MAX_TICKET_BYTES, parseTicketKey, readTicket, Refusal, type StatusTicket } from '#wire';
import { Store } from '../../platform/store/store.module.js';

/** A ticket that lies in the bucket and that the worker has not taken in yet. */
export interface UnprocessedTicket {
  key: string;
  lastModified: Date;
  ticket: StatusTicket;
}

/** The newest tickets looked at for one flow: more than an honest agent leaves. */
const MOST = 20;

/**
 * Looks for what an agent has already said of a flow: one LIST of its own ticket prefix. What it finds is shown with
 * `(*)`: verified, not yet counted.
 */
@Injectable()
export class UnprocessedTickets {
  private readonly logger = new Logger(UnprocessedTickets.name);

  constructor(private readonly store: Store) {}

  /** The newest valid ticket: a final one before any other. */
  async newest(
    flowId: string,
    clientId: string,
    expected: { identity: string; specDigest: string },
  ): Promise<UnprocessedTicket | undefined> {
    const { objects } = await this.store.bucket.list({ prefix: keys.statusTicketsOf(flowId, clientId), maxKeys: 1000 });
    const newestFirst = objects.sort((a, b) => b.lastModified.getTime() - a.lastModified.getTime());
    const valid: UnprocessedTicket[] = [];
    for (const object of newestFirst.slice(0, MOST)) {
      const ticket = await this.read(object.key, expected);
      if (ticket !== undefined) valid.push({ key: object.key, lastModified: object.lastModified, ticket });
    }
    valid.sort(
      (a, b) => Number(isFinal(b.ticket.state)) - Number(isFinal(a.ticket.state)) || b.ticket.seq - a.ticket.seq,
    );
    return valid[0];
  }

  private async read(
    key: string,
    expected: { identity: string; specDigest: string },
  ): Promise<StatusTicket | undefined> {
    const path = parseTicketKey(key);
    if (path === undefined) return undefined;
    const got = await this.store.bucket.get(key, { maxBytes: MAX_TICKET_BYTES });
    if (got.kind !== 'found') return undefined; // the worker took it meanwhile
    try {
      const { ticket, identity } = await readTicket(got.body.toString('utf8'), path.kind);
      const theirs =
        ticket.__type__ !== 'Startup' &&
        ticket.nonce === path.nonce &&
        ticket.seq === path.seq &&
        identity === expected.identity &&
        ticket.spec_digest === expected.specDigest;
      return theirs ? ticket : undefined;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.logger.warn(`ticket ${key} is not shown: ${error.message}`); // the worker quarantines it with the reason
      return undefined;
    }
  }
}
