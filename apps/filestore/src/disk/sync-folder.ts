import { open } from 'node:fs/promises';
import { isErrno } from './folder-cache.js';

interface Syncing {
  /** The sync that runs: it may have begun before the change of a caller who comes now. */
  readonly current: Promise<void>;
  /** The one that begins when that has ended, for all callers who came meanwhile. */
  next: Promise<void> | undefined;
}

const syncing = new Map<string, Syncing>();

/**
 * Makes what came and went in a folder before this call durable. Callers who come while a sync of the folder runs share
 * the next one. A folder that is gone has nothing left to make durable.
 */
export function syncFolder(folder: string): Promise<void> {
  const running = syncing.get(folder);
  if (running === undefined) return begin(folder);
  running.next ??= running.current.then(
    () => begin(folder),
    () => begin(folder),
  );
  return running.next;
}

function begin(folder: string): Promise<void> {
  const current = syncNow(folder);
  const own: Syncing = { current, next: undefined };
  syncing.set(folder, own);
  const forget = (): void => {
    if (syncing.get(folder) === own && own.next === undefined) syncing.delete(folder);
  };
  current.then(forget, forget);
  return current;
}

async function syncNow(folder: string): Promise<void> {
  let handle;
  try {
    handle = await open(folder, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
