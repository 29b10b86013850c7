import type { FlowRun } from './flow-run.js';

/** Counters of a flow or hunt: clients by their present state, rows and stored bytes of what they reported last. */
export interface Counters {
  started: number;
  done: number;
  error: number;
  cancelled: number;
  crashed: number;
  rejected: number;
  skipped: number;
  rows: bigint;
  bytes: bigint;
}

const COUNTER_OF: Record<string, keyof Omit<Counters, 'rows' | 'bytes'>> = {
  Started: 'started',
  Done: 'done',
  Error: 'error',
  Cancelled: 'cancelled',
  Crashed: 'crashed',
  Rejected: 'rejected',
  Skipped: 'skipped',
};

export const noCounts = (): Counters => ({
  started: 0,
  done: 0,
  error: 0,
  cancelled: 0,
  crashed: 0,
  rejected: 0,
  skipped: 0,
  rows: 0n,
  bytes: 0n,
});

const add = (sum: Counters, run: Pick<FlowRun, 'state' | 'rows' | 'bytes'>, sign: 1 | -1): void => {
  const counter = COUNTER_OF[run.state];
  if (counter !== undefined) sum[counter] += sign;
  sum.rows += BigInt(sign) * run.rows;
  sum.bytes += BigInt(sign) * run.bytes;
};

/** Counts the change of one run into `sum`. */
export const countChange = (sum: Counters, before: FlowRun | undefined, after: FlowRun): void => {
  if (before !== undefined) add(sum, before, -1);
  add(sum, after, 1);
};
