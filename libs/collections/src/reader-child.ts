import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { CollectionRefused, ReaderFailed, type RefusedReason, ResourceExceeded, WhereFailed } from './errors.js';
import { MAX_REQUEST_BYTES, type ReadRequest } from './protocol.js';
import { readerProgram } from './reader-program.js';

const MIB = 1024 * 1024;
const MAX_STDERR = 8 * 1024;
const SAMPLE_MS = 20;
/** What the answer's envelope may add to the rows' budget before the process is called rogue. */
const ENVELOPE_SLACK = 64 * 1024;

/** What a reader process may cost. */
export interface ChildLimits {
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  readonly maxResponseBytes: number;
}

const Message = z.string().max(2000);
/** The process has read hostile bytes: its answers are parsed like any other input. */
const Failure = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refused'), reason: z.enum(['schema', 'corrupt', 'not-allowed']), message: Message }),
  z.object({
    kind: z.literal('where'),
    stage: z.enum(['parse', 'eval']),
    message: Message,
    start: z.int().nonnegative(),
    end: z.int().nonnegative(),
  }),
  z.object({ kind: z.literal('memory') }),
  z.object({ kind: z.literal('response') }),
  z.object({ kind: z.literal('failed'), message: Message }),
]);
const Answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), body: z.unknown() }),
  z.object({ ok: z.literal(false), failure: Failure }),
]);

const seconds = (milliseconds: number): string => `${milliseconds / 1000} s`;
const mebibytes = (bytes: number): string => `${Math.floor(bytes / MIB)} MiB`;

/** An answer's body with the length of the line that it came in, in bytes. */
export interface Answered<Body> {
  readonly body: Body;
  readonly bytes: number;
}

interface Waiting {
  readonly resolve: (line: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One reader process: started, asked one thing at a time, killed when it takes too long, too much memory or answers too
 * much. After an error from `ask` other than a refusal it may be dead: `alive` says.
 */
export class ReaderChild {
  private readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly ended: Promise<void>;
  private readonly parts: Buffer[] = [];
  private partBytes = 0;
  private stderr = '';
  private waiting: Waiting | undefined;
  private verdict: Error | undefined;
  private offered = 0;
  private running = true;

  private constructor(
    private readonly folder: string,
    private readonly limits: ChildLimits,
  ) {
    const program = readerProgram();
    if (!existsSync(program.main))
      throw new ReaderFailed(`the reader process is not built: ${program.main} is missing; run npm run build`);
    const heapMib = Math.max(32, Math.floor(limits.memoryBytes / MIB / 2));
    const reads = [...program.reads, folder].map((path) => `--allow-fs-read=${path}`);
    this.process = spawn(
      process.execPath,
      [
        '--permission',
        ...reads,
        '--no-addons',
        '--disable-sigusr1',
        '--disallow-code-generation-from-strings',
        '--no-warnings',
        `--max-old-space-size=${heapMib}`,
        program.main,
      ],
      { cwd: folder, env: {}, stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.process.stdout.on('data', (chunk: Buffer) => this.receive(chunk));
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (this.stderr.length < MAX_STDERR) this.stderr += text;
    });
    // A process that dies while it is written to is reported by its end, not by the broken pipe.
    this.process.stdin.on('error', () => this.process.kill('SIGKILL'));
    this.ended = new Promise((done) => {
      this.process.once('error', (error) =>
        this.end(new ReaderFailed('the reader process did not start', { cause: error }), done),
      );
      this.process.once('close', (code, signal) => this.end(this.reasonOf(code, signal), done));
    });
  }

  /** Starts a process in a private folder of its own. */
  static async start(limits: ChildLimits): Promise<ReaderChild> {
    const folder = await mkdtemp(join(tmpdir(), 'rekall-reader-'));
    try {
      return new ReaderChild(folder, limits);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get alive(): boolean {
    return this.running && this.verdict === undefined;
  }

  /** Puts a checked file into the process's folder; gives the name that it has there. */
  async offer(file: string): Promise<string> {
    const name = String(this.offered++);
    await symlink(resolve(file), join(this.folder, name));
    return name;
  }

  /**
   * Asks and waits for the answer.
   * @param schema what the body must be
   * @throws CollectionRefused, WhereFailed, ResourceExceeded, ReaderFailed
   */
  async ask<Body>(request: ReadRequest, schema: z.ZodType<Body>): Promise<Answered<Body>> {
    const line = `${JSON.stringify(request)}\n`;
    if (Buffer.byteLength(line) > MAX_REQUEST_BYTES) throw new ReaderFailed('the request is too long');
    const reply = await this.exchange(line);
    const { data, error } = Answer.safeParse(this.parseLine(reply));
    if (data === undefined) throw this.rogue('an answer of another form', error);
    if (!data.ok) throw this.failure(data.failure);
    const body = schema.safeParse(data.body);
    if (!body.success) throw this.rogue('rows of another form', body.error);
    return { body: body.data, bytes: reply.length };
  }

  /** Ends the process and removes its folder. */
  async close(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
    await rm(this.folder, { recursive: true, force: true });
  }

  private async exchange(line: string): Promise<Buffer> {
    if (!this.alive) throw this.verdict ?? new ReaderFailed('the reader process has ended');
    const timer = setTimeout(
      () => this.stop(new ResourceExceeded('time', seconds(this.limits.timeoutMs))),
      this.limits.timeoutMs,
    );
    const sampler = setInterval(() => this.sample(), SAMPLE_MS);
    try {
      return await new Promise<Buffer>((resolveLine, reject) => {
        this.waiting = { resolve: resolveLine, reject };
        this.process.stdin.write(line);
      });
    } finally {
      clearTimeout(timer);
      clearInterval(sampler);
      this.waiting = undefined;
    }
  }

  private receive(chunk: Buffer): void {
    if (this.verdict !== undefined) return;
    const end = chunk.indexOf(0x0a);
    this.parts.push(end < 0 ? chunk : chunk.subarray(0, end));
    this.partBytes += chunk.length;
    if (this.partBytes > this.limits.maxResponseBytes + ENVELOPE_SLACK) {
      this.stop(new ResourceExceeded('response', mebibytes(this.limits.maxResponseBytes)));
      return;
    }
    if (end < 0) return;
    const line = Buffer.concat(this.parts);
    this.parts.length = 0;
    this.partBytes = 0;
    if (end === chunk.length - 1 && this.waiting !== undefined) this.waiting.resolve(line);
    else this.stop(new ReaderFailed('the reader process said more than it was asked'));
  }

  /** Resident memory, where the system shows it (Linux); elsewhere V8's own limit and the time bound it. */
  private sample(): void {
    const { pid } = this.process;
    if (process.platform !== 'linux' || pid === undefined) return;
    const resident = residentBytes(pid);
    if (resident > this.limits.memoryBytes)
      this.stop(new ResourceExceeded('memory', mebibytes(this.limits.memoryBytes)));
  }

  private stop(reason: Error): void {
    this.verdict ??= reason;
    this.process.kill('SIGKILL');
  }

  private end(reason: Error, done: () => void): void {
    this.running = false;
    this.verdict ??= reason;
    this.waiting?.reject(this.verdict);
    done();
  }

  private reasonOf(code: number | null, signal: string | null): Error {
    if (/heap out of memory|out of memory/i.test(this.stderr))
      return new ResourceExceeded('memory', mebibytes(this.limits.memoryBytes));
    const how = signal === null ? `with code ${String(code)}` : `by ${signal}`;
    return new ReaderFailed(`the reader process ended ${how}: ${this.stderr.trim().slice(0, 1000)}`);
  }

  private parseLine(line: Buffer): unknown {
    try {
      return JSON.parse(line.toString('utf8'));
    } catch (error) {
      throw this.rogue('an answer that is no JSON', error);
    }
  }

  /** An answer that our program never gives: whatever runs there is not asked again. */
  private rogue(what: string, cause: unknown): Error {
    const error = new ReaderFailed(`the reader process gave ${what}`, { cause });
    this.stop(error);
    return error;
  }

  private failure(failure: z.infer<typeof Failure>): Error {
    switch (failure.kind) {
      case 'refused': {
        const reason: RefusedReason = failure.reason;
        return new CollectionRefused(reason, failure.message);
      }
      case 'where':
        return new WhereFailed(failure.stage, failure.message, failure.start, failure.end);
      case 'memory':
        return new ResourceExceeded('memory', mebibytes(this.limits.memoryBytes));
      case 'response':
        return new ResourceExceeded('response', mebibytes(this.limits.maxResponseBytes));
      case 'failed':
        return new ReaderFailed(failure.message);
    }
  }
}

/** A process's resident memory; 0 when it is gone. */
const residentBytes = (pid: number): number => {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return 0;
    throw error;
  }
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
};
