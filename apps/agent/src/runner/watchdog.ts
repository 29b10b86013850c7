import { Worker } from 'node:worker_threads';

/**
 * Ends this process when the agent that started it is gone, however it died: standard input is a pipe to the agent
 * that nothing is written to. A thread of its own, so that it works while a query keeps the main thread busy.
 */
const SOURCE = `
const { readSync } = require('node:fs');
const byte = Buffer.alloc(1);
for (;;) {
  try {
    if (readSync(0, byte, 0, 1, null) === 0) break;
  } catch (error) {
    if (error.code !== 'EAGAIN') break;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}
process.kill(process.pid, 'SIGKILL');
`;

export const dieWithParent = (): void => {
  new Worker(SOURCE, { eval: true, env: {}, resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref();
};
