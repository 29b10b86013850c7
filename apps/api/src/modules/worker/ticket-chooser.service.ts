import { Injectable } from '@nestjs/common';
import { parseTicketKey } from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { cleanText } from './domain/clean-text.js';
import type { TicketObject } from './domain/stored-ticket.js';
import { IntakeReads } from './intake-reads.repository.js';
import { RegistrationGate } from './registration-gate.service.js';

const HOUR_MS = 3_600_000;
const ARCHIVED_BEFORE = 'this ticket was taken in and archived before';
const OTHER_BEFORE = 'another ticket was taken in under this key before';

/** Which listed tickets can be taken now: not those that were, nor those whose client has to come first. */
@Injectable()
export class TicketChooser {
  constructor(
    private readonly reads: IntakeReads,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly gate: RegistrationGate,
  ) {}

  /** Before each turn of the Startups. */
  beginTurn(): void {
    this.gate.beginTurn();
  }

  /** All of registered clients; new ones as far as the gate lets them, the others wait in the bucket. */
  async startups(listed: readonly TicketObject[]): Promise<TicketObject[]> {
    const fresh = await this.notSeen(listed);
    const known = await this.knownClients(fresh);
    const unknown = new Set(fresh.map(pathClient).filter((id) => id !== '' && !known.has(id)));
    const admitted = await this.gate.admit(listed[0]?.key ?? '', unknown);
    return fresh.filter((ticket) => {
      const id = pathClient(ticket);
      return !unknown.has(id) || admitted.has(id);
    });
  }

  /**
   * A status of a client that nobody knows waits for its Startup, up to an hour; for longer while new clients have to
   * wait to be registered.
   */
  async others(listed: readonly TicketObject[]): Promise<TicketObject[]> {
    const fresh = await this.notSeen(listed);
    const known = await this.knownClients(fresh);
    const hourAgo = new Date(this.clock.now().getTime() - HOUR_MS);
    const isLate = (ticket: TicketObject): boolean =>
      !known.has(pathClient(ticket)) && ticket.lastModified < hourAgo && pathClient(ticket) !== '';
    const lateMayWait = fresh.some(isLate) && (await this.gate.isLimited());
    return fresh.filter((ticket) => {
      const id = pathClient(ticket);
      return id === '' || known.has(id) || (isLate(ticket) && !lateMayWait);
    });
  }

  private async knownClients(tickets: readonly TicketObject[]): Promise<Set<string>> {
    const ids = new Set(tickets.map(pathClient).filter((id) => id !== ''));
    return new Set((await this.reads.clients(this.work.plain, [...ids])).keys());
  }

  /**
   * Leaves out what was taken in and waits for the archive. What was taken in before under the same key, archived or
   * with other bytes, is chosen once more, to be put aside.
   */
  private async notSeen(listed: readonly TicketObject[]): Promise<TicketObject[]> {
    const names = listed.map((t) => cleanText(t.key));
    const seen = await this.reads.seen(this.work.plain, names);
    if (seen.size === 0) return [...listed];
    const waiting = await this.reads.waitingInQuarantine(this.work.plain, [...seen.keys()]);
    return listed.flatMap((ticket) => {
      const name = cleanText(ticket.key);
      const before = seen.get(name);
      if (before === undefined) return ticket;
      const same = before.etag === ticket.etag;
      if ((same && !before.archived) || waiting.has(`${name} ${ticket.etag}`)) return [];
      return { ...ticket, replay: same ? ARCHIVED_BEFORE : OTHER_BEFORE };
    });
  }
}

const pathClient = (ticket: TicketObject): string => parseTicketKey(ticket.key)?.clientId ?? '';
