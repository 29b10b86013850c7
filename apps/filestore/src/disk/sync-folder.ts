import { open } from 'node:fs/promises';
import { isErrno } from './folder-cache.js';

/** Makes what came and went in a folder durable. A folder that is gone has nothing left to make durable. */
export async function syncFolder(folder: string): Promise<void> {
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
