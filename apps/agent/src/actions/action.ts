import type { Environment } from '#efilter';
import type { CollectionSpec } from '#wire';
import type { FlowEvent, FlowJob } from '../runner/flow-job.js';

/** The flow has more rows, or bytes before compression, than its quota allows. */
export class OverLimit extends Error {
  override readonly name = 'OverLimit';

  constructor(
    readonly which: 'rows' | 'bytes',
    readonly limit: number,
    readonly used: number,
  ) {
    super(`more than ${limit} ${which}`);
  }
}

/** Takes the rows of one collection into a file of the work folder. */
export interface CollectionOutput {
  /** Throws {@link OverLimit} past the flow's quota. */
  insert(table: string, row: Readonly<Record<string, unknown>>): void;
}

/** Where results go. */
export interface Output {
  /** Writes one collection: `fill` inserts its rows; what it throws leaves nothing behind. */
  collection(spec: CollectionSpec, query: string, fill: (output: CollectionOutput) => void): Promise<void>;
}

/** What an action has to work with. */
export interface ActionContext {
  job: FlowJob;
  environment: Environment;
  output: Output;
  tell: (event: FlowEvent) => void;
}

/** One kind of action. Throws what ends the flow as Error. */
export type ActionRunner<A> = (action: A, context: ActionContext) => Promise<void>;
