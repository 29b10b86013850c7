/** States of a flow on one client, in the order in which they may follow each other. */
export const FLOW_STATES = [
  'Pending',
  'Started',
  'Expired',
  'Done',
  'Error',
  'Cancelled',
  'Crashed',
  'Rejected',
  'Skipped',
] as const;
export type FlowState = (typeof FLOW_STATES)[number];

/** What a client has said of a flow so far, or what its silence means. */
export interface Standing {
  state: string;
  /** The last ticket's key, when there is one. */
  ticketKey?: string;
}

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
