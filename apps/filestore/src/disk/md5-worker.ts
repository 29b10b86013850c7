import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { Md5Answer, Md5Order } from './md5-thread.js';

/** The thread of md5-thread.ts: hashes blocks of shared memory in the order in which they are told. */
const running = new Map<number, { readonly hash: Hash; readonly memory: Uint8Array }>();

parentPort?.on('message', (order: Md5Order) => {
  const answer = (message: Md5Answer): void => parentPort?.postMessage(message);
  if (order.kind === 'begin') {
    running.set(order.id, { hash: createHash('md5'), memory: new Uint8Array(order.memory) });
    return;
  }
  const own = running.get(order.id);
  if (own === undefined) return;
  if (order.kind === 'block') {
    own.hash.update(own.memory.subarray(order.start, order.end));
    answer({ id: order.id, kind: 'done' });
    return;
  }
  running.delete(order.id);
  if (order.kind === 'end') answer({ id: order.id, kind: 'digest', digest: own.hash.digest() });
});
