import { z } from 'zod';
import { readIfThere, writeWhole } from '../deployment/files.js';
import type { Layout } from '../deployment/layout.js';
import { adminCommand } from './admin.js';
import type { Environment } from './environment.js';

const Provisioned = z.looseObject({ token: z.string().min(1), expires_at: z.string() });

/** A token that is shown once. */
export interface NewToken {
  token: string;
  expiresAt: string;
}

/** Brings the database's schema up to date. */
export const migrate = async (env: Environment): Promise<void> => {
  await adminCommand(['migrate'], env, z.looseObject({}));
};

/**
 * Makes the first administrator and its token, unless the deployment has its token file already; then the answer is
 * undefined. The token goes to `DIR/token` (0600).
 */
export const provision = async (layout: Layout, env: Environment, tokenDays: number): Promise<NewToken | undefined> => {
  if ((await readIfThere(layout.token)) !== undefined) return undefined;
  const made = await adminCommand(['provision', '--token-days', String(tokenDays)], env, Provisioned);
  await writeWhole(layout.token, `${made.token}\n`);
  return { token: made.token, expiresAt: made.expires_at };
};
