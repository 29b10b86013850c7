import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Told to the thread. */
export type Md5Order =
  | { readonly id: number; readonly kind: 'begin'; readonly memory: SharedArrayBuffer }
  | { readonly id: number; readonly kind: 'block'; readonly start: number; readonly end: number }
  | { readonly id: number; readonly kind: 'end' | 'abandon' };

/** What the thread answers: a block was read and may be used again, or the result. */
export type Md5Answer =
  | { readonly id: number; readonly kind: 'done' }
  | { readonly id: number; readonly kind: 'digest'; readonly digest: Uint8Array };

/** An MD5 that is being computed. */
export interface RunningMd5 {
  /** Takes the next piece, which may be used again when this resolves. */
  update(piece: Buffer): Promise<void> | void;
  /** The 16 raw bytes; ends it. */
  digest(): Promise<Buffer>;
  /** Gives it up. */
  abandon(): void;
}

const BLOCK = 256 * 1_024;
const BLOCKS = 4;
/** Bodies from here on are hashed beside; for smaller ones the handing over costs more than it saves. */
const LARGE = 4 * 2 ** 20;
/** More at a time are hashed in the main thread: each takes 1 MiB of memory. */
const MAX_BESIDE = 16;

/** Hashes in the calling thread. */
function inline(): RunningMd5 {
  const hash = createHash('md5');
  return {
    update: (piece) => {
      hash.update(piece);
    },
    digest: () => Promise.resolve(hash.digest()),
    abandon: () => undefined,
  };
}

/** Hashes large bodies in a thread of its own, so that receiving and hashing go on at the same time. */
class Md5Thread {
  private readonly worker: Worker;
  private readonly listeners = new Map<number, { answer: (answer: Md5Answer) => void; fail: (error: Error) => void }>();
  private nextId = 0;

  constructor(onEnd: () => void) {
    const here = import.meta.url;
    this.worker = new Worker(new URL(`./md5-worker${extname(here)}`, here), { env: {} });
    this.worker.on('message', (answer: Md5Answer) => this.listeners.get(answer.id)?.answer(answer));
    const end = (error: Error): void => {
      onEnd();
      for (const { fail } of this.listeners.values()) fail(error);
    };
    this.worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))));
    this.worker.on('exit', (code) => end(new Error(`the hashing thread ended with code ${String(code)}`)));
    this.worker.unref(); // after the listeners: each of them makes it hold the process
  }

  get busy(): number {
    return this.listeners.size;
  }

  begin(): RunningMd5 {
    const id = this.nextId++;
    const shared = new SharedArrayBuffer(BLOCK * BLOCKS);
    const memory = new Uint8Array(shared);
    const tell = (order: Md5Order): void => this.worker.postMessage(order);
    const result = Promise.withResolvers<Buffer>();
    result.promise.catch(() => undefined); // whoever waits for it sees it
    let waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;
    let failed: Error | undefined;
    let free = BLOCKS;
    let block = 0;
    let filled = 0;
    this.listeners.set(id, {
      answer: (answer) => {
        if (answer.kind === 'digest') {
          this.listeners.delete(id);
          result.resolve(Buffer.from(answer.digest));
          return;
        }
        free += 1;
        waiting?.resolve();
        waiting = undefined;
      },
      fail: (error) => {
        failed = error;
        waiting?.reject(error);
        result.reject(error);
      },
    });
    tell({ id, kind: 'begin', memory: shared });
    const send = (): void => {
      if (filled === 0) return;
      tell({ id, kind: 'block', start: block * BLOCK, end: block * BLOCK + filled });
      free -= 1;
      block = (block + 1) % BLOCKS;
      filled = 0;
    };
    const untilFree = async (): Promise<void> => {
      while (free === 0) {
        if (failed !== undefined) throw failed;
        const freed = Promise.withResolvers<undefined>();
        waiting = { resolve: () => freed.resolve(undefined), reject: freed.reject };
        await freed.promise;
      }
    };
    return {
      update: async (piece) => {
        for (let taken = 0; taken < piece.length;) {
          await untilFree();
          const part = piece.subarray(taken, taken + BLOCK - filled);
          memory.set(part, block * BLOCK + filled);
          filled += part.length;
          taken += part.length;
          if (filled === BLOCK) send();
        }
      },
      digest: () => {
        send();
        tell({ id, kind: 'end' });
        return result.promise;
      },
      abandon: () => {
        if (this.listeners.delete(id)) tell({ id, kind: 'abandon' });
      },
    };
  }
}

let thread: Md5Thread | undefined;

/**
 * Begins an MD5.
 * @param expected how many bytes will come, as far as is known
 */
export function startMd5(expected: number): RunningMd5 {
  if (expected < LARGE) return inline();
  thread ??= startThread();
  return thread.busy < MAX_BESIDE ? thread.begin() : inline();
}

function startThread(): Md5Thread {
  const started: Md5Thread = new Md5Thread(() => {
    if (thread === started) thread = undefined; // the next large body starts another
  });
  return started;
}
