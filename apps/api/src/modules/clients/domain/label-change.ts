/** Labels to give to clients and to take from them. */
export interface LabelChange {
  add: readonly string[];
  remove: readonly string[];
}

/** A label that people gave, and how many clients have it. */
export interface LabelCount {
  label: string;
  clients: bigint;
}

/** At most so many labels of a client: each has a queue that its agent polls. */
export const MAX_LABELS = 8;

/** The labels of a client after a change. What is given and taken at once is refused before. */
export const changed = (before: readonly string[], { add, remove }: LabelChange): string[] =>
  [...new Set([...before, ...add])].filter((label) => !remove.includes(label));
