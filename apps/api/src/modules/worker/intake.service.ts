import { Injectable, Logger } from '@nestjs/common';
import { PreconditionFailed, TooLarge } from '#locations';
import { MAX_TICKET_BYTES, parseTicketKey } from '#wire';
import { mapLimit } from '../../platform/async/map-limit.js';
import { Store } from '../../platform/store/store.module.js';
import { FlowLifecycle } from '../tasking/index.js';
import { openTicket } from './domain/open-ticket.js';
import {
  type FaultyTicket,
  isFaulty,
  type OpenedTicket,
  type StoredTicket,
  type TicketObject,
} from './domain/stored-ticket.js';
import { TicketBodies } from './ticket-bodies.js';
import { TicketChooser } from './ticket-chooser.service.js';
import { TicketSink } from './ticket-sink.service.js';
import { TicketSource, type Turn } from './ticket-source.service.js';

const TURN = 1000;
const GETS = 32;

/** What a round did. */
export interface Round {
  /** Tickets that were taken in or put aside. */
  taken: number;
  /** There may be more at once. */
  more: boolean;
}

/** Takes tickets in: finds, reads, verifies and commits them, a batch at a time. */
@Injectable()
export class IntakeService {
  private readonly logger = new Logger(IntakeService.name);

  constructor(
    private readonly source: TicketSource,
    private readonly sink: TicketSink,
    private readonly chooser: TicketChooser,
    private readonly store: Store,
    private readonly lifecycle: FlowLifecycle,
    private readonly bodies: TicketBodies,
  ) {}

  /** One turn of the Startups, then one of everything else. */
  async round(): Promise<Round> {
    const round: Round = { taken: 0, more: false };
    const hunts = new Set<string>();
    const take = async (turn: Turn): Promise<void> => {
      round.more ||= turn.more;
      if (turn.tickets.length === 0) return;
      const opened = await this.read(turn.tickets);
      const done = await this.sink.takeIn(opened, { occasion: 'intake' });
      for (const ticket of opened) this.remember(ticket);
      for (const hunt of done.huntsWithFinals) hunts.add(hunt);
      round.taken += opened.length;
    };
    this.chooser.beginTurn();
    await this.source.startups(TURN, (listed) => this.chooser.startups(listed), take);
    await this.source.others(TURN, (listed) => this.chooser.others(listed), take);
    if (hunts.size > 0 && !round.more) await this.lifecycle.complete([...hunts]);
    return round;
  }

  /** Until nothing is left that can be taken now; `between` runs after each round. */
  async drain(between?: () => Promise<void>): Promise<number> {
    let taken = 0;
    for (let round = await this.round(); ; round = await this.round()) {
      taken += round.taken;
      await between?.();
      if (round.taken === 0 && !round.more) return taken;
    }
  }

  private async read(tickets: readonly TicketObject[]): Promise<OpenedTicket[]> {
    const opened = await mapLimit(tickets, GETS, async (object) => {
      const stored = await this.get(object);
      if (stored === undefined) return undefined; // another worker archived it meanwhile, or it was written again
      return object.replay === undefined ? this.open(stored) : replayed(stored, object.replay);
    });
    return opened.filter((ticket) => ticket !== undefined);
  }

  private remember(ticket: OpenedTicket): void {
    const { key, etag, body } = ticket.stored;
    if (!isFaulty(ticket) && body !== undefined) this.bodies.keep(key, etag, body);
  }

  private async get(object: TicketObject): Promise<StoredTicket | undefined> {
    if (object.size > MAX_TICKET_BYTES) return { ...object, body: undefined };
    try {
      const got = await this.store.bucket.get(object.key, { maxBytes: MAX_TICKET_BYTES, ifMatch: object.etag });
      return got.kind === 'found' ? { ...object, body: got.body } : undefined;
    } catch (error) {
      if (error instanceof PreconditionFailed || error instanceof TooLarge) return undefined;
      throw error;
    }
  }

  /** What no rule foresaw must not stop all other tickets: it is put aside, and the log has the reason. */
  private async open(stored: StoredTicket): Promise<OpenedTicket> {
    try {
      return await openTicket(stored);
    } catch (error) {
      this.logger.error({ msg: `a ticket could not be judged: ${stored.key}`, err: error });
      const detail = `could not be judged: ${error instanceof Error ? error.message : String(error)}`;
      return { stored, path: parseTicketKey(stored.key), fault: { reason: 'malformed', detail } };
    }
  }
}

const replayed = (stored: StoredTicket, detail: string): FaultyTicket => ({
  stored,
  path: parseTicketKey(stored.key),
  fault: { reason: 'replay', detail },
});
