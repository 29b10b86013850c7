import { closeSync, linkSync, openSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '#files';
import { toText, type ByteString } from '../bytes.js';
import { FolderCache, isErrno } from './folder-cache.js';
import { Incoming } from './incoming.js';
import { keyToNames } from './key-path.js';
import { KeyLocks } from './key-locks.js';
import { lockFolder } from './lock.js';
import { startMd5 } from './md5-thread.js';
import { readMeta, type ObjectMeta } from './object-file.js';
import { FolderSyncs } from './sync-folder.js';
import { MultipartUploads } from './uploads.js';
import { walk, type Found, type WalkOptions } from './walk.js';

const MAX_KNOWN = 50_000;
const MAX_OPEN_FOLDERS = 256;
const MAX_ROOT_LENGTH = 900;

/** What the writer of an object says about it. */
export type GivenMeta = Pick<ObjectMeta, 'etag' | 'headers' | 'user' | 'checksum'>;

/** How a commit went. */
export type Committed = { readonly done: true; readonly meta: ObjectMeta } | { readonly done: false };

/**
 * Looks at what is there (undefined: nothing) under the key's lock and may throw to refuse the change. Gives what takes
 * back what it did: called when the change is not made, not when it is made and only could not be made durable.
 */
export type BeforeChange = (present: ObjectMeta | undefined) => () => void;

/**
 * Objects in a folder. One process, one writer: what is known of objects is kept in memory and is right by construction
 * (metadata is read without giving way to other work, and replaced when a change is committed, before it is answered).
 */
export class DiskStore {
  private readonly known = new Map<ByteString, ObjectMeta>();
  private readonly folders = new FolderCache();
  private readonly locks = new KeyLocks();
  private readonly syncs = new FolderSyncs(MAX_OPEN_FOLDERS);
  /** Folders that are being made, until they are durable in their parents. */
  private readonly making = new Map<string, Promise<void>>();
  /** Folders that were made and whose name is not durable: their sync runs, or has failed. */
  private readonly unnamed = new Set<string>();

  private constructor(
    private readonly objects: string,
    private readonly temporary: string,
    /** Multipart uploads that are under way. */
    readonly uploads: MultipartUploads,
    private readonly unlock: () => void,
    private readonly now: () => number,
  ) {}

  /**
   * Opens the folder (made if missing) for one bucket; removes what an earlier run left unfinished.
   * @throws FolderInUseError when another process serves it
   */
  static open(root: string, bucket: string, now: () => number): DiskStore {
    if (Buffer.byteLength(root) > MAX_ROOT_LENGTH) {
      throw new Error(`the path of the folder is longer than ${String(MAX_ROOT_LENGTH)} bytes: choose a shorter one`);
    }
    const objects = join(root, 'buckets', bucket);
    const temporary = join(root, 'temporary');
    makeFolder(objects);
    makeFolder(temporary);
    const unlock = lockFolder(join(root, 'lock'));
    for (const name of readdirSync(temporary)) rmSync(join(temporary, name), { recursive: true, force: true });
    const uploads = new MultipartUploads(join(root, 'uploads', bucket), temporary, now);
    return new DiskStore(objects, temporary, uploads, unlock, now);
  }

  /** Gives the folder up. */
  close(): void {
    this.syncs.close();
    this.unlock();
  }

  /**
   * A place for a body on its way in.
   * @param expected its size, as far as is known
   * @param hashed whether its MD5 will be asked for
   */
  incoming(expected = 0, hashed = true): Incoming {
    return new Incoming(this.temporary, hashed ? startMd5(expected) : undefined);
  }

  /** What is kept in memory of an object; undefined says nothing about the object. */
  peek(key: ByteString): ObjectMeta | undefined {
    return this.known.get(key);
  }

  /** What is known of an object, undefined when there is none. */
  head(key: ByteString): ObjectMeta | undefined {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const meta = this.headAt(this.pathOf(key));
    if (meta !== undefined) this.remember(key, meta);
    return meta;
  }

  /** The same for a listing, which would push what is asked for often out of memory. */
  headListed(key: ByteString, path: string): ObjectMeta | undefined {
    return this.known.get(key) ?? this.headAt(path);
  }

  /** Opens an object: the content is the first `meta.size` bytes of the file. The caller closes it. */
  open(key: ByteString): { readonly fd: number; readonly meta: ObjectMeta } | undefined {
    const fd = openExisting(this.pathOf(key));
    if (fd === undefined) return undefined;
    try {
      const meta = readMeta(fd);
      this.remember(key, meta);
      return { fd, meta };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /**
   * Makes a received body the object of this key, durably; readers see the old or the new object, never a mixture.
   * @param onlyNew when something is there already, nothing is changed and the answer is not done
   * @param before last word before the change, under the key's lock
   */
  async put(
    key: ByteString,
    body: Incoming,
    given: GivenMeta,
    { onlyNew, before }: { readonly onlyNew: boolean; readonly before: BeforeChange },
  ): Promise<Committed> {
    const meta: ObjectMeta = { key: toText(key), size: body.size, modified: this.now(), ...given };
    const sealed = await body.seal(meta);
    return this.locks.run(key, async () => {
      const undo = before(this.head(key));
      const path = this.pathOf(key);
      const move = (): boolean => (onlyNew ? linkNew(sealed, path) : replace(sealed, path));
      const done = await undoing(undo, () => this.moveInto(path, move));
      if (!done) return { done };
      if (!onlyNew) body.moved();
      this.remember(key, meta);
      this.folders.changed(dirname(path));
      await this.syncs.sync(dirname(path));
      await this.untilMade(dirname(path));
      return { done, meta };
    });
  }

  /** Removes an object; false when there is none. */
  async delete(key: ByteString, before: BeforeChange): Promise<boolean> {
    return this.locks.run(key, async () => {
      const undo = before(this.head(key));
      const path = this.pathOf(key);
      try {
        if (!(await undoing(undo, () => removed(path)))) return false;
      } finally {
        this.known.delete(key);
        this.folders.changed(dirname(path));
      }
      await this.syncs.sync(dirname(path));
      this.removeEmptyFolders(dirname(path));
      return true;
    });
  }

  /** Keys and common prefixes in byte order; see {@link walk}. */
  list(options: WalkOptions): AsyncGenerator<Found> {
    return walk(this.objects, this.folders, options);
  }

  private headAt(path: string): ObjectMeta | undefined {
    const fd = isThere(path) ? openExisting(path) : undefined;
    if (fd === undefined) return undefined;
    try {
      return readMeta(fd);
    } finally {
      closeSync(fd);
    }
  }

  private pathOf(key: ByteString): string {
    return `${this.objects}/${keyToNames(key).join('/')}`;
  }

  private remember(key: ByteString, meta: ObjectMeta): void {
    this.known.delete(key);
    this.known.set(key, meta);
    if (this.known.size > MAX_KNOWN) this.forgetOldest();
  }

  /** Many at a time: the beginning of a map from which much was deleted takes long to find. */
  private forgetOldest(): void {
    let left = MAX_KNOWN / 10;
    for (const oldest of this.known.keys()) {
      if (left-- <= 0) return;
      this.known.delete(oldest);
    }
  }

  /** Moves a file into its folder, making the folder first; again when the emptied folder was removed meanwhile. */
  private async moveInto(path: string, move: () => boolean): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      try {
        return move();
      } catch (error) {
        if (!isErrno(error, 'ENOENT') || attempt >= 20) throw error;
      }
      await this.makeFolder(dirname(path));
    }
  }

  /** Makes a folder and those above it, durably; together for all who need it. */
  private makeFolder(folder: string): Promise<void> {
    const running = this.making.get(folder);
    if (running !== undefined) return running;
    const made = this.makeNow(folder).finally(() => this.making.delete(folder));
    this.making.set(folder, made);
    return made;
  }

  private async makeNow(folder: string): Promise<void> {
    for (;;) {
      try {
        await mkdir(folder, { mode: 0o700 });
        break;
      } catch (error) {
        if (isErrno(error, 'EEXIST')) return;
        if (!isErrno(error, 'ENOENT')) throw error;
      }
      await this.makeFolder(dirname(folder));
    }
    this.folders.changed(dirname(folder));
    this.unnamed.add(folder);
    await this.nameDurably(folder);
  }

  private async nameDurably(folder: string): Promise<void> {
    await this.syncs.sync(dirname(folder));
    this.unnamed.delete(folder);
  }

  /**
   * Waits for folders on the way that another change has made and that are not durable yet. Where that failed, it is
   * tried again: nothing is answered well below a folder that a power cut might take.
   */
  private async untilMade(folder: string): Promise<void> {
    for (let above = folder; this.unnamed.size > 0 && above.length > this.objects.length; above = dirname(above)) {
      await this.making.get(above);
      if (this.unnamed.has(above)) await this.nameDurably(above);
    }
  }

  /** Without giving way, so that nobody takes a folder that goes for the one that is made after it. */
  private removeEmptyFolders(from: string): void {
    for (let folder = from; folder.length > this.objects.length; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch (error) {
        if (isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return;
        throw error;
      }
      this.syncs.forget(folder);
      this.unnamed.delete(folder);
      this.folders.changed(folder);
      this.folders.changed(dirname(folder));
    }
  }
}

/** Makes a change; what was done for it beforehand is taken back when it is not made. */
async function undoing(undo: () => void, change: () => Promise<boolean>): Promise<boolean> {
  let done = false;
  try {
    done = await change();
  } finally {
    if (!done) undo();
  }
  return done;
}

/** Removes a file; false when there is none. */
async function removed(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** Asked before a file is opened that is mostly not there: an error that is thrown costs far more than the question. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return false;
    throw error;
  }
}

/** Opens a file for reading; undefined when there is none. */
function openExisting(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** As {@link linkNew} without giving way: handing the call over to another thread takes longer than the call. */
function replace(from: string, to: string): boolean {
  renameSync(from, to);
  return true;
}

/** Makes `to` appear only if nothing is there: the file system decides. The caller's discard removes `from`. */
function linkNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}
