import { messageOf } from '../errors.js';
import { executeFlow, FlowStopped } from './execute-flow.js';
import { PartGate } from './part-gate.js';
import { exceededMessage, type Runner } from './runner.js';

/**
 * Runs flows in this process: for the pool simulator, where a process for each of thousands of agents would measure
 * the machine and not the protocol. Rows and bytes are limited, CPU and memory are not.
 */
export const inlineRunner: Runner = {
  prepare(job) {
    const abort = new AbortController();
    let gate = new PartGate(() => undefined);
    let started = performance.now();
    let rows = 0;
    let bytes = 0;
    const resources = () => ({
      cpu_seconds: 0,
      wall_seconds: (performance.now() - started) / 1000,
      memory_bytes: 0,
      rows,
      bytes,
    });
    return Promise.resolve({
      resources,
      process: undefined,
      kill: () => abort.abort(new FlowStopped()),
      partLeft: () => gate.left(),
      async run(onEvent, partsWaiting) {
        gate = new PartGate(() => undefined, partsWaiting);
        started = performance.now();
        try {
          const ending = await executeFlow(
            { ...job, parts_waiting: partsWaiting },
            {
              tell(event) {
                if (event.kind === 'progress') ({ rows, bytes } = event);
                onEvent(event);
              },
              room: () => gate.room(),
              threads: false,
              signal: abort.signal,
            },
          );
          if (ending.kind === 'limit')
            return {
              kind: 'exceeded',
              message: exceededMessage(ending.which, ending.limit, ending.used),
              resources: resources(),
            };
          return { ...ending, resources: resources() };
        } catch (error) {
          if (error instanceof FlowStopped) return { kind: 'killed', resources: resources() };
          return { kind: 'crashed', message: messageOf(error), resources: resources() };
        }
      },
    });
  },
};
