import { Worker } from 'node:worker_threads';

/** Standard input is a pipe to the agent that nothing is written to: it ends with the agent. */
const SOURCE = `
const { Socket } = require('node:net');
const parent = new Socket({ fd: 0, readable: true, writable: false });
const leave = () => process.kill(process.pid, 'SIGKILL');
parent.on('error', leave).on('close', leave).resume();
`;

/**
 * Ends this process when the agent that started it is gone, however it died. In a thread of its own, so that it works
 * while a query keeps the main thread busy.
 */
export const dieWithParent = (): void => {
  new Worker(SOURCE, { eval: true, env: {}, resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref();
};
