import { isFinal, RESOURCE_EXCEEDED, type Ticket } from '#wire';
import type { Arrival, FlowRun } from './flow-run.js';

/** A good ticket, and what it did. */
export interface Sign {
  /** The store's time. */
  at: Date;
  ticket: Ticket;
  /** It ended its attempt. */
  ends: boolean;
  /** What it ended had begun and should have ended by then. */
  overdueSince?: Date | undefined;
}

/** What the tickets of one batch say of one client: added to its record. Times in ISO 8601. */
export interface ClientNews {
  id: string;
  first: string;
  last: string;
  clockOffsetMs: number | null;
  clockAt: string | null;
  crashes: number;
  crashedAt: string | null;
  overQuota: number;
  overQuotaAt: string | null;
  overdue: number;
  overdueAt: string | null;
}

/** Milliseconds that the time in a ticket is ahead of the store's. */
export const clockOffsetMs = (ticket: Ticket, at: Date): number => Date.parse(ticket.local_time) - at.getTime();

/**
 * Since when what a ticket ends should have ended, if it had begun and this is after the flow's time. One that became
 * Expired was counted then.
 * @param expiresAt of the flow
 */
export const overdueSince = (
  run: FlowRun | undefined,
  { ticket, at }: Arrival,
  expiresAt: Date | undefined,
): Date | undefined => {
  const ends = run?.state === 'Started' && run.attempt === ticket.attempt && isFinal(ticket.state);
  return ends && expiresAt !== undefined && at > expiresAt ? expiresAt : undefined;
};

/**
 * Tickets come late and never early. So a clock that is fast shows in every one; one that is slow only in those that
 * leave at once: a final one is made before the results that it waits for are sent.
 */
const showsClock = ({ ticket, at }: Sign): boolean =>
  ticket.__type__ === 'Startup' || !isFinal(ticket.state) || clockOffsetMs(ticket, at) > 0;

const newest = (times: readonly Date[]): string | null =>
  times.length === 0 ? null : new Date(Math.max(...times.map((time) => time.getTime()))).toISOString();

const times = (signs: readonly Sign[]): Date[] => signs.map(({ at }) => at);

const crashed = ({ ticket, ends }: Sign): boolean =>
  ends && ticket.__type__ !== 'Startup' && ticket.state === 'Crashed';

const exceeded = ({ ticket, ends }: Sign): boolean =>
  ends &&
  ticket.__type__ !== 'Startup' &&
  ticket.state === 'Error' &&
  (ticket.error?.startsWith(`${RESOURCE_EXCEEDED}: `) ?? false);

/** Sums up a batch: one entry a client. */
export const newsOf = (signs: readonly Sign[]): ClientNews[] =>
  [...Map.groupBy(signs, ({ ticket }) => ticket.client_id)].map(([id, of]) => {
    const arrived = of.map(({ at }) => at.toISOString()).sort();
    const clock = of
      .filter(showsClock)
      .sort((a, b) => a.at.getTime() - b.at.getTime() || a.ticket.seq - b.ticket.seq)
      .at(-1);
    const crashes = of.filter(crashed);
    const overQuota = of.filter(exceeded);
    const overdue = of.flatMap((sign) => sign.overdueSince ?? []);
    return {
      id,
      first: arrived[0] ?? '',
      last: arrived.at(-1) ?? '',
      clockOffsetMs: clock === undefined ? null : clockOffsetMs(clock.ticket, clock.at),
      clockAt: clock?.at.toISOString() ?? null,
      crashes: crashes.length,
      crashedAt: newest(times(crashes)),
      overQuota: overQuota.length,
      overQuotaAt: newest(times(overQuota)),
      overdue: overdue.length,
      overdueAt: newest(overdue),
    };
  });
