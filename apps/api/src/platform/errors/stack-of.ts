/** How many causes are written down: libraries wrap what they were told. */
const MOST_CAUSES = 5;

/** What the log has of a failure that nobody expected: its stack, and those of its causes. */
export const stackOf = (thrown: unknown): string => {
  const stacks: string[] = [];
  let error = thrown;
  while (error instanceof Error && stacks.length <= MOST_CAUSES) {
    stacks.push(error.stack ?? error.message);
    error = error.cause;
  }
  return stacks.length === 0 ? String(thrown) : stacks.join('\ncaused by: ');
};
