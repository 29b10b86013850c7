// The thread that walks a tree while the main thread writes its rows: both cores work.
import { parentPort, workerData } from 'node:worker_threads';
import { type ListingMessage, type ListingOptions, ListingFailed, ListingWalk } from './listing-walk.js';
import { Problems } from './problems.js';
import { type RawPath, rawPath } from './raw-path.js';

/** So many batches may be under way; then the walk waits for the writer: memory stays flat. */
const MAX_UNDER_WAY = 8;

const { root, options, taken } = workerData as {
  root: Uint8Array;
  options: ListingOptions;
  /** How many batches the writer has taken. */
  taken: Int32Array;
};

const tell = (message: ListingMessage, transfer: ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, transfer);

let given = 0;
const give = (message: ListingMessage & { kind: 'batch' }): void => {
  const { dirOf, numbers } = message.batch;
  tell(message, [dirOf.buffer as ArrayBuffer, numbers.buffer as ArrayBuffer]);
  given += 1;
  for (let seen = Atomics.load(taken, 0); given - seen >= MAX_UNDER_WAY; seen = Atomics.load(taken, 0))
    Atomics.wait(taken, 0, seen);
};

const path: RawPath = rawPath(Buffer.from(root));
const problems = new Problems((problem) => tell({ kind: 'problem', problem }));
try {
  new ListingWalk(path, options, problems, (batch) => give({ kind: 'batch', batch })).run();
  tell({ kind: 'end', summary: problems.summary() });
} catch (error) {
  if (!(error instanceof ListingFailed)) throw error;
  tell({ kind: 'end', failure: error.message });
}
