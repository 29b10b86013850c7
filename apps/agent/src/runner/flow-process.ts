// The process of one flow. It is started with an empty environment, is told its job over the channel to the agent,
// tells what happens the same way, and ends.
import { messageOf } from '../errors.js';
import { executeFlow } from './execute-flow.js';
import { type FlowEvent, FlowJob } from './flow-job.js';
import { PartGate } from './part-gate.js';
import { dieWithParent } from './watchdog.js';

dieWithParent();

const send = (event: FlowEvent): Promise<void> =>
  new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('this program is started by the agent only');
    process.send(event, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });

const tell = (event: FlowEvent): void => {
  // The agent is gone when this fails: the watchdog ends us.
  send(event).catch((error: unknown) => process.stderr.write(`${messageOf(error)}\n`));
};

process.once('message', (message: unknown) => {
  const run = async (): Promise<void> => {
    const job = FlowJob.parse(message);
    const gate = new PartGate(() => tell({ kind: 'waiting' }), job.parts_waiting);
    // Whatever comes after the job says that a part has left.
    process.on('message', () => gate.left());
    const ending = await executeFlow(job, { tell, room: () => gate.room(), threads: true });
    await send({ kind: 'end', ending });
    process.exit(0);
  };
  run().catch((error: unknown) => {
    process.stderr.write(error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
    process.exitCode = 1;
    process.disconnect();
  });
});
