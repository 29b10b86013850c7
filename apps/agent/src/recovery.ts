import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from './errors.js';
import type { Logger } from './logger.js';
import type { Spool } from './spool/spool.js';
import type { AttemptRecord, Ending } from './state/agent-state.js';
import { type ProcessMark, stillRuns } from './state/process-mark.js';
import type { StateStore } from './state/state-store.js';
import { type ContentsDeps, ticketContents } from './runner/ticket-contents.js';
import { NO_RESOURCES, type Tickets } from './tickets.js';

/** SIGKILL works unless the kernel itself is stuck; so long we wait for it. */
const KILL_WAIT_MS = 10_000;

/** Kills the process of a flow that outlived its agent; only if it is that very process. */
export const killSurvivor = async (mark: ProcessMark, logger: Logger): Promise<void> => {
  if (!stillRuns(mark)) return;
  logger.warn({ pid: mark.pid }, 'a process of the last run is still there: killed');
  try {
    process.kill(mark.pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
  const deadline = performance.now() + KILL_WAIT_MS;
  while (stillRuns(mark)) {
    if (performance.now() > deadline) {
      logger.error({ pid: mark.pid }, 'the process of the last run cannot be killed');
      return;
    }
    await delay(20);
  }
};

const unforeseen = (reason: string | undefined): Ending =>
  reason === undefined
    ? { state: 'Crashed', error: 'the agent ended while this flow ran' }
    : { state: 'Error', error: `its ending could not be written at once: ${reason}` };

/**
 * Ends an attempt that has no outcome and does not run: a surviving process is killed, and its one final ticket is
 * Crashed, naming what was complete in the spool; unless its ending was decided on, or its final ticket is in the spool
 * already. One that was cancelled leaves nothing.
 * @param reason why this very agent could not end it before: it is an Error then
 */
export const concludeUnfinished = async (
  record: AttemptRecord,
  deps: { state: StateStore; spool: Spool; tickets: Tickets; logger: Logger; contents: ContentsDeps },
  reason?: string,
): Promise<void> => {
  const { state, spool, tickets, logger } = deps;
  const { flow_id: flowId, attempt, digest } = record;
  if (record.child !== undefined) await killSurvivor(record.child, logger);
  const items = spool.itemsOf(flowId, attempt);
  const told = items.find((item) => item.final !== undefined);
  if (told?.final !== undefined) {
    await state.finish(flowId, attempt, told.final);
    spool.release(told);
    return;
  }
  const { state: final, error } = record.ending ?? unforeseen(reason);
  if (final === 'Cancelled') await spool.removeResults(flowId, attempt);
  const item = await tickets.status(
    {
      flowId,
      attempt,
      digest,
      state: final,
      actionsDone: 0,
      actionsTotal: 0,
      resources: NO_RESOURCES,
      error,
      startedAt: record.accepted_at,
      ...(await ticketContents({ flowId, attempt, digest }, deps.contents)),
    },
    true,
  );
  await state.finish(flowId, attempt, final);
  spool.release(item);
  logger.warn({ flow_id: flowId, attempt, state: final, reason: error }, 'an unfinished flow is reported');
};
