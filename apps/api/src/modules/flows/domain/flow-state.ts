import { isFinal } from '#wire';

/**
 * The state to show: the client's own where it has spoken; without a word `Pending` until the flow expires, then
 * `Expired`, or `Cancelled (not seen)` for one that was cancelled.
 */
export const shownState = (
  run: { state: string } | undefined,
  flow: { entryState: string; expiresAt: Date },
  now: Date,
): string => {
  const past = now > flow.expiresAt;
  if (run === undefined) {
    if (!past) return 'Pending';
    return flow.entryState === 'cancelled' ? 'Cancelled (not seen)' : 'Expired';
  }
  return run.state === 'Started' && past ? 'Expired' : run.state;
};

/** Whether no more is to be expected of a flow: its client’s last word was taken in, or its time is over. */
export const isOver = (run: { state: string } | undefined, flow: { expiresAt: Date }, now: Date): boolean =>
  now > flow.expiresAt || (run !== undefined && isFinal(run.state));

/** States of a hunt that it never leaves. */
export const ENDED_HUNT_STATES: readonly string[] = ['Stopped', 'Completed', 'Refused'];
