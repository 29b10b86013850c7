import { Worker } from 'node:worker_threads';
import {
  type ListingBatch,
  ListingFailed,
  type ListingMessage,
  type ListingOptions,
  ListingWalk,
} from './listing-walk.js';
import { type Problem, Problems } from './problems.js';
import { bytesOf, type RawPath, rawPath } from './raw-path.js';

/** Who takes a listing. */
export interface ListingSink {
  batch: (batch: ListingBatch) => void;
  problem: (problem: Problem) => void;
}

/** Lists a tree in this thread; gives what could not be read in one line. Throws {@link ListingFailed}. */
export const listHere = (root: RawPath, options: ListingOptions, sink: ListingSink): string | undefined => {
  const problems = new Problems(sink.problem);
  new ListingWalk(root, options, problems, sink.batch).run();
  return problems.summary();
};

/** The same, walking in a thread of its own while `sink` works here. */
export const listInThread = (
  root: RawPath,
  options: ListingOptions,
  sink: ListingSink,
): Promise<string | undefined> => {
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./listing-worker.js', import.meta.url), {
    workerData: { root: bytesOf(root), options, taken },
    env: {},
  });
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const hear = (message: ListingMessage): void => {
    switch (message.kind) {
      case 'batch':
        sink.batch(message.batch);
        Atomics.add(taken, 0, 1);
        Atomics.notify(taken, 0);
        return;
      case 'problem':
        sink.problem({ ...message.problem, path: receivedPath(message.problem.path) });
        return;
      case 'end':
        if (message.failure === undefined) resolve(message.summary);
        else reject(new ListingFailed(message.failure));
        return;
    }
  };
  worker.on('message', (message: ListingMessage) => {
    try {
      hear(message);
    } catch (error) {
      reject(error); // over a limit, a full disk: the walk is of no more use
    }
  });
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error('the thread that lists ended early')));
  return promise.finally(() => worker.terminate());
};

const receivedPath = (path: RawPath | Uint8Array): RawPath =>
  typeof path === 'string' ? path : rawPath(Buffer.from(path));
