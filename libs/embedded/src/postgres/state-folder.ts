import { lstat, chmod } from 'node:fs/promises';
import { makeFolder } from '#files';
import { EmbeddedError } from '../errors.js';

/** Where root keeps what an unprivileged Postgres must be able to reach: its programs, and data of unreachable folders. */
export const ROOT_STATE_FOLDER = '/var/lib/rekall-agent';

/**
 * Makes the folder (0711) when it is missing, and refuses one that somebody else could have prepared: root is about to
 * run programs from it. Throws {@link EmbeddedError} `damaged-state`.
 */
export async function requireStateFolder(folder: string): Promise<void> {
  makeFolder(folder, 0o711);
  const { mode, uid } = await lstat(folder);
  const ours = process.getuid?.() ?? uid;
  if (uid !== ours || (mode & 0o022) !== 0) {
    throw new EmbeddedError(
      'damaged-state',
      `${folder} belongs to user ${uid} or others may write to it: remove it, or give it to user ${ours} with mode 0711`,
    );
  }
  await chmod(folder, 0o711); // whatever the umask made of it
}
