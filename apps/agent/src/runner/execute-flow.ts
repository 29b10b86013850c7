import { type Environment, EfilterError, formatError, holds } from '#efilter';
import type { Action } from '#wire';
import { type ActionContext, OverLimit } from '../actions/action.js';
import { runAction } from '../actions/registry.js';
import { messageOf } from '../errors.js';
import { LIMITS } from '../sources/limits.js';
import { environmentFor } from '../sources/registry.js';
import { createOutput } from './collection-output.js';
import type { Ending, FlowEvent, FlowJob } from './flow-job.js';

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
    return holds(query, environment, { limits: LIMITS });
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

/** Runs a flow: its condition, then its actions in order; the first error ends it. */
export const executeFlow = async (
  job: FlowJob,
  tell: (event: FlowEvent) => void,
  signal?: AbortSignal,
): Promise<Ending> => {
  try {
    const environment = environmentFor(job);
    if (job.condition !== undefined && !conditionHolds('condition', job.condition, environment))
      return { kind: 'skipped' };
    tell({ kind: 'condition-held' });
    const context: ActionContext = { job, environment, tell, output: createOutput(job, tell, signal) };
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
    return { kind: 'done' };
  } catch (error) {
    return endingOf(error);
  }
};
