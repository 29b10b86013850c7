import type { Environment } from '#efilter';
import type { CollectionSpec } from '#wire';
import type { RawPath } from '../files/raw-path.js';
import type { FinishedFile, FlowEvent, FlowJob } from '../runner/flow-job.js';

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

/** What is said of a collection besides its rows. */
export interface CollectionNote {
  query?: string;
  /** The directory that it lists. */
  listing?: RawPath;
}

/** Where results go. */
export interface Output {
  /** Writes one collection: `fill` inserts its rows; what it throws leaves nothing behind. */
  collection(
    spec: CollectionSpec,
    note: CollectionNote,
    fill: (output: CollectionOutput) => void | Promise<void>,
  ): Promise<void>;
  /** A fresh path in the work folder for a file that will be given to `file`. */
  newFile(): { name: string; path: string };
  /** Hands on a packed file. Throws {@link OverLimit} past the flow's quota. */
  file(file: FinishedFile): void;
  /** A file that is too large for one piece: it is sent in parts after all actions. */
  largeFile(path: RawPath): void;
  /** Looks whether the flow was stopped (inline runner): to be called in long work without rows. */
  check(): void;
}

/** What an action has to work with. */
export interface ActionContext {
  job: FlowJob;
  environment: Environment;
  output: Output;
  tell: (event: FlowEvent) => void;
  /** Whether this process may use a second thread; the inline runner shares its process with thousands. */
  threads: boolean;
}

/** One kind of action. Throws what ends the flow as Error. */
export type ActionRunner<A> = (action: A, context: ActionContext) => Promise<void>;
