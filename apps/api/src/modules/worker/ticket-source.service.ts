import { Injectable } from '@nestjs/common';
import { keys } from '#wire';
import { mapLimit } from '../../platform/async/map-limit.js';
import { Store } from '../../platform/store/store.module.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { ticketClient, type TicketObject } from './domain/stored-ticket.js';

/** Tickets of one client in one turn of one prefix: who floods waits. */
const PER_CLIENT = 100;
/** LISTs of one prefix in one turn. */
const PAGES = 10;
/** Prefixes that are listed at once. */
const CHUNK = 8;
/** Bytes of one turn: what is read is held in memory. */
const TURN_BYTES = 64 * 1024 * 1024;

const STARTUP = `${keys.ticketsPrefix}Startup/`;
const STATUS_KINDS = [`${keys.ticketsPrefix}FlowStatus/`, `${keys.ticketsPrefix}HuntStatus/`];

/** A part of `tickets/` that has its turn: all tickets of one flow, all Startups, or what lies where nothing should. */
interface Unit {
  prefix: string;
  /** Only what lies directly in it; what is below has a turn of its own. */
  shallow: boolean;
}

/** What a turn found. `more`: there is something that had no room. */
export interface Turn {
  tickets: TicketObject[];
  more: boolean;
}

/** Which of the listed tickets can be taken now. */
export type Choose = (listed: readonly TicketObject[]) => Promise<TicketObject[]>;

/**
 * Finds tickets, fairly: each flow, each hunt and the Startups in turn, a bounded number of each and of one client.
 * Where a turn ends, the next one of that prefix goes on.
 */
@Injectable()
export class TicketSource {
  /** Where the next turn of a prefix begins, when its last one did not reach the end. */
  private readonly cursors = new Map<string, string>();

  constructor(
    private readonly store: Store,
    private readonly session: PgSession,
  ) {}

  /** One turn of the Startup tickets. `work` runs while this worker alone has them. */
  async startups(max: number, choose: Choose, work: (turn: Turn) => Promise<void>): Promise<void> {
    await this.turn([{ prefix: STARTUP, shallow: false }], max, choose, work);
  }

  /** One turn of everything else. */
  async others(max: number, choose: Choose, work: (turn: Turn) => Promise<void>): Promise<void> {
    const { units, more } = await this.discover();
    await this.turn(units, max, choose, (turn) => work({ ...turn, more: turn.more || more }));
  }

  /**
   * The prefixes that have something in them: at most a thousand of a kind, going on where the last look ended. The
   * known kinds are always looked at: names that sort before them cannot hide them.
   */
  private async discover(): Promise<{ units: Unit[]; more: boolean }> {
    const top = await this.store.bucket.list({ prefix: keys.ticketsPrefix, delimiter: '/' });
    const units: Unit[] = top.objects.length === 0 ? [] : [{ prefix: keys.ticketsPrefix, shallow: true }];
    for (const prefix of top.prefixes)
      if (prefix !== STARTUP && !STATUS_KINDS.includes(prefix)) units.push({ prefix, shallow: false });
    let more = top.next !== undefined;
    for (const kind of STATUS_KINDS) {
      const after = this.cursors.get(kind);
      const page = await this.store.bucket.list({
        prefix: kind,
        delimiter: '/',
        ...(after === undefined ? {} : { startAfter: after }),
      });
      if (page.objects.length > 0) units.push({ prefix: kind, shallow: true });
      units.push(...page.prefixes.map((prefix) => ({ prefix, shallow: false })));
      const last = page.prefixes.at(-1);
      if (page.next === undefined || last === undefined) this.cursors.delete(kind);
      else this.cursors.set(kind, `${last}~`);
      more ||= page.next !== undefined;
    }
    return { units, more };
  }

  private async turn(
    units: readonly Unit[],
    max: number,
    choose: Choose,
    work: (turn: Turn) => Promise<void>,
  ): Promise<void> {
    const tickets: TicketObject[] = [];
    const locked = new Set<string>();
    let more = false;
    let bytes = 0;
    try {
      for (let at = 0; at < units.length; at += CHUNK) {
        if (tickets.length >= max || bytes >= TURN_BYTES) {
          more = true;
          break;
        }
        const chunk = units.slice(at, at + CHUNK);
        const mine = await this.session.tryLock(chunk.map((u) => `tickets:${u.prefix}`));
        for (const name of mine) locked.add(name);
        const free = chunk.filter((u) => mine.has(`tickets:${u.prefix}`));
        const share = Math.max(1, Math.floor((max - tickets.length) / Math.max(1, free.length)));
        for (const found of await mapLimit(free, CHUNK, (unit) => this.take(unit, share, choose))) {
          tickets.push(...found.tickets);
          more ||= found.more;
          bytes += found.tickets.reduce((sum, t) => sum + t.size, 0);
        }
      }
      await work({ tickets, more });
    } finally {
      if (locked.size > 0) await this.session.unlock(locked);
    }
  }

  private async take(unit: Unit, max: number, choose: Choose): Promise<Turn> {
    const { prefix } = unit;
    const tickets: TicketObject[] = [];
    const perClient = new Map<string, number>();
    let skipped = false;
    let bytes = 0;
    for (let page = 0; page < PAGES; page++) {
      const after = this.cursors.get(prefix);
      const listed = await this.store.bucket.list({
        prefix,
        ...(unit.shallow ? { delimiter: '/' } : {}),
        ...(after === undefined ? {} : { startAfter: after }),
      });
      let capped = '';
      for (const ticket of await choose(listed.objects)) {
        const client = ticketClient(ticket.key);
        const taken = perClient.get(client) ?? 0;
        if (taken >= PER_CLIENT) {
          skipped = true;
          capped = client;
          continue;
        }
        if (tickets.length >= max || bytes >= TURN_BYTES) return { tickets, more: true };
        perClient.set(client, taken + 1);
        tickets.push(ticket);
        bytes += ticket.size;
        this.cursors.set(prefix, ticket.key);
      }
      const last = listed.objects.at(-1)?.key;
      if (listed.next !== undefined && tickets.length >= max) return { tickets, more: true };
      if (listed.next === undefined || last === undefined) {
        this.cursors.delete(prefix);
        return { tickets, more: skipped };
      }
      // past the rest of a client that has had its share
      this.cursors.set(
        prefix,
        capped !== '' && ticketClient(last) === capped ? `${last.slice(0, last.lastIndexOf('/') + 1)}~` : last,
      );
    }
    return { tickets, more: true };
  }
}
