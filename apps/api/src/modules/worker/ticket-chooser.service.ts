import { Inject, Injectable, Logger } from '@nestjs/common';
import { parseTicketKey } from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { cleanText } from './domain/clean-text.js';
import type { TicketObject } from './domain/stored-ticket.js';
import { IntakeReads } from './intake-reads.repository.js';

const HOUR_MS = 3_600_000;
const ARCHIVED_BEFORE = 'this ticket was taken in and archived before';
const OTHER_BEFORE = 'another ticket was taken in under this key before';

/** Which listed tickets can be taken now: not those that were, nor those whose client has to come first. */
@Injectable()
export class TicketChooser {
  private readonly logger = new Logger(TicketChooser.name);

  constructor(
    private readonly reads: IntakeReads,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** New clients up to the hour's bound; the others wait in the bucket. */
  async startups(listed: readonly TicketObject[]): Promise<TicketObject[]> {
    const fresh = await this.notSeen(listed);
    const known = await this.knownClients(fresh);
    let room = await this.registrationRoom(fresh.some((t) => !known.has(pathClient(t))));
    const allowed = new Set<string>();
    const chosen = fresh.filter((ticket) => {
      const id = pathClient(ticket);
      if (id === '' || known.has(id) || allowed.has(id)) return true;
      if (room <= 0) return false;
      room--;
      allowed.add(id);
      return true;
    });
    if (chosen.length < fresh.length)
      this.logger.warn(
        `${fresh.length - chosen.length} Startup tickets wait: REKALL_REGISTRATIONS_PER_HOUR (${this.config.REKALL_REGISTRATIONS_PER_HOUR}) is reached`,
      );
    return chosen;
  }

  /** A status of a client that nobody knows waits for its Startup, up to an hour. */
  async others(listed: readonly TicketObject[]): Promise<TicketObject[]> {
    const fresh = await this.notSeen(listed);
    const known = await this.knownClients(fresh);
    const hourAgo = new Date(this.clock.now().getTime() - HOUR_MS);
    return fresh.filter((ticket) => {
      const id = pathClient(ticket);
      return id === '' || known.has(id) || ticket.lastModified < hourAgo;
    });
  }

  private async knownClients(tickets: readonly TicketObject[]): Promise<Set<string>> {
    const ids = new Set(tickets.map(pathClient).filter((id) => id !== ''));
    return new Set((await this.reads.clients(this.work.plain, [...ids])).keys());
  }

  private async registrationRoom(needed: boolean): Promise<number> {
    if (!needed) return 0;
    const hourAgo = new Date(this.clock.now().getTime() - HOUR_MS);
    return this.config.REKALL_REGISTRATIONS_PER_HOUR - (await this.reads.registeredSince(this.work.plain, hourAgo));
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
