import { isFinal, type StatusTicket, ticketObjects } from '#wire';
import { cleanJson, cleanText } from './clean-text.js';
import { rowsOf } from './claims.js';

/** What became of a flow on one client: the row that tickets change. */
export interface FlowRun {
  flowId: string;
  clientId: string;
  attempt: number;
  state: string;
  startedAt: Date | null;
  finishedAt: Date | null;
  updatedAt: Date;
  ticketKey: string;
  error: string | null;
  backtrace: string | null;
  progress: unknown;
  resources: unknown;
  logs: unknown;
  rows: bigint;
  bytes: bigint;
}

/** A ticket with where and when it came. */
export interface Arrival {
  key: string;
  at: Date;
  ticket: StatusTicket;
}

/** What a ticket did to a run. `after_final`: recorded, changed nothing. */
export interface Transition {
  run: FlowRun;
  verdict: 'accepted' | 'after_final';
}

/** Pending < Started < Expired < final. */
const rank = (state: string): number => (isFinal(state) ? 3 : state === 'Expired' ? 2 : state === 'Started' ? 1 : 0);

const earlier = (a: Date | null, b: Date): Date => (a === null || b < a ? b : a);

const fresh = ({ key, at, ticket }: Arrival, startedAt: Date): FlowRun => {
  const collections = [
    ...ticket.collections,
    ...(ticket.files_collection === undefined ? [] : [ticket.files_collection]),
  ];
  return {
    flowId: ticket.flow_id,
    clientId: ticket.client_id,
    attempt: ticket.attempt,
    state: ticket.state,
    startedAt,
    finishedAt: isFinal(ticket.state) ? at : null,
    updatedAt: at,
    ticketKey: key,
    error: ticket.error === undefined ? null : cleanText(ticket.error),
    backtrace: ticket.backtrace === undefined ? null : cleanText(ticket.backtrace),
    progress: cleanJson(ticket.progress),
    resources: cleanJson(ticket.resources),
    logs: cleanJson(ticket.logs),
    rows: BigInt(collections.reduce((sum, c) => sum + rowsOf(c), 0)),
    bytes: BigInt(ticketObjects(ticket).reduce((sum, o) => sum + o.stored_bytes, 0)),
  };
};

/**
 * Applies one ticket. The highest attempt counts; in it the first final state wins, and what is not final changes
 * nothing but the start when it comes late.
 */
export const applyTicket = (run: FlowRun | undefined, arrival: Arrival): Transition => {
  const { ticket, at } = arrival;
  if (run === undefined || ticket.attempt > run.attempt) return { run: fresh(arrival, at), verdict: 'accepted' };
  if (ticket.attempt < run.attempt) return { run, verdict: isFinal(ticket.state) ? 'after_final' : 'accepted' };
  if (isFinal(ticket.state) && isFinal(run.state)) return { run, verdict: 'after_final' };
  const startedAt = earlier(run.startedAt, at);
  const isNews =
    rank(ticket.state) > rank(run.state) || (rank(ticket.state) === rank(run.state) && at >= run.updatedAt);
  return { run: isNews ? fresh(arrival, startedAt) : { ...run, startedAt }, verdict: 'accepted' };
};
