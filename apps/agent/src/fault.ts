/** Where a test may kill the agent: after the named step. */
export const FAULT_POINTS = [
  'fetch',
  'state-saved',
  'child-started',
  'part-uploaded',
  'spool-written',
  'state-cleared',
  'ticket-uploaded',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Called after each step; ends the process, as a power cut would, when that step is the armed one. */
export type Fault = (point: FaultPoint) => void;

export const faultAt =
  (armed: FaultPoint | undefined): Fault =>
  (point) => {
    if (point === armed) process.kill(process.pid, 'SIGKILL');
  };
