import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '#embedded';

/** The built program, as users start it. */
const CONSOLE_MAIN = fileURLToPath(new URL('../../dist/apps/console/src/main.js', import.meta.url));

/** How a run of `rekall` ended. */
export interface ConsoleEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A running `rekall`. */
export interface ConsoleProcess {
  readonly pid: number;
  /** Waits until both outputs together match; answers the match. Fails when the program ends before. */
  said(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  send(signal: NodeJS.Signals): void;
  /** Settles when it has ended and everything that it wrote was read. */
  readonly ended: Promise<ConsoleEnd>;
}

export interface ConsoleOptions {
  env?: Readonly<Record<string, string>>;
  /** Arguments of node itself. */
  nodeArgs?: readonly string[];
}

/** Starts the built `rekall`; of this environment it gets what every child of ours does. */
export function startConsole(args: readonly string[], options: ConsoleOptions = {}): ConsoleProcess {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), CONSOLE_MAIN, ...args], {
    env: childEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('rekall does not start: is dist built?');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let over = false;
  const ended = once(child, 'close').then(([code, signal]): ConsoleEnd => {
    over = true;
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr };
  });
  return {
    pid,
    ended,
    send: (signal) => void child.kill(signal),
    async said(pattern, withinMs = 90_000) {
      const look = (): RegExpExecArray | null => pattern.exec(stdout) ?? pattern.exec(stderr);
      const end = performance.now() + withinMs;
      for (let match = look(); ; match = look()) {
        if (match !== null) return match;
        if (over || performance.now() > end)
          throw new Error(
            `rekall ${args.join(' ')} ${over ? 'ended' : 'ran'} without saying ${String(pattern)}; it said:\n${stdout}${stderr}`,
          );
        await delay(20);
      }
    },
  };
}

/** Runs it to its end. */
export function runConsole(args: readonly string[], options: ConsoleOptions = {}): Promise<ConsoleEnd> {
  return startConsole(args, options).ended;
}

/** Every process below this one, now: children, their children, and so on (from /proc). */
export async function descendants(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(unlessGone);
    const ppid = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (ppid !== undefined) parents.set(Number(name), Number(ppid));
  }
  const below = (pid: number): number[] => {
    const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child);
    return children.flatMap((child) => [child, ...below(child)]);
  };
  return below(root);
}

/** Whether there is such a process, other than one that only waits to be collected. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(unlessGone);
  return stat !== undefined && !/^.*\) Z/.test(stat);
}

/** A process that ended while we looked at it is no error. */
function unlessGone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return;
  throw error;
}

/** Where a deployment's Postgres has its data; as root that is outside of the folder. */
export async function dataFolderOf(dir: string): Promise<string | undefined> {
  try {
    return await readlink(join(dir, 'postgres', 'data'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'EINVAL'].includes(String(error.code)))
      return undefined; // no database, or a real folder inside
    throw error;
  }
}

/** Removes a deployment that is not running, with its database wherever that is. */
export async function removeDeployment(dir: string): Promise<void> {
  const data = await dataFolderOf(dir);
  if (data !== undefined) await rm(data, { recursive: true, force: true });
  await rm(dir, { recursive: true, force: true });
}
