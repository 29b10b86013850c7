import { appendFileSync } from 'node:fs';
import { type Environment, EfilterError, formatError, holds, parse } from '#efilter';
import { pushDown } from '#sources';
import type { Action } from '#wire';
import { type ActionContext, OverLimit } from '../actions/action.js';
import { runAction } from '../actions/registry.js';
import { messageOf } from '../errors.js';
import { transferFile } from '../files/transfer.js';
import { LIMITS } from '../sources/limits.js';
import { environmentFor, SOURCES_BY_NAME } from '../sources/registry.js';
import { createOutput } from './collection-output.js';
import type { Ending, FlowEvent, FlowJob } from './flow-job.js';
import type { LargeFile } from './large-file.js';

/** The flow was stopped from outside (inline runner). */
export class FlowStopped extends Error {
  override readonly name = 'FlowStopped';
}

/** An error whose message says what was asked, where it failed and why. */
class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
}

/** Whether a condition holds. An error is never taken for an answer: it ends the flow, which then does not run. */
const conditionHolds = (what: string, query: string, environment: Environment): boolean => {
  try {
    return holds(pushDown(parse(query), SOURCES_BY_NAME), environment, { limits: LIMITS });
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    throw new ConditionFailed(`${what}: ${formatError(error, query)}`, { cause: error });
  }
};

const nameOf = (action: Action, index: number): string => `${index + 1} ${action.__type__}`;

const endingOf = (error: unknown): Ending => {
  if (error instanceof OverLimit) return { kind: 'limit', which: error.which, limit: error.limit, used: error.used };
  if (error instanceof FlowStopped) throw error;
  // What a query or a machine does wrong is an ending that is told, with where it happened.
  const backtrace = error instanceof Error && error.name === 'Error' ? error.stack : undefined;
  return { kind: 'error', message: messageOf(error), ...(backtrace === undefined ? {} : { backtrace }) };
};

/** Where a flow runs. */
export interface FlowHost {
  tell: (event: FlowEvent) => void;
  /** Resolves when there is room for one more part of a large file. */
  room: () => Promise<void>;
  threads: boolean;
  /** Ends it (inline runner). */
  signal?: AbortSignal;
}

const transfer = async (files: readonly LargeFile[], job: FlowJob, { tell, room }: FlowHost): Promise<void> => {
  for (const file of files)
    await transferFile(file, job.work_dir, {
      room,
      part: (nonce, part) => tell({ kind: 'part', nonce, part }),
      restarted: (nonce, fresh) => tell({ kind: 'transfer-restarted', nonce, fresh }),
      failed: (nonce, reason) => tell({ kind: 'transfer-failed', nonce, reason }),
      done: (nonce, end) => tell({ kind: 'transfer-done', nonce, end }),
    });
};

/**
 * Runs a flow: its condition, then its actions in order, then the large files that they found; the first error ends it.
 * A job that only has transfers to finish does nothing else.
 */
export const executeFlow = async (job: FlowJob, host: FlowHost): Promise<Ending> => {
  const { tell, signal, threads } = host;
  try {
    if (job.transfers !== undefined) {
      await transfer(job.transfers, job, host);
      return { kind: 'done' };
    }
    if (job.started_file !== undefined) appendFileSync(job.started_file, `${job.flow_id}/${job.attempt}\n`);
    const environment = environmentFor(job);
    if (job.condition !== undefined && !conditionHolds('condition', job.condition, environment))
      return { kind: 'skipped' };
    tell({ kind: 'condition-held' });
    const output = createOutput(job, tell, signal);
    const context: ActionContext = { job, environment, tell, output, threads };
    for (const [index, action] of job.actions.entries()) {
      signal?.throwIfAborted();
      const { condition } = action;
      if (condition !== undefined && !conditionHolds(`condition of action ${index + 1}`, condition, environment)) {
        tell({ kind: 'action-skipped', index });
        continue;
      }
      tell({ kind: 'action', index, name: nameOf(action, index) });
      await runAction(action.__type__, action, context);
    }
    if (output.largeFiles.length > 0) {
      tell({ kind: 'transfers', files: [...output.largeFiles] });
      await transfer(output.largeFiles, job, host);
    }
    return { kind: 'done' };
  } catch (error) {
    return endingOf(error);
  }
};
