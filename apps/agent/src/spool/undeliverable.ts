import { readFile } from 'node:fs/promises';
import { parseJson, parseMessage, parseSignedFile, MAX_TICKET_BYTES, Ticket } from '#wire';
import type { Logger } from '../logger.js';
import type { StateStore } from '../state/state-store.js';
import type { Tickets } from '../tickets.js';
import type { Spool } from './spool.js';
import type { SpoolItem } from './spool-item.js';

/** The ticket in a spool item of our own. */
const ticketIn = async (spool: Spool, item: SpoolItem): Promise<Ticket> => {
  const file = parseSignedFile(await readFile(spool.dataPath(item), 'utf8'), item.key, MAX_TICKET_BYTES);
  return parseMessage(Ticket, parseJson(file.payload, item.key, MAX_TICKET_BYTES), item.key);
};

/**
 * The store will never take this item. A ticket is dropped, and said. A result is dropped with the other results of its
 * flow, and the final ticket, not yet sent, becomes Error with the reason: a ticket names only what is in the bucket.
 */
export const replaceUndeliverable = async (
  item: SpoolItem,
  reason: string,
  deps: { state: StateStore; spool: Spool; tickets: Tickets; logger: Logger },
): Promise<void> => {
  const { state, spool, tickets, logger } = deps;
  logger.error({ key: item.key, reason }, 'the store will never take this: dropped');
  const { flow } = item;
  const final =
    item.kind === 'result' && flow !== undefined
      ? spool.itemsOf(flow.flow_id, flow.attempt).find((other) => other.final !== undefined)
      : undefined;
  if (flow === undefined || final === undefined) {
    await spool.remove(item);
    return;
  }
  const ticket = await ticketIn(spool, final);
  if (ticket.__type__ === 'Startup') throw new Error(`${final.key} is a Startup ticket`);
  const replaced = await tickets.status(
    {
      flowId: flow.flow_id,
      attempt: flow.attempt,
      digest: ticket.spec_digest,
      state: ticket.state === 'Done' ? 'Error' : ticket.state,
      actionsDone: ticket.progress.actions_done,
      actionsTotal: ticket.progress.actions_total,
      resources: ticket.resources,
      error: ticket.error ?? `results were refused by the store: ${reason}`,
      logs: ticket.logs,
      startedAt: ticket.started_at,
    },
    true,
  );
  await spool.remove(final);
  if (ticket.state === 'Done') await state.finish(flow.flow_id, flow.attempt, 'Error');
  await spool.removeResults(flow.flow_id, flow.attempt);
  spool.release(replaced);
};
