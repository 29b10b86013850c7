import { randomUUID } from 'node:crypto';
import { closeSync, fsync, openSync, writeSync } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunningMd5 } from './md5-thread.js';
import { encodeTrailer, type ObjectMeta } from './object-file.js';

const sync = promisify(fsync);

const SPILL_AT = 64 * 1_024;
/** While a write runs, so much more may gather for the next one. */
const GATHER = 512 * 1_024;
/** Of all bodies together; beyond it each waits for its own write. */
const GATHER_ALL = 32 * GATHER;

let gathered = 0;

/**
 * A body on its way in: small ones are held in memory, others go to a temporary file as they come, written while the
 * next piece is received. Nothing is visible until the store commits it.
 */
export class Incoming {
  /** Content bytes so far. */
  size = 0;
  private readonly path: string;
  private handle: FileHandle | undefined;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private writing: Promise<void> | undefined;
  private onDisk = false;

  /**
   * @param folder where temporary files lie; on the same file system as the objects
   * @param md5 takes the content as well
   */
  constructor(
    folder: string,
    private readonly md5: RunningMd5 | undefined,
  ) {
    this.path = join(folder, randomUUID());
  }

  /** Takes the next piece of the content, which is not used again by the caller. */
  async write(chunk: Buffer): Promise<void> {
    this.size += chunk.length;
    this.gather(chunk);
    const hashed = this.md5?.update(chunk);
    if (hashed !== undefined) await hashed;
    if (this.waitingBytes < SPILL_AT) return;
    if (this.writing !== undefined && (this.waitingBytes >= GATHER || gathered > GATHER_ALL)) await this.writing;
    if (this.writing === undefined) this.writeOn();
  }

  /** Raw MD5 of the content; ends the content. */
  async digest(): Promise<Buffer> {
    if (this.md5 === undefined) throw new Error('no MD5 was asked for');
    return this.md5.digest();
  }

  /** Writes what is left and the trailer, makes the file durable, closes it; returns its path. */
  async seal(meta: ObjectMeta): Promise<string> {
    this.gather(encodeTrailer(meta));
    if (this.writing === undefined && this.handle === undefined) {
      await this.sealSmall();
      return this.path;
    }
    await this.writing;
    await this.flush();
    const { handle } = this;
    if (handle === undefined) throw new Error('sealed before it was opened');
    await handle.sync();
    await handle.close();
    this.handle = undefined;
    return this.path;
  }

  /** The temporary file has become something else: there is nothing to remove. */
  moved(): void {
    this.onDisk = false;
  }

  /** Removes the temporary file, if there is one. Call it in every case. */
  async discard(): Promise<void> {
    this.take();
    this.md5?.abandon();
    const { writing } = this;
    this.writing = undefined;
    await writing?.catch(() => undefined); // whoever wrote last was told
    await this.handle?.close();
    this.handle = undefined;
    if (!this.onDisk) return;
    this.onDisk = false;
    await unlink(this.path);
  }

  private gather(chunk: Buffer): void {
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    gathered += chunk.length;
  }

  private take(): Buffer[] {
    const taken = this.waiting;
    gathered -= this.waitingBytes;
    this.waiting = [];
    this.waitingBytes = 0;
    return taken;
  }

  /** Begins to write what has gathered; a failure is thrown to whoever waits for it. */
  private writeOn(): void {
    const running = this.flush().then(() => {
      if (this.writing === running) this.writing = undefined;
    });
    running.catch(() => undefined);
    this.writing = running;
  }

  private async flush(): Promise<void> {
    const pieces = this.take();
    if (this.handle === undefined) {
      this.handle = await open(this.path, 'wx', 0o600);
      this.onDisk = true;
    }
    let left = pieces.reduce((sum, piece) => sum + piece.length, 0);
    while (left > 0) {
      const { bytesWritten } = await this.handle.writev(pieces);
      left -= bytesWritten;
      for (let skip = bytesWritten; left > 0 && skip > 0;) {
        const [first] = pieces;
        if (first === undefined) return;
        if (first.length > skip) pieces[0] = first.subarray(skip);
        else pieces.shift();
        skip -= Math.min(skip, first.length);
      }
    }
  }

  /** All at once, without giving way but for the fsync: the calls take microseconds, handing them over takes longer. */
  private async sealSmall(): Promise<void> {
    const file = openSync(this.path, 'wx', 0o600);
    this.onDisk = true;
    try {
      let data = Buffer.concat(this.take());
      while (data.length > 0) data = data.subarray(writeSync(file, data));
      await sync(file);
    } finally {
      closeSync(file);
    }
  }
}
