import { readdir, readFile, rename, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '../errors.js';
import type { Logger } from '../logger.js';
import { syncFolder, writeFileAtomic } from '../state/atomic-file.js';
import { type NewItem, SpoolItem } from './spool-item.js';

/** This part of the disk stays free for the machine's own work. */
const KEEP_FREE = 0.1;
/** What could not be delivered for so long is dropped. */
const KEEP_MS = 30 * 86_400_000;
/** When neither configuration nor Manifest says: 2 GiB. */
const DEFAULT_LIMIT_BYTES = 2 * 1024 ** 3;

/** The spool takes no more results: its own limit, or the disk's. Tickets are always tried. */
export class SpoolFull extends Error {
  override readonly name = 'SpoolFull';
}

export interface SpoolOptions {
  durable: boolean;
  now: () => Date;
  logger: Logger;
}

const removeFile = async (path: string): Promise<void> => {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
};

/** Results and tickets on their way to the bucket, on disk: they survive a restart, and leave when delivered. */
export class Spool {
  readonly #items = new Map<string, SpoolItem>();
  /** Put in, but not yet to be uploaded: the state that belongs to them is being saved. */
  readonly #held = new Set<string>();
  #next = 1;
  #limitBytes = DEFAULT_LIMIT_BYTES;
  #usedBytes = 0;
  readonly #removalListeners = new Set<(item: SpoolItem) => void>();

  private constructor(
    private readonly dir: string,
    private readonly options: SpoolOptions,
  ) {}

  /** Reads what an earlier run left. Files without a descriptor were never complete and are removed. */
  static async open(dir: string, options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(dir, options);
    const names = await readdir(dir);
    for (const name of names.filter((n) => n.endsWith('.json')).toSorted()) await spool.#load(name);
    for (const name of names) {
      const id = /^(\d{12})\.data$/.exec(name)?.[1];
      if (name.endsWith('.tmp') || (id !== undefined && !spool.#items.has(id))) await removeFile(join(dir, name));
    }
    return spool;
  }

  async #load(name: string): Promise<void> {
    const path = join(this.dir, name);
    try {
      const item = SpoolItem.parse(JSON.parse(await readFile(path, 'utf8')));
      await stat(this.dataPath(item));
      this.#put(item);
      this.#next = Math.max(this.#next, Number(item.id) + 1);
    } catch (error) {
      this.options.logger.error({ file: name, reason: messageOf(error) }, 'a spool item cannot be read: moved aside');
      await rename(path, `${path}.damaged`);
    }
  }

  /** How many bytes it may hold; 2 GiB when nobody says. */
  limit(bytes: number | undefined): void {
    this.#limitBytes = bytes ?? DEFAULT_LIMIT_BYTES;
  }

  /** In the order in which they were put in. */
  items(): SpoolItem[] {
    return [...this.#items.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  itemsOf(flowId: string, attempt: number): SpoolItem[] {
    return this.items().filter((i) => i.flow?.flow_id === flowId && i.flow.attempt === attempt);
  }

  isHeld(item: SpoolItem): boolean {
    return this.#held.has(item.id);
  }

  release(item: SpoolItem): void {
    this.#held.delete(item.id);
  }

  dataPath(item: SpoolItem): string {
    return join(this.dir, `${item.id}.data`);
  }

  /** Puts a text in; durable when this resolves. `held` items wait for `release`. */
  async addText(item: NewItem, text: string, held: boolean): Promise<SpoolItem> {
    const id = this.#newId();
    if (held) this.#held.add(id);
    await writeFileAtomic(join(this.dir, `${id}.data`), text, this.options.durable);
    return this.#describe({ ...item, ...this.#common(id, Buffer.byteLength(text)) });
  }

  /** Moves a finished file in (same disk). Throws {@link SpoolFull} when there is no room for it. */
  async addFile(item: NewItem, file: string): Promise<SpoolItem> {
    const { size } = await stat(file);
    await this.#checkRoom(size);
    const id = this.#newId();
    await rename(file, join(this.dir, `${id}.data`));
    if (this.options.durable) await syncFolder(this.dir);
    return this.#describe({ ...item, ...this.#common(id, size) });
  }

  /** Delivered, or not to be delivered: the descriptor goes first, so that a crash in between leaves no false item. */
  async remove(item: SpoolItem): Promise<void> {
    if (this.#items.delete(item.id)) this.#usedBytes -= item.bytes;
    this.#held.delete(item.id);
    await removeFile(join(this.dir, `${item.id}.json`));
    await removeFile(this.dataPath(item));
    for (const listener of this.#removalListeners) listener(item);
  }

  /** Told of every item that leaves, delivered or not; gives the function that ends it. */
  onRemoved(listener: (item: SpoolItem) => void): () => void {
    this.#removalListeners.add(listener);
    return () => this.#removalListeners.delete(listener);
  }

  /** Deletes the results of a flow (it was cancelled). */
  async removeResults(flowId: string, attempt: number): Promise<void> {
    for (const item of this.itemsOf(flowId, attempt)) if (item.kind === 'result') await this.remove(item);
  }

  /** Empties the spool: it is another client's (this folder was copied from another machine). */
  async clear(): Promise<void> {
    for (const item of this.items()) await this.remove(item);
  }

  /** Drops what could not be delivered for 30 days, and says what. */
  async dropOld(): Promise<void> {
    const before = this.options.now().getTime() - KEEP_MS;
    for (const item of this.items()) {
      if (Date.parse(item.created_at) >= before) continue;
      this.options.logger.error({ key: item.key, since: item.created_at }, 'dropped: not delivered for 30 days');
      await this.remove(item);
    }
  }

  #newId(): string {
    return String(this.#next++).padStart(12, '0');
  }

  #common(id: string, bytes: number): Pick<SpoolItem, '__type__' | 'version' | 'id' | 'bytes' | 'created_at'> {
    return { __type__: 'SpoolItem', version: 1, id, bytes, created_at: this.options.now().toISOString() };
  }

  async #describe(item: SpoolItem): Promise<SpoolItem> {
    await writeFileAtomic(join(this.dir, `${item.id}.json`), JSON.stringify(item), this.options.durable);
    this.#put(item);
    return item;
  }

  #put(item: SpoolItem): void {
    this.#items.set(item.id, item);
    this.#usedBytes += item.bytes;
  }

  async #checkRoom(bytes: number): Promise<void> {
    const limit = this.#limitBytes;
    const used = this.#usedBytes;
    if (used + bytes > limit)
      throw new SpoolFull(`the spool would hold ${used + bytes} bytes, its limit is ${limit}: the result was dropped`);
    const disk = await statfs(this.dir);
    if (disk.bavail < disk.blocks * KEEP_FREE)
      throw new SpoolFull('less than a tenth of the disk is free: the result was dropped');
  }
}
