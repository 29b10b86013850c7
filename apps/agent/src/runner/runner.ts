import { RESOURCE_EXCEEDED, type Resources } from '#wire';
import type { ProcessMark } from '../state/process-mark.js';
import type { Ending, FlowEvent, NewFlowJob } from './flow-job.js';

/** How a run ended, as its runner saw it. */
export type RunResult = {
  resources: Resources;
} & (
  | Exclude<Ending, { kind: 'limit' }>
  /** Over a limit: `message` is "Resource exceeded: which, limit, used". */
  | { kind: 'exceeded'; message: string }
  | { kind: 'crashed'; message: string; backtrace?: string }
  | { kind: 'killed' }
);

/** One flow that can be run: prepared first, so that its process can be recorded before it does anything. */
export interface FlowRun {
  /** The process that will run it; undefined for the inline runner. */
  readonly process: ProcessMark | undefined;
  /**
   * Runs it. Never rejects for what the flow does; `onEvent` hears everything but the end. `partsWaiting`: parts of
   * large files that an earlier run left on the disk.
   */
  run(onEvent: (event: FlowEvent) => void, partsWaiting: number): Promise<RunResult>;
  /** One part of a large file has left the disk: the flow may make another. Only once `run` was called. */
  partLeft(): void;
  /** What it has used so far. */
  resources(): Resources;
  /** Stops it now; `run` then settles with `killed`. */
  kill(): void;
}

/** Where flows run. */
export interface Runner {
  prepare(job: NewFlowJob): Promise<FlowRun>;
}

/** The error of a flow that went over a limit. */
export const exceededMessage = (which: string, limit: number, used: number): string =>
  `${RESOURCE_EXCEEDED}: ${which}, limit ${limit}, used ${Math.round(used * 100) / 100}`;
