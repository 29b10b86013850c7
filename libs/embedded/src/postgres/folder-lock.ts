import { readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { EmbeddedError, systemErrorCode } from '../errors.js';
import { processIdentity } from './process-identity.js';

const holderSchema = z.object({ pid: z.int().positive(), identity: z.string() });

/** Who holds the lock, when it is somebody who lives. */
async function livingHolder(path: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (text === '') return undefined; // its writer died between making and filling it
  const holder = holderSchema.parse(JSON.parse(text));
  return (await processIdentity(holder.pid)) === holder.identity ? holder.pid : undefined;
}

/**
 * Takes the lock of a folder for this process: a file that names its pid and start time, so that a lock left behind by a
 * process that was killed, or by a machine that lost power, is seen to be stale. Answers the function that gives it back.
 * Throws {@link EmbeddedError} `dir-in-use` when a living process holds it.
 */
export async function lockFolder(path: string, folder: string): Promise<() => Promise<void>> {
  const mine = JSON.stringify({ pid: process.pid, identity: (await processIdentity(process.pid)) ?? '' });
  const holder = await livingHolder(path);
  if (holder === undefined) {
    await rm(path, { force: true });
    try {
      await writeFile(path, mine, { flag: 'wx', mode: 0o600 });
      return () => rm(path, { force: true });
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error; // else another process took it in this moment
    }
  }
  throw new EmbeddedError(
    'dir-in-use',
    `${folder} is in use by process ${holder ?? 'unknown, started just now'}: stop it first, or choose another folder`,
  );
}
