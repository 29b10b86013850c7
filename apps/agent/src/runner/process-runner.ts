import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import os from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Resources } from '#wire';
import { codeOf } from '../errors.js';
import { processUsage } from '../sources/proc.js';
import { markProcess, type ProcessMark } from '../state/process-mark.js';
import { FlowEvent, type FlowJob, type NewFlowJob } from './flow-job.js';
import { exceededMessage, type FlowRun, type Runner, type RunResult } from './runner.js';

const SAMPLE_MS = 250;
/** `nice` of a flow's process: whatever else the machine does comes first. */
const PRIORITY = 10;
const STDERR_KEPT = 16_000;
const PROGRAM = fileURLToPath(new URL(`./flow-process${extname(import.meta.url)}`, import.meta.url));

/** Bytes of the files in a folder. */
const folderBytes = async (dir: string): Promise<number> => {
  const sizes = await Promise.all(
    (await readdir(dir)).map(async (name) => {
      try {
        return (await stat(join(dir, name))).size;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return 0; // a journal that has just ended
        throw error;
      }
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};

const lowerPriority = (pid: number): void => {
  try {
    os.setPriority(pid, PRIORITY);
  } catch (error) {
    if (codeOf(error) !== 'ERR_SYSTEM_ERROR') throw error; // it has just ended: `exit` says how
  }
};

/** A flow in a child process: sampled, killed over its quota, its events parsed before they are believed. */
class ProcessRun implements FlowRun {
  readonly process: ProcessMark;
  #stderr = '';
  #killed = false;
  #exceeded: string | undefined;
  #end: (FlowEvent & { kind: 'end' }) | undefined;
  #broken: string | undefined;
  #waitingSince: number | undefined;
  #waitedMs = 0;
  readonly #used: Resources = { cpu_seconds: 0, wall_seconds: 0, memory_bytes: 0, rows: 0, bytes: 0 };

  constructor(
    private readonly job: NewFlowJob,
    private readonly child: ChildProcess,
    pid: number,
  ) {
    this.process = markProcess(pid);
    // A child that is gone before it is told its job: its exit says the rest.
    child.on('error', (error) => (this.#broken ??= `the process of this flow could not be used: ${error.message}`));
    child.stdin?.on('error', () => undefined); // nothing is ever written to it
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
  }

  partLeft(): void {
    if (this.#waitingSince !== undefined) this.#waitedMs += performance.now() - this.#waitingSince;
    this.#waitingSince = undefined;
    if (this.child.connected) this.child.send({ kind: 'part-left' });
  }

  resources(): Resources {
    return { ...this.#used };
  }

  kill(): void {
    this.#killed = true;
    this.child.kill('SIGKILL');
  }

  async run(onEvent: (event: FlowEvent) => void, partsWaiting: number): Promise<RunResult> {
    const { child } = this;
    // The first message is the job: what is told later must not overtake it.
    const job: FlowJob = { ...this.job, parts_waiting: partsWaiting };
    const started = performance.now();
    child.on('message', (message) => {
      this.#hear(message, onEvent);
    });
    let sampling: Promise<void> = Promise.resolve();
    const sample = async (): Promise<void> => {
      this.#used.wall_seconds = this.#wallSeconds(started);
      this.#used.bytes = Math.max(this.#used.bytes, await folderBytes(this.job.work_dir));
      const usage = processUsage(this.process.pid);
      if (usage !== undefined) {
        this.#used.cpu_seconds = Math.max(this.#used.cpu_seconds, usage.cpuSeconds);
        this.#used.memory_bytes = Math.max(this.#used.memory_bytes, usage.memoryBytes);
      }
      this.#enforce();
    };
    const timer = setInterval(() => {
      sampling = sampling.then(sample, sample);
    }, SAMPLE_MS);
    try {
      const closed = once(child, 'close');
      if (!this.#killed) child.send(job);
      const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
      await sampling;
      this.#used.wall_seconds = this.#wallSeconds(started);
      return { ...this.#ending(code, signal), resources: this.#used };
    } finally {
      clearInterval(timer);
    }
  }

  /** Time in which it only waits for the store to take its parts is not its own. */
  #wallSeconds(started: number): number {
    const now = performance.now();
    const waiting = this.#waitingSince === undefined ? 0 : now - this.#waitingSince;
    return (now - started - this.#waitedMs - waiting) / 1000;
  }

  #hear(message: unknown, onEvent: (event: FlowEvent) => void): void {
    const parsed = FlowEvent.safeParse(message);
    if (!parsed.success) {
      this.#broken = 'the process of this flow sent a message that it cannot have meant';
      this.child.kill('SIGKILL');
      return;
    }
    const event = parsed.data;
    if (event.kind === 'end') {
      this.#end = event;
      return;
    }
    if (event.kind === 'waiting') this.#waitingSince ??= performance.now();
    if (event.kind === 'part') {
      this.#used.bytes += event.part.stored_bytes;
      this.#enforce();
    }
    if (event.kind === 'progress') {
      this.#used.rows = event.rows;
      this.#used.bytes = Math.max(this.#used.bytes, event.bytes);
      this.#enforce();
    }
    onEvent(event);
  }

  #enforce(): void {
    if (this.#exceeded !== undefined || this.#end !== undefined) return;
    const { quota } = this.job;
    const used = this.#used;
    const checks: [string, number, number][] = [
      ['CPU seconds', quota.cpu_seconds, used.cpu_seconds],
      ['wall seconds', quota.wall_seconds, used.wall_seconds],
      ['memory bytes', quota.memory_bytes, used.memory_bytes],
      ['rows', quota.rows, used.rows],
      ['bytes', quota.bytes, used.bytes],
    ];
    const over = checks.find(([, limit, amount]) => amount > limit);
    if (over === undefined) return;
    this.#exceeded = exceededMessage(...over);
    this.child.kill('SIGKILL');
  }

  #ending(
    code: number | null,
    signal: NodeJS.Signals | null,
  ): RunResult extends infer R ? (R extends RunResult ? Omit<R, 'resources'> : never) : never {
    if (this.#killed) return { kind: 'killed' };
    if (this.#exceeded !== undefined) return { kind: 'exceeded', message: this.#exceeded };
    const ending = this.#end?.ending;
    if (ending !== undefined) {
      if (ending.kind !== 'limit') return ending;
      return { kind: 'exceeded', message: exceededMessage(ending.which, ending.limit, ending.used) };
    }
    const how = signal === null ? `exited with code ${String(code)}` : `was ended by ${signal}`;
    return {
      kind: 'crashed',
      message: this.#broken ?? `the process of this flow ${how}`,
      ...(this.#stderr === '' ? {} : { backtrace: this.#stderr }),
    };
  }
}

/** Runs each flow in a child process of its own. */
export const processRunner: Runner = {
  async prepare(job) {
    const child = fork(PROGRAM, [], {
      cwd: job.work_dir,
      env: {},
      execArgv: [],
      stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
      serialization: 'json',
    });
    await once(child, 'spawn'); // rejects with what kept it from starting
    const { pid } = child;
    if (pid === undefined) throw new Error('a started process has no pid');
    lowerPriority(pid);
    return new ProcessRun(job, child, pid);
  },
};
