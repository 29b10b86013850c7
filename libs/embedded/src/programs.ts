import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { childEnvironment, type RunningProcess, startProcess } from './child.js';
import { EmbeddedError } from './errors.js';

/** The programs of this project that run as children, by the file that starts them. */
const PROGRAMS = {
  filestore: 'dist/apps/filestore/src/main.js',
  api: 'dist/apps/api/src/main.js',
  worker: 'dist/apps/api/src/worker.js',
  agent: 'dist/apps/agent/src/main.js',
  admin: 'dist/apps/api/src/admin.js',
} as const;

/** One of our programs. */
export type ProgramName = keyof typeof PROGRAMS;

/** What all programs take. */
export interface StartProgramOptions {
  /** For messages and logs; default the program's own name. */
  name?: string;
  /** The program's whole environment besides what {@link childEnvironment} hands on. */
  env?: Readonly<Record<string, string>>;
  /** Further arguments. */
  args?: readonly string[];
  cwd?: string;
  logFile?: string;
  /** Default 30,000 ms. */
  readyWithinMs?: number;
}

/** A program that answers HTTP: `ready` is its base URL, as "http://127.0.0.1:8080". */
export type Server = RunningProcess<string>;

const listeningSchema = z.object({ listening: z.url({ protocol: /^http$/ }) });
const readySchema = z.object({ ready: z.literal(true) });

/** The folder of package.json, whether we run from the sources or from dist. */
function projectFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'rekall-agent')
      return folder;
    if (dirname(folder) === folder)
      throw new EmbeddedError('cannot-start', 'the package.json of rekall-agent is in no folder above this program');
  }
}

/** The built file of a program. Throws {@link EmbeddedError} `cannot-start` when it was not built. */
function programFile(program: ProgramName): string {
  const file = join(projectFolder(), PROGRAMS[program]);
  if (!existsSync(file)) throw new EmbeddedError('cannot-start', `${PROGRAMS[program]} is missing: run npm run build`);
  return file;
}

/** A line as JSON, undefined when it is not: programs may write other lines before the one that says they are ready. */
function parseLine(line: string): unknown {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function start<T>(
  program: ProgramName,
  options: StartProgramOptions,
  ready: (line: unknown) => T | undefined,
): Promise<RunningProcess<T>> {
  const { name, args, ...rest } = options;
  return startProcess({
    ...rest,
    name: name ?? program,
    command: process.execPath,
    args: [programFile(program), ...(args ?? [])],
    ready: (line, stream) => (stream === 'stdout' ? ready(parseLine(line)) : undefined),
  });
}

const listening = (line: unknown): string | undefined => listeningSchema.safeParse(line).data?.listening;
const isReady = (line: unknown): true | undefined => readySchema.safeParse(line).data?.ready;

/** Starts the file store on a config file. */
export function startFilestore(options: StartProgramOptions & { configFile: string }): Promise<Server> {
  const { configFile, args, ...rest } = options;
  return start('filestore', { ...rest, args: ['--config', configFile, ...(args ?? [])] }, listening);
}

/** Starts the API's HTTP role; everything it needs is in `env`. */
export function startApi(options: StartProgramOptions): Promise<Server> {
  return start('api', options, listening);
}

/** Starts the API's worker role; everything it needs is in `env`. */
export function startWorker(options: StartProgramOptions): Promise<RunningProcess<true>> {
  return start('worker', options, isReady);
}

/** Starts an agent on a config file. */
export function startAgent(options: StartProgramOptions & { configFile: string }): Promise<RunningProcess<true>> {
  const { configFile, args, ...rest } = options;
  return start('agent', { ...rest, args: ['--config', configFile, ...(args ?? [])] }, isReady);
}

/** What a program that ran to its end wrote. */
export interface ProgramOutput {
  stdout: string;
  stderr: string;
}

/**
 * Runs one command of the API's admin role (`['migrate']`) to its end; everything it needs is in `env`. Throws
 * {@link EmbeddedError} `failed` with what it wrote to stderr when its exit code is not 0, or after 5 minutes.
 */
export function runAdmin(args: readonly string[], env: Readonly<Record<string, string>>): Promise<ProgramOutput> {
  return runToEnd('admin', args, env);
}

/** What the file store says of its settings: one line of JSON. Throws as {@link runAdmin}. */
export function runFilestoreConfigDoc(): Promise<ProgramOutput> {
  return runToEnd('filestore', ['--config-doc'], {});
}

/** Lets the worker role do everything that there is to do now, and end. Throws as {@link runAdmin}. */
export function runWorkerOnce(env: Readonly<Record<string, string>>): Promise<ProgramOutput> {
  return runToEnd('worker', ['--once'], env);
}

function runToEnd(
  program: ProgramName,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ProgramOutput> {
  const options = { env: childEnvironment(env), timeout: 300_000, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [programFile(program), ...args], options, (error, stdout, stderr) => {
      if (error === null) {
        resolve({ stdout, stderr });
        return;
      }
      const said = stderr.trim() === '' ? error.message : stderr.trim();
      reject(new EmbeddedError('failed', `${program} ${args[0] ?? ''}: ${said}`, { cause: error }));
    });
  });
}
