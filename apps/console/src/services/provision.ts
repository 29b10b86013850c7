import { z } from 'zod';
import { readIfThere, writeWhole } from '../deployment/files.js';
import type { Layout } from '../deployment/layout.js';
import { adminCommand } from './admin.js';
import type { Environment } from './environment.js';

const DAY_MS = 86_400_000;
const Provisioned = z.looseObject({ token: z.string().min(1) });

/** A token that is shown once. */
export interface NewToken {
  token: string;
  expiresAt: Date;
}

/** Brings the database's schema up to date. */
export const migrate = async (env: Environment): Promise<void> => {
  await adminCommand(['migrate'], env, z.looseObject({}));
};

/** A new token of the first administrator, who is made when there is none; it goes to `DIR/token` (0600) as well. */
export const provision = async (layout: Layout, env: Environment, tokenDays: number): Promise<NewToken> => {
  const expiresAt = new Date(Date.now() + tokenDays * DAY_MS);
  const { token } = await adminCommand(
    [
      'provision',
      ...['--user', 'admin', '--role', 'Administrator', '--scope', '*'],
      ...['--token-name', 'rekall init', '--expires', expiresAt.toISOString()],
    ],
    env,
    Provisioned,
  );
  await writeWhole(layout.token, `${token}\n`);
  return { token, expiresAt };
};

/** The same, unless the deployment has its token file already; then undefined. */
export const provisionIfNew = async (
  layout: Layout,
  env: Environment,
  tokenDays: number,
): Promise<NewToken | undefined> =>
  (await readIfThere(layout.token)) === undefined ? provision(layout, env, tokenDays) : undefined;
