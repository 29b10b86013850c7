import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { CommandError } from '../errors.js';
import { readIfThere, writeWhole } from '../deployment/files.js';
import type { Layout } from '../deployment/layout.js';

/** What a running `rekall up` tells other commands on this machine (0600: the URLs hold passwords). */
const Running = z.object({
  pid: z.int(),
  api: z.url(),
  databaseUrl: z.string(),
  migrateUrl: z.string(),
});
export type Running = z.infer<typeof Running>;

/** Leaves the note. */
export const noteRunning = (layout: Layout, running: Running): Promise<void> =>
  writeWhole(layout.running, `${JSON.stringify(running, null, 2)}\n`);

/** Removes the note. */
export const forgetRunning = (layout: Layout): Promise<void> => rm(layout.running, { force: true });

/** The note of a `rekall up`, which may have died since; undefined when there is none. */
export const readRunning = async (layout: Layout): Promise<Running | undefined> => {
  const text = await readIfThere(layout.running);
  if (text === undefined) return undefined;
  try {
    return Running.parse(JSON.parse(text));
  } catch (error) {
    throw new CommandError(`${layout.running} is damaged; stop rekall up, remove the file, and start it again`, 1, {
      cause: error,
    });
  }
};

/** Whether there is a process of this number, ours or another's. */
export const processExists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))
      return error.code === 'EPERM';
    throw error;
  }
};

/** The note, when what it speaks of answers. */
export const findRunning = async (layout: Layout): Promise<Running | undefined> => {
  const running = await readRunning(layout);
  return running !== undefined && (await isAlive(running.api)) ? running : undefined;
};

const isAlive = async (api: string): Promise<boolean> => {
  try {
    const answer = await fetch(`${api}/api/v1/health/live`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch (error) {
    // nothing listens (TypeError), or something that does not answer (TimeoutError): it is not running
    if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) return false;
    throw error;
  }
};
