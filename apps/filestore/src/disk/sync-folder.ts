import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { isErrno } from './folder-cache.js';

const sync = promisify(fsync);

interface Syncing {
  /** The sync that runs: it may have begun before the change of a caller who comes now. */
  readonly current: Promise<void>;
  /** The one that begins when that has ended, for all callers who came meanwhile. */
  next: Promise<void> | undefined;
}

/** An open folder. */
interface Handle {
  readonly fd: number;
  users: number;
  /** It is closed when nobody uses it. */
  dropped: boolean;
}

/** Makes changes of folders durable; keeps some of them open, since opening takes as long as a small sync. */
export class FolderSyncs {
  private readonly syncing = new Map<string, Syncing>();
  private readonly handles = new Map<string, Handle>();

  /** @param most so many folders are kept open */
  constructor(private readonly most: number) {}

  /**
   * Makes what came and went in a folder before this call durable. Callers who come while a sync of the folder runs share
   * the next one. A folder that is gone has nothing left to make durable.
   */
  sync(folder: string): Promise<void> {
    const running = this.syncing.get(folder);
    if (running === undefined) return this.begin(folder);
    running.next ??= running.current.then(
      () => this.begin(folder),
      () => this.begin(folder),
    );
    return running.next;
  }

  /** The folder was removed, or moved: what is there under its name from now on is another one. */
  forget(folder: string): void {
    const handle = this.handles.get(folder);
    if (handle === undefined) return;
    this.handles.delete(folder);
    handle.dropped = true;
    closeUnused(handle);
  }

  /** Closes all. */
  close(): void {
    for (const folder of [...this.handles.keys()]) this.forget(folder);
  }

  private begin(folder: string): Promise<void> {
    const current = this.syncNow(folder);
    const own: Syncing = { current, next: undefined };
    this.syncing.set(folder, own);
    const forget = (): void => {
      if (this.syncing.get(folder) === own && own.next === undefined) this.syncing.delete(folder);
    };
    current.then(forget, forget);
    return current;
  }

  private async syncNow(folder: string): Promise<void> {
    const handle = this.open(folder);
    if (handle === undefined) return;
    handle.users += 1;
    try {
      await sync(handle.fd);
    } finally {
      handle.users -= 1;
      closeUnused(handle);
    }
  }

  private open(folder: string): Handle | undefined {
    const known = this.handles.get(folder);
    if (known !== undefined) {
      this.handles.delete(folder);
      this.handles.set(folder, known);
      return known;
    }
    let fd: number;
    try {
      fd = openSync(folder, 'r');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
    const handle = { fd, users: 0, dropped: this.most === 0 };
    if (this.most === 0) return handle;
    this.handles.set(folder, handle);
    for (const oldest of this.handles.keys()) {
      if (this.handles.size <= this.most) break;
      this.forget(oldest);
    }
    return handle;
  }
}

function closeUnused({ fd, users, dropped }: Handle): void {
  if (dropped && users === 0) closeSync(fd);
}
