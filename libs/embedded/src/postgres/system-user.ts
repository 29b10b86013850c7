import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EmbeddedError } from '../errors.js';

/** An account of the machine, from its passwd file. */
export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

/** Accounts that Postgres may run as when we are root, the fitting one first. */
const CANDIDATES = ['postgres', '_postgres', 'nobody', 'daemon'] as const;

/** The accounts in the text of a passwd file, by name; lines that are not accounts are left out. */
export function parsePasswd(text: string): Map<string, SystemUser> {
  const users = new Map<string, SystemUser>();
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || name === '' || name.startsWith('#')) continue;
    if (uid === undefined || gid === undefined || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) continue;
    users.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  return users;
}

/**
 * The unprivileged user that Postgres is to run as: undefined when we are an ordinary user ourselves (then it runs as
 * us). Throws {@link EmbeddedError} `no-user` when we are root and the machine has none of the usual accounts.
 */
export async function postgresUser(passwdFile = '/etc/passwd'): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = parsePasswd(await readFile(passwdFile, 'utf8'));
  for (const name of CANDIDATES) {
    const user = users.get(name);
    if (user !== undefined && user.uid !== 0) return user;
  }
  throw new EmbeddedError(
    'no-user',
    `Postgres refuses to run as root, and ${passwdFile} has none of ${CANDIDATES.join(', ')}: add one, or run as an ordinary user`,
  );
}

/** Whether the user may pass through the folder and all folders above it (mode bits only). */
export async function canReach(user: SystemUser, folder: string): Promise<boolean> {
  const { mode, uid, gid } = await stat(folder);
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
  if (((mode >> shift) & 1) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || canReach(user, parent);
}
