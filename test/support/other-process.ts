import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const HOOKS = new URL('./run-sources.mjs', import.meta.url).href;

/** Another process that runs a few lines of TypeScript against the sources, for what must be seen from outside. */
export interface OtherProcess {
  pid: number;
  /** The next line that it prints. */
  line(): Promise<string>;
  /** SIGKILL, and waits for its end. */
  kill9(): Promise<void>;
}

/** Starts it; `code` is an ES module, its `import` paths are made with {@link sourceUrl}. */
export function runOtherProcess(code: string): OtherProcess {
  const args = ['--conditions=source', '--import', HOOKS, '--input-type=module-typescript', '--eval', code];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error('the other process does not start');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    pid,
    async line() {
      const next: IteratorResult<string, unknown> = await lines.next();
      if (next.done === true) throw new Error('the other process ended without another line');
      return next.value;
    },
    async kill9() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The address of a source file, from the project's folder: `libs/embedded/src/index.ts`. */
export function sourceUrl(path: string): string {
  return new URL(`../../${path}`, import.meta.url).href;
}

/** Waits until the condition holds, looking every 20 ms; throws with `what` after the deadline. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(20);
  }
}
