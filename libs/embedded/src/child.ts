import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { Duplex, type Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { EmbeddedError } from './errors.js';
import { OutputTail } from './tail.js';

/** How a child ended: exactly one of both is set, as in Node's `exit` event. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A line on this stream of the child. */
export type OutputStream = 'stdout' | 'stderr';

/** What to start and how to know that it is ready. */
export interface StartProcessOptions<T> {
  /** For messages: "api", "postgres". */
  name: string;
  /** The program: a path or a name in PATH; `process.execPath` with a script is a Node program. */
  command: string;
  args: readonly string[];
  /** The child's environment besides PATH, HOME, TMPDIR, LANG, TZ and NODE_COMPILE_CACHE of this process; nothing else is inherited. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Called with each line until it answers something else than undefined: then the child is ready. */
  ready: (line: string, stream: OutputStream) => T | undefined;
  /** Default 30,000 ms; after that the child is killed and the start fails. */
  readyWithinMs?: number;
  /** Everything that the child writes is appended here (0600). */
  logFile?: string;
  /** Run as this user; needs root. Not for Node programs. */
  uid?: number;
  gid?: number;
  /** What makes the program stop by itself. Default SIGTERM. */
  stopSignal?: NodeJS.Signals;
  /** Default 10,000 ms; after that it is killed. */
  stopWithinMs?: number;
}

/** A running child. It never outlives this process: see exit-with-parent.ts and supervisor.ts. */
export interface RunningProcess<T> {
  name: string;
  /** The program's own pid. */
  pid: number;
  /** What `ready` answered. */
  ready: T;
  /** Settles once, when the program has ended; never rejects. */
  exited: Promise<ChildExit>;
  /** Asks it to stop and waits; after the deadline it is killed and the answer's signal is SIGKILL. */
  stop(signal?: NodeJS.Signals, withinMs?: number): Promise<ChildExit>;
  /** SIGKILL to the program itself, as a crash would be, and waits for its end. */
  kill9(): Promise<ChildExit>;
  /** Its last lines, both streams. */
  output(): string;
}

const PARENT_FD = 3;
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NODE_COMPILE_CACHE'] as const;

/** A helper script beside this file is a .ts when we run from the sources, and a .js when built. */
const helperUrl = (source: URL): string => source.href.replace(/\.ts$/, extname(import.meta.url));
const EXIT_WITH_PARENT = helperUrl(new URL('./exit-with-parent.ts', import.meta.url));
const SUPERVISOR = helperUrl(new URL('./supervisor.ts', import.meta.url));

/** What a child sees of our environment, with what it is given. */
export function childEnvironment(env: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) inherited[name] = value;
  }
  return { ...inherited, ...env };
}

/** The arguments for `node`: our own programs watch the pipe themselves, all others run under the supervisor. */
function nodeArguments<T>(options: StartProcessOptions<T>, supervised: boolean): string[] {
  if (!supervised) return ['--import', EXIT_WITH_PARENT, ...options.args];
  const spec = {
    command: options.command,
    args: options.args,
    cwd: options.cwd ?? '/',
    uid: options.uid,
    gid: options.gid,
    stopSignal: options.stopSignal ?? 'SIGTERM',
    stopWithinMs: options.stopWithinMs ?? 10_000,
  };
  return [fileURLToPath(SUPERVISOR), JSON.stringify(spec)];
}

/** Resolves with the program's pid: the child's own, or what the supervisor says on the pipe. */
function programPid(child: ChildProcess, supervised: boolean): Promise<number> {
  return new Promise((resolve) => {
    if (!supervised) {
      if (child.pid !== undefined) resolve(child.pid); // else 'error' follows
      return;
    }
    const pipe = child.stdio[PARENT_FD];
    if (!(pipe instanceof Duplex)) throw new Error('the supervisor has no pipe'); // spawn was asked for one
    createInterface({ input: pipe }).once('line', (line) => resolve((JSON.parse(line) as { pid: number }).pid));
  });
}

function followOutput(
  child: ChildProcess,
  log: WriteStream | undefined,
  onLine: (line: string, stream: OutputStream) => void,
): void {
  const follow = (input: Readable | null, stream: OutputStream): void => {
    if (input === null) return;
    createInterface({ input }).on('line', (line) => {
      log?.write(`${line}\n`);
      onLine(line, stream);
    });
  };
  follow(child.stdout, 'stdout');
  follow(child.stderr, 'stderr');
}

const describeExit = (exit: ChildExit): string =>
  exit.signal === null ? `exited with code ${String(exit.code)}` : `was ended by ${exit.signal}`;

async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Starts a program as a child in its own process group (Ctrl-C on the terminal reaches this process only), waits until
 * it is ready, and ties its life to this process. Throws {@link EmbeddedError} `not-ready` with its last lines when it
 * ends or stays silent before it is ready, `cannot-start` when it cannot be run at all.
 */
export async function startProcess<T>(options: StartProcessOptions<T>): Promise<RunningProcess<T>> {
  const { name } = options;
  const supervised = options.command !== process.execPath;
  const tail = new OutputTail();
  const log =
    options.logFile === undefined ? undefined : createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  if (log !== undefined) {
    await once(log, 'open'); // rejects when the file cannot be written
    log.on('error', (error) => tail.add(`${options.logFile ?? ''}: ${error.message}`)); // a full disk stops the log only
  }

  const child = spawn(process.execPath, nodeArguments(options, supervised), {
    ...(options.cwd === undefined || supervised ? {} : { cwd: options.cwd }),
    env: { ...childEnvironment(options.env), REKALL_PARENT_FD: String(PARENT_FD) },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  for (const pipe of child.stdio) pipe?.on('error', () => undefined); // a dying child; its exit says what happened
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void closed.then(() => log?.end());
  const exited = new Promise<ChildExit>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) =>
      reject(new EmbeddedError('cannot-start', `${name}: cannot start: ${error.message}`)),
    );
  });

  const becameReady = new Promise<T>((resolve, reject) => {
    let waiting = true;
    followOutput(child, log, (line, stream) => {
      tail.add(line);
      if (!waiting) return;
      try {
        const value = options.ready(line, stream);
        if (value === undefined) return;
        waiting = false;
        resolve(value);
      } catch (error) {
        waiting = false;
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
  const started = Promise.all([programPid(child, supervised), becameReady]);
  const readyMs = options.readyWithinMs ?? 30_000;
  const lastLines = (): string => (tail.text() === '' ? '; it wrote nothing' : `; its last lines:\n${tail.text(20)}`);

  const endedEarly = exited.then(async (exit) => {
    await within(closed, 1_000); // the last lines may still be on their way
    throw new EmbeddedError('not-ready', `${name} ${describeExit(exit)} before it was ready${lastLines()}`);
  });
  endedEarly.catch(() => undefined); // raced below; later exits are read from `exited`
  started.catch(() => undefined);
  try {
    const first = await within(Promise.race([started, endedEarly]), readyMs);
    if (first === undefined) {
      throw new EmbeddedError('not-ready', `${name} was not ready within ${readyMs} ms${lastLines()}`);
    }
    const [pid, ready] = first;
    return handle(options, { pid, ready, child, exited, tail });
  } catch (error) {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.stdio[PARENT_FD]?.destroy(); // the supervisor stops its program; then the child itself
      if ((await within(exited, supervised ? (options.stopWithinMs ?? 10_000) : 0)) === undefined)
        child.kill('SIGKILL');
      await exited;
    }
    throw error;
  }
}

interface Started<T> {
  pid: number;
  ready: T;
  child: ChildProcess;
  exited: Promise<ChildExit>;
  tail: OutputTail;
}

function handle<T>(options: StartProcessOptions<T>, started: Started<T>): RunningProcess<T> {
  const { pid, child, exited, tail } = started;
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const send = (signal: NodeJS.Signals): void => {
    try {
      if (alive()) process.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error; // it has just ended
    }
  };
  const kill9 = (): Promise<ChildExit> => {
    send('SIGKILL');
    return exited;
  };
  return {
    name: options.name,
    pid,
    ready: started.ready,
    exited,
    async stop(signal = options.stopSignal ?? 'SIGTERM', withinMs = options.stopWithinMs ?? 10_000) {
      send(signal);
      return (await within(exited, withinMs)) ?? kill9();
    },
    kill9,
    output: () => tail.text(),
  };
}
