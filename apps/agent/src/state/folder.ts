import { chmod, open, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '#files';
import { codeOf, messageOf, StartError } from '../errors.js';
import { markProcess, ProcessMark, stillRuns } from './process-mark.js';

/** Where things lie in the state folder. */
export const stateFiles = (dir: string) => ({
  identity: join(dir, 'identity.json'),
  state: join(dir, 'state.json'),
  lock: join(dir, 'agent.lock'),
  spool: join(dir, 'spool'),
  work: join(dir, 'work'),
});

/** Removes what a folder holds: work of flows that no longer run. */
export const emptyFolder = async (dir: string): Promise<void> => {
  for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true });
};

const readLock = async (path: string): Promise<ProcessMark | undefined> => {
  try {
    return ProcessMark.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch (error) {
    // A lock cut short by a power cut names nobody.
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

const takeLock = async (path: string, dir: string): Promise<void> => {
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = await open(path, 'wx', 0o600);
      await handle.writeFile(JSON.stringify(markProcess(process.pid)));
      await handle.close();
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || attempt > 2) throw error;
      const holder = await readLock(path);
      if (holder !== undefined && stillRuns(holder))
        throw new StartError(`another agent (pid ${holder.pid}) uses the state folder ${dir}`, { cause: error });
      await unlink(path);
    }
  }
};

/**
 * Makes the state folder (0700) with spool and work folders and takes its lock. Throws {@link StartError} when it
 * cannot be written or another agent uses it. Gives the function that lets the lock go.
 */
export const openStateFolder = async (dir: string): Promise<() => Promise<void>> => {
  const files = stateFiles(dir);
  try {
    makeFolder(dir);
    await chmod(dir, 0o700);
    makeFolder(files.spool);
    makeFolder(files.work);
    await takeLock(files.lock, dir);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`the state folder ${dir} cannot be written: ${messageOf(error)}`, { cause: error });
  }
  return () => unlink(files.lock);
};
