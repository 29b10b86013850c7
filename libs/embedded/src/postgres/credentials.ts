import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { EmbeddedError, systemErrorCode } from '../errors.js';

/**
 * Who may connect. `admin` is the superuser; `owner` owns the databases and runs migrations (DATABASE_MIGRATE_URL);
 * `app` is the API and the worker (DATABASE_URL): rows only, and on some tables not even all of these.
 */
export type DatabaseRole = 'admin' | 'owner' | 'app';

/** The login name of each role inside Postgres. */
export const ROLE_NAMES: Readonly<Record<DatabaseRole, string>> = {
  admin: 'postgres',
  owner: 'rekall_owner',
  app: 'rekall_app',
};

const credentialsSchema = z.strictObject({
  passwords: z.strictObject({ admin: z.string().min(20), owner: z.string().min(20), app: z.string().min(20) }),
  /** The port of the last start, so that URLs stay the same over a restart where that is possible. */
  port: z.int().min(1).max(65_535).optional(),
});

/** Passwords and last port of one embedded Postgres. */
export type Credentials = z.infer<typeof credentialsSchema>;

/** Fresh random passwords. */
export function newCredentials(): Credentials {
  const password = (): string => randomBytes(24).toString('base64url');
  return { passwords: { admin: password(), owner: password(), app: password() } };
}

/** Reads the file; undefined when there is none. Throws {@link EmbeddedError} `damaged-state` for any other content. */
export async function readCredentials(path: string): Promise<Credentials | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return credentialsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new EmbeddedError(
      'damaged-state',
      `${path} is damaged: put back a copy, or remove the whole folder to start anew`,
      {
        cause: error,
      },
    );
  }
}

/** Replaces the file as a whole, readable by us only. */
export async function writeCredentials(path: string, credentials: Credentials): Promise<void> {
  const next = `${path}.new`;
  await writeFile(next, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600 });
  await rename(next, path);
}
