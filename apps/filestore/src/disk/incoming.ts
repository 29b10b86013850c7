import { createHash, randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeTrailer, type ObjectMeta } from './object-file.js';

const SPILL_AT = 64 * 1_024;

/**
 * A body on its way in: small ones are held in memory, others go to a temporary file as they come. Nothing is visible
 * until the store commits it.
 */
export class Incoming {
  /** Content bytes so far. */
  size = 0;
  private readonly path: string;
  private readonly md5 = createHash('md5');
  private handle: FileHandle | undefined;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;

  /** @param folder where temporary files lie; on the same file system as the objects. */
  constructor(folder: string) {
    this.path = join(folder, randomUUID());
  }

  /** Takes the next piece of the content. */
  async write(chunk: Buffer): Promise<void> {
    this.md5.update(chunk);
    this.size += chunk.length;
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.waitingBytes >= SPILL_AT) await this.flush();
  }

  /** Raw MD5 of the content; ends the content. */
  digest(): Buffer {
    return this.md5.digest();
  }

  /** Writes what is left and the trailer, makes the file durable, closes it; returns its path. */
  async seal(meta: ObjectMeta): Promise<string> {
    const trailer = encodeTrailer(meta);
    this.waiting.push(trailer);
    this.waitingBytes += trailer.length;
    const handle = await this.flush();
    await handle.sync();
    await handle.close();
    this.handle = undefined;
    return this.path;
  }

  /** Removes the temporary file, if there is one. Call it in every case. */
  async discard(): Promise<void> {
    this.waiting = [];
    await this.handle?.close();
    this.handle = undefined;
    await rm(this.path, { force: true });
  }

  private async flush(): Promise<FileHandle> {
    this.handle ??= await open(this.path, 'wx', 0o600);
    let data = this.waiting.length === 1 ? (this.waiting[0] ?? Buffer.alloc(0)) : Buffer.concat(this.waiting);
    this.waiting = [];
    this.waitingBytes = 0;
    while (data.length > 0) {
      const { bytesWritten } = await this.handle.write(data);
      data = data.subarray(bytesWritten);
    }
    return this.handle;
  }
}
