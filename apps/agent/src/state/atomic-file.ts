import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the names in a folder durable: a new or renamed file survives a power cut only after this. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Writes a file whole or not at all: temporary file, fsync, rename, fsync of the folder. Mode 0600.
 * `durable: false` leaves out both fsyncs (the pool simulator: thousands of states on one disk).
 */
export const writeFileAtomic = async (path: string, data: string | Uint8Array, durable = true): Promise<void> => {
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(data);
    if (durable) await handle.sync();
  } catch (error) {
    await handle.close();
    await unlink(temporary);
    throw error;
  }
  await handle.close();
  await rename(temporary, path);
  if (durable) await syncFolder(dirname(path));
};
