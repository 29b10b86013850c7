import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '#embedded';

/** The built program, as users start it. */
export const AGENT_MAIN = fileURLToPath(new URL('../../dist/apps/agent/src/main.js', import.meta.url));

/** A line of the agent's log. */
export type LogLine = Record<string, unknown> & { message: string };

/** An agent in a process of its own. */
export interface AgentProcess {
  readonly pid: number;
  /** What its ready line said; rejects when it ends before. */
  readonly ready: Promise<{ client_id: string }>;
  /** Everything logged so far. */
  readonly log: readonly LogLine[];
  /** Lines on standard error that are no log lines. */
  readonly errors: readonly string[];
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Closes its standard input, as the end of its parent would. */
  closeInput(): void;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, and waits for the end. */
  kill9(): Promise<void>;
}

/** Starts the built agent. */
export function startAgentProcess(args: readonly string[], env: Record<string, string> = {}): AgentProcess {
  const child: ChildProcess = spawn(process.execPath, [AGENT_MAIN, ...args], {
    env: childEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null)
    throw new Error('the agent does not start: is dist built?');
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const log: LogLine[] = [];
  const errors: string[] = [];
  createInterface({ input: stderr }).on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine);
    else errors.push(line);
  });
  const ready = new Promise<{ client_id: string }>((resolve, reject) => {
    createInterface({ input: stdout }).once('line', (line) => resolve(JSON.parse(line) as { client_id: string }));
    void exited.then(({ code }) => reject(new Error(`the agent ended with ${String(code)}: ${errors.join('\n')}`)));
  });
  ready.catch(() => undefined); // whoever waits for it sees the failure
  return {
    pid,
    ready,
    log,
    errors,
    exited,
    closeInput: () => child.stdin?.end(),
    stop: async () => {
      child.kill('SIGTERM');
      return (await exited).code;
    },
    kill9: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
