import { setTimeout as delay } from 'node:timers/promises';
import { exceededMessage, type FlowRun, type Runner } from '../runner/runner.js';
import type { Misbehaviour } from './misbehaviour.js';

/** It dies in the middle of every flow. */
const crashing = (run: FlowRun): FlowRun => ({
  ...run,
  async run(onEvent, partsWaiting) {
    const result = await run.run((event) => {
      onEvent(event);
      run.kill();
    }, partsWaiting);
    return { kind: 'crashed', message: 'this agent of the pool has crashed', resources: result.resources };
  },
});

/** It dawdles until its time is over. */
const slow = (run: FlowRun, wallSeconds: number): FlowRun => {
  const stopped = new AbortController();
  return {
    ...run,
    kill() {
      stopped.abort();
      run.kill();
    },
    async run(onEvent, partsWaiting) {
      await run.run((event) => {
        if (event.kind === 'condition-held') onEvent(event);
      }, partsWaiting);
      const left = Math.max(0, wallSeconds - run.resources().wall_seconds);
      try {
        await delay(left * 1000, undefined, { signal: stopped.signal });
      } catch (error) {
        if (!stopped.signal.aborted) throw error;
        return { kind: 'killed', resources: run.resources() };
      }
      const resources = run.resources();
      const message = exceededMessage('wall seconds', wallSeconds, resources.wall_seconds);
      return { kind: 'exceeded', message, resources };
    },
  };
};

/** Runs flows as a bad agent's machine does. */
export const misbehavingRunner = (kind: Misbehaviour | undefined, inner: Runner): Runner => {
  if (kind !== 'crashing' && kind !== 'slow') return inner;
  return {
    async prepare(job) {
      const run = await inner.prepare(job);
      return kind === 'crashing' ? crashing(run) : slow(run, job.quota.wall_seconds);
    },
  };
};
